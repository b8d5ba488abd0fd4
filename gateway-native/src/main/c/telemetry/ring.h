// SPDX-License-Identifier: Apache-2.0
//
// The producer's side of the telemetry file (ring_layout.h).
#ifndef DYETRACE_RING_H
#define DYETRACE_RING_H

#include "ring_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DT_RING_MIN_RECORDS 64
#define DT_RING_MAX_RECORDS (1u << 24)

// One ring's writer, owned by one thread. Its words are private, so that a push touches the shared
// tail only when the ring seems full.
struct dt_ring_writer {
	_Alignas(64) struct dt_ring *ring;
	struct dt_record *records;
	uint64_t mask;
	uint64_t head;
	uint64_t cached_tail;
	uint16_t index;
};

struct dt_ring_producer;

struct dt_ring_producer_config {
	const char *directory;
	const char *node;      // without '/', shorter than DT_NAME_LEN
	uint64_t boot_id;      // CLOCK_REALTIME at start, ns
	unsigned int workers;  // rings 0 to workers-1; the control thread's is ring `workers`
	uint64_t ring_records; // per ring, a power of two
};

// Makes, maps, locks and publishes the file; its memory is taken now, so that no push can fail for
// want of it. -EINVAL: a range; -ENOSPC: no room in the directory's file system; another -errno:
// what the kernel said.
int dt_ring_producer_create(
	const struct dt_ring_producer_config *config, struct dt_ring_producer **out);

// Frees the lock and the memory; the file stays for the agent. NULL is allowed.
void dt_ring_producer_close(struct dt_ring_producer *producer);

const char *dt_ring_producer_path(const struct dt_ring_producer *producer);

// ring: 0 to workers. NULL when out of range.
struct dt_ring_writer *dt_ring_producer_writer(
	struct dt_ring_producer *producer, unsigned int ring);

// The slot of a VIP's or backend's name, a new one at its first mention. Control thread only,
// before any record names the slot. -EINVAL: empty or too long; -ENOSPC: DT_MAX_NAMES are taken.
int dt_ring_producer_vip_slot(struct dt_ring_producer *producer, const char *name);
int dt_ring_producer_backend_slot(struct dt_ring_producer *producer, const char *name);

// The name that has a slot: slots are given in turn. NULL: none has it yet.
const char *dt_ring_producer_vip_name(const struct dt_ring_producer *producer, uint32_t slot);

// How many of the `wanted` next records the ring has room for. The reader may make more at any
// time.
static inline unsigned int dt_ring_room(struct dt_ring_writer *writer, unsigned int wanted)
{
	uint64_t free_at = writer->mask + 1 - writer->head; // plus tail; may wrap

	if (free_at + writer->cached_tail < wanted)
		writer->cached_tail =
			atomic_load_explicit(&writer->ring->tail, memory_order_acquire);
	return free_at + writer->cached_tail < wanted
		       ? (unsigned int)(free_at + writer->cached_tail)
		       : wanted;
}

// The slot of the record that comes `ahead` records after the next one, to be filled in place where
// dt_ring_room() found room for it: nobody reads it before dt_ring_publish(). Its sequence is
// dt_ring_sequence() and its ring the writer's index.
static inline struct dt_record *dt_ring_slot(
	const struct dt_ring_writer *writer, unsigned int ahead)
{
	return &writer->records[(writer->head + ahead) & writer->mask];
}

static inline uint64_t dt_ring_sequence(const struct dt_ring_writer *writer, unsigned int ahead)
{
	return writer->head + ahead + 1;
}

// The next records, which stand in their slots.
static inline void dt_ring_publish(struct dt_ring_writer *writer, unsigned int count)
{
	writer->head += count;
	atomic_store_explicit(&writer->ring->head, writer->head, memory_order_release);
}

// Counts records that found the ring full.
static inline void dt_ring_lose(struct dt_ring_writer *writer, unsigned int count)
{
	uint64_t lost = atomic_load_explicit(&writer->ring->lost, memory_order_relaxed);

	atomic_store_explicit(&writer->ring->lost, lost + count, memory_order_relaxed);
}

// Writes one record, all but its sequence and its ring the caller's; never waits. false: the ring
// was full, the record is lost and counted.
static inline bool dt_ring_push(struct dt_ring_writer *writer, const struct dt_record *record)
{
	struct dt_record *slot = dt_ring_slot(writer, 0);

	if (dt_ring_room(writer, 1) == 0) {
		dt_ring_lose(writer, 1);
		return false;
	}
	*slot = *record;
	slot->sequence = dt_ring_sequence(writer, 0);
	slot->ring = writer->index;
	dt_ring_publish(writer, 1);
	return true;
}

// Every record stamped before now_ns has been pushed (or lost). Called after each burst and, when
// idle, at least every 100 ms.
static inline void dt_ring_set_time(struct dt_ring_writer *writer, uint64_t now_ns)
{
	atomic_store_explicit(&writer->ring->producer_time_ns, now_ns, memory_order_release);
}

static inline uint64_t dt_ring_lost(const struct dt_ring_writer *writer)
{
	return atomic_load_explicit(&writer->ring->lost, memory_order_relaxed);
}

// Records that the consumer has not released yet.
static inline uint64_t dt_ring_used(const struct dt_ring_writer *writer)
{
	return writer->head - atomic_load_explicit(&writer->ring->tail, memory_order_relaxed);
}

#endif
