// SPDX-License-Identifier: Apache-2.0
//
// The counters as the control socket shows them.
#include "counters.h"

#include "../datapath/worker.h"

#include <string.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static void set(json_t *json, const char *key, uint64_t value)
{
	json_object_set_new(json, key, number(value));
}

static json_t *drops_json(const struct heartbeat *h, uint32_t slot)
{
	json_t *drops = json_object();

	for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
		struct drop_counter t = counters_of_drop(h->node, slot, reason);

		if (t.packets)
			set(drops, dt_drop_reason_name((uint16_t)reason), t.packets);
	}
	return drops;
}

// By reason, whatever VIP: also of those that are there no more.
static json_t *all_drops_json(const struct heartbeat *h)
{
	uint64_t packets[DT_DROP_COUNT] = {0};
	json_t *drops = json_object();
	struct counted counted;

	for (uint32_t n = 0; counters_drop_slot(h, n, &counted); n++) {
		for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++)
			packets[reason] += counters_of_drop(h->node, counted.slot, reason).packets;
	}
	for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
		if (packets[reason])
			set(drops, dt_drop_reason_name((uint16_t)reason), packets[reason]);
	}
	return drops;
}

static json_t *vip_counters_json(const struct heartbeat *h, const struct counted *counted)
{
	struct vip_counter t = counters_of_vip(h->node, counted->slot);
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(counted->name));
	set(json, "forward_packets", t.packets[DT_DIR_FORWARD]);
	set(json, "forward_bytes", t.bytes[DT_DIR_FORWARD]);
	set(json, "reply_packets", t.packets[DT_DIR_REPLY]);
	set(json, "reply_bytes", t.bytes[DT_DIR_REPLY]);
	set(json, "new_sessions", t.new_sessions);
	set(json, "sessions", t.sessions);
	json_object_set_new(json, "drops", drops_json(h, counted->slot));
	return json;
}

// Packets that wait for this thread.
static uint64_t waiting(const struct worker *w)
{
	uint64_t packets = 0;

	for (unsigned int i = 0; i < NODE_MAX_WORKERS; i++)
		packets += w->from[i] ? rte_ring_count(w->from[i]) : 0;
	return packets;
}

static json_t *worker_json(const struct heartbeat *h, unsigned int i)
{
	const struct worker *w = h->node->workers[i];
	const struct dt_ring_writer *ring = dt_ring_producer_writer(h->producer, i);
	json_t *json = json_object();

	set(json, "worker", i);
	json_object_set_new(
		json, "role", json_string(i < h->node->dispatcher_count ? "dispatcher" : "worker"));
	set(json, "rx_packets", counters_peek(&w->counters.rx_packets));
	set(json, "tx_packets", counters_peek(&w->counters.tx_packets));
	set(json, "handed_over", counters_peek(&w->counters.handed_over));
	set(json, "hand_over_waiting", waiting(w));
	set(json, "sessions", __atomic_load_n(&w->sessions.count, __ATOMIC_RELAXED));
	set(json, "longest_poll_gap_ns", h->last_gap_ns[i]);
	set(json, "points_written", counters_peek(&w->counters.points_written));
	set(json, "points_lost", counters_peek(&w->counters.points_lost));
	set(json, "ring_used", dt_ring_used(ring));
	set(json, "ring_capacity", ring->mask + 1);
	return json;
}

json_t *heartbeat_workers_json(const struct heartbeat *h)
{
	json_t *workers = json_array();

	for (unsigned int i = 0; i < h->node->worker_count; i++)
		json_array_append_new(workers, worker_json(h, i));
	return workers;
}

static json_t *telemetry_rings_json(const struct heartbeat *h)
{
	json_t *rings = json_array();

	for (unsigned int i = 0; h->producer && i <= h->node->worker_count; i++) {
		const struct dt_ring_writer *ring = dt_ring_producer_writer(h->producer, i);
		json_t *json = json_object();

		set(json, "ring", i);
		json_object_set_new(
			json, "of", json_string(i < h->node->worker_count ? "worker" : "control"));
		set(json, "used", dt_ring_used(ring));
		set(json, "capacity", ring->mask + 1);
		set(json, "lost", dt_ring_lost(ring));
		json_array_append_new(rings, json);
	}
	return rings;
}

