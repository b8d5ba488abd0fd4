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
_Static_assert(offsetof(struct packet_meta, key_state) - offsetof(struct packet_meta, direction) ==
		       offsetof(struct dt_point, key_state) - offsetof(struct dt_point, direction),
	"copied together");
_Static_assert(offsetof(struct dt_point, protocol) - offsetof(struct dt_point, reason) == 3,
	"the reason's word");
_Static_assert(offsetof(struct dt_point, reserved0) + 3 == offsetof(struct dt_point, sample_weight),
	"the flags' word");

// A packet handed over may have been received after this worker's poll began, whose time an
// ordinary drop has.
static inline uint64_t dwell_ns(uint64_t at_ns, uint64_t rx_ns)
{
	return at_ns > rx_ns ? at_ns - rx_ns : 0;
}

static inline uint32_t record_flags(const struct packet_meta *meta)
{
	return (meta->reset ? DT_RECORD_FLAG_RESET : 0u) |
	       (meta->view.is_v6 ? DT_RECORD_FLAG_IPV6 : 0u);
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

// A record's place in its ring. Where worker->push takes it, the ring gives it its sequence.
struct place {
	struct dt_record *record;
	uint64_t sequence;
	uint16_t ring;
};

static inline struct place place_in(const struct dt_ring_writer *ring, unsigned int ahead)
{
	return (struct place){
		dt_ring_slot(ring, ahead), dt_ring_sequence(ring, ahead), ring->index};
}

static inline struct place place_elsewhere(const struct worker *worker, struct dt_record *record)
{
	return (struct place){record, 0, (uint16_t)worker->index};
}

struct event {
	uint8_t point;
	uint16_t reason;
	uint32_t sample_weight;
};

// All of a record but its time and its dwell time, in words rather than bytes: a store each.
static inline __attribute__((always_inline)) void write_record(struct place place,
	const struct worker *worker, const struct packet_meta *meta, struct event event)
{
	const struct packet_view *view = &meta->view;
	struct dt_record *record = place.record;
	struct dt_point *out = &record->point;
	const uint64_t head = htole64((uint64_t)place.ring | (uint64_t)DT_RECORD_POINT << 16);
	const uint32_t where = htole32(worker->node->tier | (uint32_t)event.point << 8);
	const uint32_t why =
		htole32(event.reason | record_flags(meta) << 16 | (uint32_t)view->protocol << 24);
	const uint32_t tcp_flags = htole32(view->tcp_flags);

	record->sequence = place.sequence;
	memcpy(&record->ring, &head, sizeof(head));
	memcpy(&out->tier, &where, 2);
	memcpy(&out->direction, &meta->direction, 2);
	if (event.sample_weight)
		out->key_state = DT_KEY_SAMPLED;
	memcpy(&out->reason, &why, sizeof(why));
	memcpy(&out->vip_slot, &meta->vip_slot, COPIED_BYTES);
	write_addresses(out, view);
	memcpy(&out->source_port, &view->source_port, 4);
	memcpy(&out->tcp_flags, &tcp_flags, sizeof(tcp_flags));
	memset((uint8_t *)record + REST, 0, sizeof(*record) - REST);
	if (event.sample_weight)
		out->sample_weight = event.sample_weight;
}

static inline void write_time(
	struct dt_record *record, const struct node_time *at, uint64_t rx_mono_ns)
{
	record->time_ns = at->real_ns;
	record->point.dwell_ns = dwell_ns(at->mono_ns, rx_mono_ns);
}

static inline void count_points(struct worker *worker, unsigned int written, unsigned int lost)
{
	worker->counters.points_written += written;
	worker->counters.points_lost += lost;
}

static __attribute__((noinline)) void push_elsewhere(struct worker *worker,
	const struct packet_meta *meta, struct event event, struct node_time at)
{
	struct dt_record record;
	bool written;

	write_record(place_elsewhere(worker, &record), worker, meta, event);
	write_time(&record, &at, meta->rx_mono_ns);
	written = worker->push(worker->push_context, &record);
	count_points(worker, written, !written);
}

static inline __attribute__((always_inline)) void push(struct worker *worker,
	const struct packet_meta *meta, struct event event, struct node_time at)
{
	// Before anything is written, of which the compiler has to think that it changes.
	const uint64_t dwell = dwell_ns(at.mono_ns, meta->rx_mono_ns);
	struct dt_ring_writer *ring = worker->ring;
	struct place place;

	if (unlikely(ring == NULL)) {
		push_elsewhere(worker, meta, event, at);
		return;
	}
	if (unlikely(dt_ring_room(ring, 1) == 0)) {
		dt_ring_lose(ring, 1);
		count_points(worker, 0, 1);
		return;
	}
	place = place_in(ring, 0);
	write_record(place, worker, meta, event);
	place.record->time_ns = at.real_ns;
	place.record->point.dwell_ns = dwell;
	dt_ring_publish(ring, 1);
	count_points(worker, 1, 0);
}

static inline __attribute__((always_inline)) void leave(struct worker *worker,
	struct stamp_leaving *leaving, struct rte_mbuf *const *packets, uint32_t followed,
	const struct dt_ring_writer *ring)
{
	unsigned int n = 0;

	for (; followed; followed &= followed - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(followed);
		const struct packet_meta *meta = packet_meta(packets[i]);

		leaving->index[n] = (uint8_t)i;
		leaving->rx_mono_ns[n] = meta->rx_mono_ns;
		if (likely(n < leaving->room))
			write_record(ring ? place_in(ring, n)
					  : place_elsewhere(worker, &leaving->elsewhere[n]),
				worker, meta, (struct event){.point = DT_TP_TX});
		n++;
	}
}

void stamp_leaving(struct worker *worker, struct stamp_leaving *leaving,
	struct rte_mbuf *const *packets, uint32_t followed)
{
	struct dt_ring_writer ring; // a copy: no record that is written can change it

	leaving->count = leaving->room = (unsigned int)__builtin_popcount(followed);
	if (unlikely(worker->ring == NULL)) {
		leave(worker, leaving, packets, followed, NULL);
		return;
	}
	// Asked once: what the reader frees meanwhile is not for this burst, so that what is lost
	// leaves no gap.
	leaving->room = dt_ring_room(worker->ring, leaving->count);
	ring = *worker->ring;
	leave(worker, leaving, packets, followed, &ring);
}

static void push_left(struct worker *worker, struct stamp_leaving *leaving, unsigned int left,
	const struct node_time *at)
{
	for (unsigned int i = 0; i < left; i++) {
		bool written;

		write_time(&leaving->elsewhere[i], at, leaving->rx_mono_ns[i]);
		written = worker->push(worker->push_context, &leaving->elsewhere[i]);
		count_points(worker, written, !written);
	}
}

void stamp_left(struct worker *worker, struct stamp_leaving *leaving, unsigned int sent)
{
	// They left together.
	const struct node_time at = worker->node->clock(worker->node->clock_context);
	struct dt_ring_writer *ring = worker->ring;
	unsigned int left = leaving->count, written;

	while (left && leaving->index[left - 1] >= sent)
		left--;
	if (unlikely(ring == NULL)) {
		push_left(worker, leaving, left, &at);
		return;
	}
	written = RTE_MIN(left, leaving->room);
	for (unsigned int i = 0; i < written; i++)
		write_time(dt_ring_slot(ring, i), &at, leaving->rx_mono_ns[i]);
	dt_ring_publish(ring, written);
	if (unlikely(written < left))
		dt_ring_lose(ring, left - written);
	count_points(worker, written, left - written);
}

// Every probe's: its own copy of push(), with what is known of it.
static __attribute__((noinline)) void stamp_received(
	struct worker *worker, const struct packet_meta *meta)
{
	push(worker, meta, (struct event){.point = DT_TP_RX},
		(struct node_time){.mono_ns = meta->rx_mono_ns, .real_ns = meta->rx_real_ns});
}

void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	if (likely(point == DT_TP_RX))
		stamp_received(worker, meta);
	else
		push(worker, meta, (struct event){.point = (uint8_t)point},
			worker->node->clock(worker->node->clock_context));
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
	struct event event = {.point = meta->stage, .reason = (uint16_t)reason};

	if (meta->stamped) {
		push(worker, meta, event, worker->node->clock(worker->node->clock_context));
	} else if (sampled(worker)) {
		event.sample_weight = worker->node->sample_weight;
		push(worker, meta, event, worker->now);
	}
}
