// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.h"

#include "../datapath/worker.h"

#include <rte_mempool.h>

#include <string.h>

#define ALL_VIPS_EACH_SECOND 256 // with more, a VIP without traffic is told every tenth second only
#define IDLE_VIP_PERIOD 10

// The workers write these words without a lock; each is read whole.
static inline uint64_t peek(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

struct node_totals heartbeat_totals(struct heartbeat *h)
{
	const struct node *node = h->node;
	struct node_totals t = {
		.node =
			{
				.state = atomic_load(&node->state),
				.config_version = services_version(h->services),
				.session_capacity = h->session_capacity,
				.mempool_size = h->pool->size,
				.mempool_used = rte_mempool_in_use_count(h->pool),
			},
	};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct worker *w = node->workers[i];
		const struct worker_counters *c = &w->counters;

		t.node.sessions += __atomic_load_n(&w->sessions.count, __ATOMIC_RELAXED);
		t.node.rx_packets += peek(&c->rx_packets);
		t.node.tx_packets += peek(&c->tx_packets);
		t.node.colour_verified += peek(&c->colour_verified);
		t.node.colour_forged += peek(&c->colour_forged);
		t.node.colour_replayed += peek(&c->colour_replayed);
		t.node.colour_capped += peek(&c->colour_capped);
		t.node.colour_other_epoch += peek(&c->colour_other_epoch);
		t.node.points_lost += peek(&c->points_lost);
		t.handed_over += peek(&c->handed_over);
	}
	t.node.points_lost += dt_ring_lost(h->writer);
	for (unsigned int i = 0; i < node->port_count; i++)
		t.node.rx_missed += port_losses_read(&h->losses[i]);
	return t;
}

static struct vip_counter vip_totals(const struct node *node, uint32_t slot)
{
	struct vip_counter t = {.sessions = 0};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct vip_counter *c = &node->workers[i]->vip_counters[slot];

		for (int d = 0; d < DT_DIR_COUNT; d++) {
			t.packets[d] += peek(&c->packets[d]);
			t.bytes[d] += peek(&c->bytes[d]);
		}
		t.new_sessions += peek(&c->new_sessions);
		t.sessions += peek(&c->sessions);
	}
	return t;
}

uint64_t heartbeat_vip_sessions(const struct heartbeat *h, const struct vip *vip)
{
	return vip_totals(h->node, vip->slot).sessions;
}

static struct drop_counter drop_totals(const struct node *node, uint32_t slot, uint32_t reason)
{
	struct drop_counter t = {.packets = 0};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct drop_counter *c = &node->workers[i]->drops[slot][reason];

		t.packets += peek(&c->packets);
		t.bytes += peek(&c->bytes);
	}
	return t;
}

static void write_node(struct heartbeat *h, uint64_t now_ns)
{
	struct dt_record record = {.time_ns = now_ns, .type = DT_RECORD_NODE_COUNTERS};

	record.node = heartbeat_totals(h).node;
	dt_ring_push(h->writer, &record);
}

static void write_vips(struct heartbeat *h, uint64_t now_ns)
{
	unsigned int count = services_count(h->services);

	for (unsigned int i = 0; i < count; i++) {
		uint32_t slot = services_get(h->services, i)->slot;
		struct vip_counter t = vip_totals(h->node, slot);
		uint64_t packets = t.packets[DT_DIR_FORWARD] + t.packets[DT_DIR_REPLY];
		bool changed = packets != h->last_vip_packets[slot];

		if (count > ALL_VIPS_EACH_SECOND && !changed &&
			(h->beats + slot) % IDLE_VIP_PERIOD != 0)
			continue;
		h->last_vip_packets[slot] = packets;
		for (uint32_t d = DT_DIR_FORWARD; d <= DT_DIR_REPLY; d++) {
			struct dt_record record = {
				.time_ns = now_ns,
				.type = DT_RECORD_VIP_COUNTERS,
				.vip =
					{
						.vip_slot = slot,
						.direction = d,
						.packets = t.packets[d],
						.bytes = t.bytes[d],
						.new_sessions = t.new_sessions,
						.sessions = t.sessions,
					},
			};

			dt_ring_push(h->writer, &record);
		}
	}
}

static void write_drops(struct heartbeat *h, uint64_t now_ns)
{
	for (unsigned int i = 0; i < services_count(h->services); i++)
		h->slots_used = RTE_MAX(h->slots_used, services_get(h->services, i)->slot + 1u);
	for (uint32_t n = 0; n <= h->slots_used; n++) {
		uint32_t slot = n < h->slots_used ? n : VIP_MAX;

		for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
			struct drop_counter t = drop_totals(h->node, slot, reason);
			struct dt_record record = {
				.time_ns = now_ns,
				.type = DT_RECORD_DROP_COUNTERS,
				.drop =
					{
						.vip_slot = slot == VIP_MAX ? DT_SLOT_NONE : slot,
						.reason = reason,
						.packets = t.packets,
						.bytes = t.bytes,
					},
			};

			if (t.packets)
				dt_ring_push(h->writer, &record);
		}
	}
}