json_t *heartbeat_rings_json(const struct heartbeat *h)
{
	json_t *hand_over = json_array();

	for (unsigned int from = 0; from < h->node->worker_count; from++) {
		for (unsigned int to = 0; to < h->node->worker_count; to++) {
			const struct rte_ring *ring = h->node->workers[from]->to[to];
			json_t *json;

			if (!ring)
				continue;
			json = json_object();
			set(json, "from", from);
			set(json, "to", to);
			set(json, "used", rte_ring_count(ring));
			set(json, "capacity", rte_ring_get_capacity(ring));
			json_array_append_new(hand_over, json);
		}
	}
	return json_pack(
		"{s:o, s:o}", "telemetry", telemetry_rings_json(h), "hand_over", hand_over);
}

static void add_drops(const struct heartbeat *h, const struct counted *counted, json_t *rows)
{
	for (uint32_t reason = 1; reason < DT_DROP_COUNT; reason++) {
		struct drop_counter t = counters_of_drop(h->node, counted->slot, reason);
		json_t *json;

		if (!t.packets)
			continue;
		json = json_object();
		json_object_set_new(json, "vip", json_string(counted->name));
		json_object_set_new(
			json, "reason", json_string(dt_drop_reason_name((uint16_t)reason)));
		set(json, "packets", t.packets);
		set(json, "bytes", t.bytes);
		json_array_append_new(rows, json);
	}
}

json_t *heartbeat_drops_json(const struct heartbeat *h, const char *name)
{
	json_t *rows = json_array();
	bool known = name == NULL;
	struct counted counted;

	for (uint32_t n = 0; counters_drop_slot(h, n, &counted); n++) {
		if (name && (n == 0 || strcmp(counted.name, name) != 0))
			continue;
		add_drops(h, &counted, rows);
		known = true;
	}
	if (known)
		return rows;
	json_decref(rows);
	return NULL;
}

json_t *heartbeat_json(struct heartbeat *h)
{
	struct node_totals t = heartbeat_totals(h);
	json_t *json = json_object(), *vips = json_array();
	struct counted counted;

	set(json, "rx_packets", t.node.rx_packets);
	set(json, "tx_packets", t.node.tx_packets);
	set(json, "rx_missed", t.node.rx_missed);
	set(json, "sessions", t.node.sessions);
	set(json, "session_capacity", t.node.session_capacity);
	set(json, "mempool_used", t.node.mempool_used);
	set(json, "mempool_size", t.node.mempool_size);
	set(json, "points_lost", t.node.points_lost);
	set(json, "colour_verified", t.node.colour_verified);
	set(json, "colour_forged", t.node.colour_forged);
	set(json, "colour_replayed", t.node.colour_replayed);
	set(json, "colour_capped", t.node.colour_capped);
	set(json, "colour_other_epoch", t.node.colour_other_epoch);
	set(json, "colour_recognised", t.actions.colour_recognised);
	set(json, "handed_over", t.actions.handed_over);
	set(json, "icmp_errors_sent", t.actions.icmp_errors_sent);
	set(json, "toa_told", t.actions.toa_told);
	set(json, "toa_late", t.actions.toa_late);
	set(json, "toa_untold", t.actions.toa_untold);
	set(json, "packets_made", t.actions.packets_made);
	set(json, "packets_consumed", t.actions.packets_consumed);
	json_object_set_new(json, "drops", all_drops_json(h));
	json_object_set_new(json, "drops_without_vip", drops_json(h, VIP_MAX));
	for (uint32_t n = 0; n < counters_max(h); n++) {
		if (counters_at(h, n, &counted))
			json_array_append_new(vips, vip_counters_json(h, &counted));
	}
	json_object_set_new(json, "vips", vips);
	json_object_set_new(json, "workers", heartbeat_workers_json(h));
	return json;
}
