// SPDX-License-Identifier: Apache-2.0
#include "stamp.h"

#include "../telemetry/ring.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

// What a record takes from the packet's meta in one piece.
#define SAME_OFFSET(field, of)                                                                     \
	_Static_assert(                                                                            \
		offsetof(struct dt_point, field) - offsetof(struct dt_point, vip_slot) ==          \
			offsetof(struct packet_meta, of) - offsetof(struct packet_meta, vip_slot), \
		"copied together")
SAME_OFFSET(backend_slot, backend_slot);
SAME_OFFSET(probe_sequence, probe_sequence);
SAME_OFFSET(prober_id, prober_id);
SAME_OFFSET(packet_bytes, frame_bytes);
#undef SAME_OFFSET

enum {
	COPIED_BYTES = offsetof(struct dt_point, dwell_ns) - offsetof(struct dt_point, vip_slot),
	REST = offsetof(struct dt_record, point) + offsetof(struct dt_point, sample_weight),
};

_Static_assert(COPIED_BYTES == 16, "copied in one piece");
_Static_assert(offsetof(struct dt_point, reserved0) + 3 == offsetof(struct dt_point, sample_weight),
	"the flags' word");

// A packet handed over may have been received after this worker's poll began, whose time an
// ordinary drop has.
static inline uint64_t dwell_ns(uint64_t at_ns, uint64_t rx_ns)
{
	return at_ns > rx_ns ? at_ns - rx_ns : 0;
}

static inline uint8_t record_flags(const struct packet_meta *meta)
{
	return (uint8_t)((meta->reset ? DT_RECORD_FLAG_RESET : 0) |
			 (meta->view.is_v6 ? DT_RECORD_FLAG_IPV6 : 0));
}

// IPv4: the first four bytes.
static inline void write_addresses(struct dt_point *point, const struct packet_view *view)
{
	if (view->is_v6) {
		memcpy(point->source, view->source.bytes, 16);
		memcpy(point->destination, view->destination.bytes, 16);
	} else {
		memset(point->source, 0, 32);
		memcpy(point->source, &view->source.words[3], 4);
		memcpy(point->destination, &view->destination.words[3], 4);
	}
}

// All of a record but its time, its dwell time and its sequence.
static inline void write_record(struct dt_record *record, const struct worker *worker,
	const struct packet_meta *meta, uint8_t point, uint16_t reason, uint32_t sample_weight)
{
	const struct packet_view *view = &meta->view;
	struct dt_point *out = &record->point;
	// Words in place of bytes, a store each.
	const uint64_t head =
		htole64((uint64_t)(uint16_t)worker->index | (uint64_t)DT_RECORD_POINT << 16);
	const uint32_t where = htole32(worker->node->tier | (uint32_t)point << 8);
	const uint32_t tcp_flags = htole32(view->tcp_flags);

	memcpy(&record->ring, &head, sizeof(head));
	memcpy(&out->tier, &where, 2);
	out->direction = meta->direction;
	out->key_state = sample_weight ? DT_KEY_SAMPLED : meta->key_state;
	out->reason = reason;
	out->flags = record_flags(meta);
	out->protocol = view->protocol;
	memcpy(&out->vip_slot, &meta->vip_slot, COPIED_BYTES);
	write_addresses(out, view);
	memcpy(&out->source_port, &view->source_port, 4);
	memcpy(&out->tcp_flags, &tcp_flags, sizeof(tcp_flags));
	memset((uint8_t *)record + REST, 0, sizeof(*record) - REST);
	if (sample_weight)
		out->sample_weight = sample_weight;
}

static inline void write_time(
	struct dt_record *record, const struct node_time *at, uint64_t rx_mono_ns)
{
	record->time_ns = at->real_ns;
	record->point.dwell_ns = dwell_ns(at->mono_ns, rx_mono_ns);
}

// Where the record goes that comes `ahead` records after the next one: into the ring itself, or to
// what worker->push is to be given. NULL: the ring is full.
static inline struct dt_record *place(
	struct worker *worker, unsigned int ahead, struct dt_record *elsewhere)
{
	if (likely(worker->ring != NULL))
		return dt_ring_slot(worker->ring, ahead);
	elsewhere->sequence = 0; // which a ring gives itself
	return elsewhere;
}

// NULL: there was no room for it.
static inline void publish(struct worker *worker, const struct dt_record *record)
{
	bool written = record != NULL;

	if (likely(worker->ring != NULL)) {
		if (likely(written))
			dt_ring_publish(worker->ring);
		else
			dt_ring_lose(worker->ring);
	} else {
		written = worker->push(worker->push_context, record);
	}
	worker->counters.points_written += written;
	worker->counters.points_lost += !written;
}

static void push(struct worker *worker, const struct packet_meta *meta, uint8_t point,
	uint16_t reason, const struct node_time *at, uint32_t sample_weight)
{
	struct dt_record elsewhere, *record = place(worker, 0, &elsewhere);

	if (likely(record != NULL)) {
		write_record(record, worker, meta, point, reason, sample_weight);
		write_time(record, at, meta->rx_mono_ns);
	}
	publish(worker, record);
}

void stamp_leaving(struct worker *worker, struct stamp_leaving *leaving,
	struct rte_mbuf *const *packets, uint32_t followed)
{
	unsigned int n = 0, placed = 0;

	for (; followed; followed &= followed - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(followed);
		const struct packet_meta *meta = packet_meta(packets[i]);
		struct dt_record *record;

		// The ring may get room meanwhile: what is lost leaves no gap.
		record = place(worker, placed, &leaving->elsewhere[n]);
		placed += record != NULL;
		leaving->index[n] = (uint8_t)i;
		leaving->rx_mono_ns[n] = meta->rx_mono_ns;
		leaving->records[n++] = record;
		if (likely(record != NULL))
			write_record(record, worker, meta, DT_TP_TX, DT_DROP_NONE, 0);
	}
	leaving->count = n;
}

void stamp_left(struct worker *worker, const struct stamp_leaving *leaving, unsigned int sent)
{
	// They left together.
	const struct node_time at = worker->node->clock(worker->node->clock_context);

	for (unsigned int i = 0; i < leaving->count && leaving->index[i] < sent; i++) {
		if (likely(leaving->records[i] != NULL))
			write_time(leaving->records[i], &at, leaving->rx_mono_ns[i]);
		publish(worker, leaving->records[i]);
	}
}

void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	struct node_time at;

	if (point == DT_TP_RX)
		at = (struct node_time){.mono_ns = meta->rx_mono_ns, .real_ns = meta->rx_real_ns};
	else
		at = worker->node->clock(worker->node->clock_context);
	push(worker, meta, (uint8_t)point, DT_DROP_NONE, &at, 0);
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
