// SPDX-License-Identifier: Apache-2.0
#include "dispatch.h"

#include "drop.h"
#include "stamp.h"

static void flush_to(struct worker *worker, unsigned int owner)
{
	struct handover_buffer *buffer = &worker->handover[owner];
	unsigned int taken = rte_ring_sp_enqueue_burst(
		worker->to[owner], (void **)buffer->packets, buffer->count, NULL);

	worker->counters.handed_over += taken;
	for (unsigned int i = taken; i < buffer->count; i++)
		drop(worker, buffer->packets[i], DT_DROP_HANDOFF_RING_FULL);
	buffer->count = 0;
	worker->handover_due &= ~(1ull << owner);
}

bool dispatch(
	struct worker *worker, struct rte_mbuf *packet, enum packet_work work, unsigned int owner)
{
	struct packet_meta *meta = packet_meta(packet);
	struct handover_buffer *buffer = &worker->handover[owner];

	meta->work = (uint8_t)work;
	if (owner == worker->index)
		return true;
	stamp(worker, meta, DT_TP_DISPATCH); // before it is the other worker's
	buffer->packets[buffer->count++] = packet;
	worker->handover_due |= 1ull << owner;
	if (buffer->count == WORKER_BURST)
		flush_to(worker, owner);
	return false;
}

void dispatch_flush(struct worker *worker)
{
	while (worker->handover_due)
		flush_to(worker, (unsigned int)__builtin_ctzll(worker->handover_due));
}
