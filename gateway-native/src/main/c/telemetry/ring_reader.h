// SPDX-License-Identifier: Apache-2.0
//
// The consumer's side of the telemetry file (ring_layout.h). The file is not trusted: everything
// that an access depends on is checked when it is opened and kept in private memory. One thread
// uses a reader.
#ifndef DYETRACE_RING_READER_H
#define DYETRACE_RING_READER_H

#include "ring_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dt_ring_reader;

// What a ring looks like at one moment.
struct dt_ring_status {
	uint64_t producer_time_ns; // every record stamped before this stands below head
	uint64_t head;
	uint64_t tail;
	uint64_t lost;
	uint64_t capacity;
};

enum dt_name_kind {
	DT_NAME_VIP = 0,
	DT_NAME_BACKEND = 1,
};

// Opens a telemetry file and becomes its only consumer. -EBADMSG: not a telemetry file of this
// layout, or one that contradicts itself; -EBUSY: another consumer has it; another -errno: what the
// kernel said. With consume false: a mere look, beside the consumer.
int dt_ring_reader_open(const char *path, bool consume, struct dt_ring_reader **out);

// NULL is allowed.
void dt_ring_reader_close(struct dt_ring_reader *reader);

uint64_t dt_ring_reader_boot_id(const struct dt_ring_reader *reader);
const char *dt_ring_reader_node(const struct dt_ring_reader *reader);
uint32_t dt_ring_reader_pid(const struct dt_ring_reader *reader);
unsigned int dt_ring_reader_count(const struct dt_ring_reader *reader);

// -EINVAL: no such ring; -EBADMSG: head and tail contradict each other, or the file was cut short.
int dt_ring_reader_status(
	const struct dt_ring_reader *reader, unsigned int ring, struct dt_ring_status *out);

// Copies up to max records from number `from` (tail ≤ from ≤ head) on. Returns how many; -EINVAL,
// -EBADMSG as above.
int dt_ring_reader_read(const struct dt_ring_reader *reader, unsigned int ring, uint64_t from,
	struct dt_record *out, uint32_t max);

// The same for records that may have been released already (head - capacity ≤ from ≤ head). The
// producer may overwrite those meanwhile: record n is what it says only if its sequence is n + 1.
int dt_ring_reader_look(const struct dt_ring_reader *reader, unsigned int ring, uint64_t from,
	struct dt_record *out, uint32_t max);

// Gives the records below `tail` back to the producer. -EINVAL: backwards, beyond head, or a reader
// that does not consume.
int dt_ring_reader_commit(struct dt_ring_reader *reader, unsigned int ring, uint64_t tail);

// 1: the producer lives (it holds its lock); 0: it is gone and nothing will be written any more;
// -errno.
int dt_ring_reader_alive(const struct dt_ring_reader *reader);

// Copies a slot's name, NUL-terminated. Returns its length, 0 for an unused slot; -EINVAL: no such
// slot.
int dt_ring_reader_name(const struct dt_ring_reader *reader, enum dt_name_kind kind, uint32_t slot,
	char out[DT_NAME_LEN]);

#endif
