// SPDX-License-Identifier: Apache-2.0
#include "stamp.h"

#include <string.h>

// A packet handed over may have been received after this worker's poll began, whose time an
// ordinary drop has.
static uint64_t dwell_ns(const struct node_time *at, const struct packet_meta *meta)
{
	return at->mono_ns > meta->rx_mono_ns ? at->mono_ns - meta->rx_mono_ns : 0;
}

static uint8_t record_flags(const struct packet_meta *meta)
{
	return (uint8_t)((meta->reset ? DT_RECORD_FLAG_RESET : 0) |
			 (meta->view.is_v6 ? DT_RECORD_FLAG_IPV6 : 0));
}

// IPv4: the first four bytes.
static void write_address(uint8_t out[16], const struct ip_address *address, bool is_v6)
{
	if (is_v6)
		memcpy(out, address->bytes, 16);
	else
		memcpy(out, &address->words[3], 4);
}

static void push(struct worker *worker, const struct packet_meta *meta, uint8_t point,
	uint16_t reason, const struct node_time *at, uint32_t sample_weight)
{
	const struct packet_view *view = &meta->view;
	struct dt_record record = {
		.time_ns = at->real_ns,
		.ring = (uint16_t)worker->index,
		.type = DT_RECORD_POINT,
		.point =
			{
				.tier = worker->node->tier,
				.point = point,
				.direction = meta->direction,
				.key_state = meta->key_state,
				.reason = reason,
				.flags = record_flags(meta),
				.protocol = view->protocol,
				.vip_slot = meta->vip_slot,
				.backend_slot = meta->backend_slot,
				.probe_sequence = meta->probe_sequence,
				.prober_id = meta->prober_id,
				.packet_bytes = meta->frame_bytes,
				.dwell_ns = dwell_ns(at, meta),
				.source_port = view->source_port,
				.destination_port = view->destination_port,
				.tcp_flags = view->tcp_flags,
				.sample_weight = sample_weight,
			},
	};

	write_address(record.point.source, &view->source, view->is_v6);
	write_address(record.point.destination, &view->destination, view->is_v6);
	if (sample_weight)
		record.point.key_state = DT_KEY_SAMPLED;
	if (worker->push(worker->push_context, &record))
		worker->counters.points_written++;
	else
		worker->counters.points_lost++;
}

void stamp_at(struct worker *worker, const struct packet_meta *meta, enum dt_trace_point point,
	const struct node_time *at)
{
	push(worker, meta, (uint8_t)point, DT_DROP_NONE, at, 0);
}

void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	struct node_time at;

	if (point == DT_TP_RX)
		at = (struct node_time){.mono_ns = meta->rx_mono_ns, .real_ns = meta->rx_real_ns};
	else
		at = worker->node->clock(worker->node->clock_context);
	stamp_at(worker, meta, point, &at);
}

// xorshift64*: no state shared, no system call, the same numbers in every replay.
static uint32_t next_random(struct worker *worker)
{
	uint64_t x = worker->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	worker->random = x;
	return (uint32_t)((x * 0x2545f4914f6cdd1dull) >> 32);
}

static bool sampled(struct worker *worker)
{
	uint64_t second;

	if (next_random(worker) >= worker->node->sample_threshold)
		return false;
	second = worker->now.mono_ns / 1000000000ull;
	if (second != worker->sampled_second) {
		worker->sampled_second = second;
		worker->sampled_drops = 0;
	}
	return worker->sampled_drops++ < worker->node->sample_limit;
}

void stamp_drop(struct worker *worker, struct packet_meta *meta, enum dt_drop_reason reason)
{
	struct node_time at;

	if (meta->stamped) {
		at = worker->node->clock(worker->node->clock_context);
		push(worker, meta, meta->stage, (uint16_t)reason, &at, 0);
	} else if (sampled(worker)) {
		push(worker, meta, meta->stage, (uint16_t)reason, &worker->now,
			worker->node->sample_weight);
	}
}
