// SPDX-License-Identifier: Apache-2.0
#include "dispatch.h"

#include "stamp.h"

enum dispatch_outcome dispatch(
	struct worker *worker, struct rte_mbuf *packet, enum packet_work work, unsigned int owner)
{
	struct packet_meta *meta = packet_meta(packet);

	meta->work = (uint8_t)work;
	if (owner == worker->index)
		return DISPATCH_OURS;
	if (rte_ring_free_count(worker->to[owner]) == 0)
		return DISPATCH_FULL;
	stamp(worker, meta, DT_TP_DISPATCH); // before it is the other worker's
	rte_ring_sp_enqueue(worker->to[owner], packet);
	worker->counters.handed_over++;
	return DISPATCH_HANDED;
}
