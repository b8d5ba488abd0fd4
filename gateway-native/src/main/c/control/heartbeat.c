// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.h"

#include "counters.h"

#include <rte_mempool.h>

#include <string.h>

#define ALL_VIPS_EACH_SECOND 256 // with more, a VIP without traffic is told every tenth second only
#define IDLE_VIP_PERIOD 10

uint32_t heartbeat_version(const struct heartbeat *h)
{
	return services_version(h->services) + h->other_changes;
}

uint32_t counters_max(const struct heartbeat *h)
{
	return services_count(h->services) + eips_slots(h->eips);
}

// false: the n-th is none.
bool counters_at(const struct heartbeat *h, uint32_t n, struct counted *out)
{
	if (n < services_count(h->services)) {
		const struct vip *vip = services_get(h->services, n);

		*out = (struct counted){vip->slot, vip->name};
		return true;
	}
	n -= services_count(h->services);
	*out = (struct counted){n, eips_name(h->eips, n)};
	return out->name[0] != '\0';
}

bool counters_drop_slot(const struct heartbeat *h, uint32_t n, struct counted *out)
{
	const char *name;

	*out = (struct counted){VIP_MAX, ""};
	if (n == 0)
		return true;
	name = dt_ring_producer_vip_name(h->producer, n - 1);
	if (name)
		*out = (struct counted){n - 1, name};
	return name != NULL;
}

struct node_totals heartbeat_totals(struct heartbeat *h)
{
	const struct node *node = h->node;
	struct node_totals t = {
		.node =
			{
				.state = atomic_load(&node->state),
				.config_version = heartbeat_version(h),
				.session_capacity = h->session_capacity,
				.mempool_size = h->pool ? h->pool->size : 0,
				.mempool_used = h->pool ? rte_mempool_in_use_count(h->pool) : 0,
			},
	};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct worker *w = node->workers[i];
		const struct worker_counters *c = &w->counters;

		t.node.sessions += __atomic_load_n(&w->sessions.count, __ATOMIC_RELAXED);
		t.node.rx_packets += counters_peek(&c->rx_packets);
		t.node.tx_packets += counters_peek(&c->tx_packets);
		t.node.colour_verified += counters_peek(&c->colour_verified);
		t.node.colour_forged += counters_peek(&c->colour_forged);
		t.node.colour_replayed += counters_peek(&c->colour_replayed);
		t.node.colour_capped += counters_peek(&c->colour_capped);
		t.node.colour_other_epoch += counters_peek(&c->colour_other_epoch);
		t.node.points_lost += counters_peek(&c->points_lost);
		t.actions.handed_over += counters_peek(&c->handed_over);
		t.actions.colour_recognised += counters_peek(&c->colour_recognised);
		t.actions.icmp_errors_sent += counters_peek(&c->icmp_errors_sent);
		t.actions.packets_made += counters_peek(&c->packets_made);
		t.actions.packets_consumed += counters_peek(&c->packets_consumed);
		t.actions.toa_told += counters_peek(&c->toa_told);
		t.actions.toa_late += counters_peek(&c->toa_late);
		t.actions.toa_untold += counters_peek(&c->toa_untold);
	}
	t.node.points_lost += h->writer ? dt_ring_lost(h->writer) : 0;
	for (unsigned int i = 0; i < node->port_count; i++)
		t.node.rx_missed += port_losses_read(&h->losses[i]);
	return t;
}

struct vip_counter counters_of_vip(const struct node *node, uint32_t slot)
{
	struct vip_counter t = {.sessions = 0};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct vip_counter *c = &node->workers[i]->vip_counters[slot];

		for (int d = 0; d < DT_DIR_COUNT; d++) {
			t.packets[d] += counters_peek(&c->packets[d]);
			t.bytes[d] += counters_peek(&c->bytes[d]);
		}
		t.new_sessions += counters_peek(&c->new_sessions);
		t.sessions += counters_peek(&c->sessions);
	}
	return t;
}

uint64_t heartbeat_vip_sessions(const struct heartbeat *h, const struct vip *vip)
{
	return counters_of_vip(h->node, vip->slot).sessions;
}

struct drop_counter counters_of_drop(const struct node *node, uint32_t slot, uint32_t reason)
{
	struct drop_counter t = {.packets = 0};

	for (unsigned int i = 0; i < node->worker_count; i++) {
		const struct drop_counter *c = &node->workers[i]->drops[slot][reason];

		t.packets += counters_peek(&c->packets);
		t.bytes += counters_peek(&c->bytes);
	}
	return t;
}

static void write_node(struct heartbeat *h, uint64_t now_ns)
{
	struct node_totals totals = heartbeat_totals(h);
	struct dt_record record = {.time_ns = now_ns, .type = DT_RECORD_NODE_ACTIONS};

	record.actions = totals.actions;
	dt_ring_push(h->writer, &record);
	record = (struct dt_record){.time_ns = now_ns, .type = DT_RECORD_NODE_COUNTERS};
	record.node = totals.node;
	dt_ring_push(h->writer, &record);
}

static void write_vip(struct heartbeat *h, uint32_t slot, uint64_t now_ns, bool all)
{
	struct vip_counter t = counters_of_vip(h->node, slot);
	uint64_t packets = t.packets[DT_DIR_FORWARD] + t.packets[DT_DIR_REPLY];
	bool changed = packets != h->last_vip_packets[slot];

	if (!all && !changed && (h->beats + slot) % IDLE_VIP_PERIOD != 0)
		return;
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

static void write_vips(struct heartbeat *h, uint64_t now_ns)
{
	uint32_t max = counters_max(h);
	struct counted counted;

	for (uint32_t n = 0; n < max; n++) {
		if (counters_at(h, n, &counted))
			write_vip(h, counted.slot, now_ns, max <= ALL_VIPS_EACH_SECOND);
	}
}

static void write_drops(struct heartbeat *h, uint64_t now_ns)
{
	struct counted counted = {0, ""};

	for (uint32_t n = 0; counters_drop_slot(h, n, &counted); n++) {
		uint32_t slot = counted.slot;

		for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
			struct drop_counter t = counters_of_drop(h->node, slot, reason);
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
		uint64_t gap_ns = atomic_exchange(&w->longest_gap_ns, 0);
		struct dt_record record = {
			.time_ns = now_ns,
			.type = DT_RECORD_WORKER_COUNTERS,
			.worker =
				{
					.worker = i,
					.ring_used = (uint32_t)dt_ring_used(ring),
					.ring_capacity = (uint32_t)(ring->mask + 1),
					.longest_poll_gap_ns = gap_ns,
					.rx_packets = counters_peek(&w->counters.rx_packets),
					.tx_packets = counters_peek(&w->counters.tx_packets),
					.points_written =
						counters_peek(&w->counters.points_written),
					.points_lost = counters_peek(&w->counters.points_lost),
				},
		};

		h->last_gap_ns[i] = gap_ns;
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