static void write_workers(struct heartbeat *h, uint64_t now_ns)
{
	for (unsigned int i = 0; i < h->node->worker_count; i++) {
		struct worker *w = h->node->workers[i];
		const struct dt_ring_writer *ring = dt_ring_producer_writer(h->producer, i);
		struct dt_record record = {
			.time_ns = now_ns,
			.type = DT_RECORD_WORKER_COUNTERS,
			.worker =
				{
					.worker = i,
					.ring_used = (uint32_t)dt_ring_used(ring),
					.ring_capacity = (uint32_t)(ring->mask + 1),
					.longest_poll_gap_ns =
						atomic_exchange(&w->longest_gap_ns, 0),
					.rx_packets = peek(&w->counters.rx_packets),
					.tx_packets = peek(&w->counters.tx_packets),
					.points_written = peek(&w->counters.points_written),
					.points_lost = peek(&w->counters.points_lost),
				},
		};

		dt_ring_push(h->writer, &record);
	}
}

void heartbeat_write(struct heartbeat *h, uint64_t now_ns)
{
	h->beats++;
	write_node(h, now_ns);
	write_workers(h, now_ns);
	write_drops(h, now_ns);
	write_vips(h, now_ns);
}

static json_t *drops_json(const struct heartbeat *h, uint32_t slot)
{
	json_t *drops = json_object();

	for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
		struct drop_counter t = drop_totals(h->node, slot, reason);

		if (t.packets)
			json_object_set_new(drops, dt_drop_reason_name((uint16_t)reason),
				json_integer((json_int_t)t.packets));
	}
	return drops;
}

static json_t *vip_json(const struct heartbeat *h, const struct vip *vip)
{
	struct vip_counter t = vip_totals(h->node, vip->slot);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", vip->name,
		"forward_packets", (json_int_t)t.packets[DT_DIR_FORWARD], "forward_bytes",
		(json_int_t)t.bytes[DT_DIR_FORWARD], "reply_packets",
		(json_int_t)t.packets[DT_DIR_REPLY], "reply_bytes",
		(json_int_t)t.bytes[DT_DIR_REPLY], "new_sessions", (json_int_t)t.new_sessions,
		"sessions", (json_int_t)t.sessions, "drops", drops_json(h, vip->slot));
}

static json_t *worker_json(const struct heartbeat *h, unsigned int i)
{
	const struct worker *w = h->node->workers[i];
	const struct dt_ring_writer *ring = dt_ring_producer_writer(h->producer, i);

	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "worker", (int)i, "rx_packets",
		(json_int_t)peek(&w->counters.rx_packets), "tx_packets",
		(json_int_t)peek(&w->counters.tx_packets), "handed_over",
		(json_int_t)peek(&w->counters.handed_over), "points_written",
		(json_int_t)peek(&w->counters.points_written), "points_lost",
		(json_int_t)peek(&w->counters.points_lost), "ring_used",
		(json_int_t)dt_ring_used(ring), "ring_capacity", (json_int_t)(ring->mask + 1));
}

json_t *heartbeat_json(struct heartbeat *h)
{
	struct node_totals t = heartbeat_totals(h);
	json_t *workers = json_array(), *vips = json_array();

	for (unsigned int i = 0; i < h->node->worker_count; i++)
		json_array_append_new(workers, worker_json(h, i));
	for (unsigned int i = 0; i < services_count(h->services); i++)
		json_array_append_new(vips, vip_json(h, services_get(h->services, i)));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
			 " s:o, s:o, s:o}",
		"rx_packets", (json_int_t)t.node.rx_packets, "tx_packets",
		(json_int_t)t.node.tx_packets, "rx_missed", (json_int_t)t.node.rx_missed,
		"sessions", (json_int_t)t.node.sessions, "session_capacity",
		(json_int_t)t.node.session_capacity, "mempool_used",
		(json_int_t)t.node.mempool_used, "mempool_size", (json_int_t)t.node.mempool_size,
		"points_lost", (json_int_t)t.node.points_lost, "colour_verified",
		(json_int_t)t.node.colour_verified, "colour_forged",
		(json_int_t)t.node.colour_forged, "colour_replayed",
		(json_int_t)t.node.colour_replayed, "colour_capped",
		(json_int_t)t.node.colour_capped, "colour_other_epoch",
		(json_int_t)t.node.colour_other_epoch, "handed_over", (json_int_t)t.handed_over,
		"drops_without_vip", drops_json(h, VIP_MAX), "vips", vips, "workers", workers);
}
