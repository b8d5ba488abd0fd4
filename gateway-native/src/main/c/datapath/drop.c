// SPDX-License-Identifier: Apache-2.0
#include "drop.h"

#include "stamp.h"

static void count(
	struct worker *worker, uint32_t vip_slot, enum dt_drop_reason reason, uint32_t bytes)
{
	struct drop_counter *c = &worker->drops[vip_slot < VIP_MAX ? vip_slot : VIP_MAX][reason];

	c->packets++;
	c->bytes += bytes;
}

static void put_back(struct rte_mbuf *packet)
{
	rte_pktmbuf_free(packet); // the only one of the datapath: datapath_free_test proves it
}

void drop(struct worker *worker, struct rte_mbuf *packet, enum dt_drop_reason reason)
{
	struct packet_meta *meta = packet_meta(packet);

	count(worker, meta->vip_slot, reason, meta->frame_bytes);
	stamp_drop(worker, meta, reason);
	put_back(packet);
}

void consume(struct worker *worker, struct rte_mbuf *packet)
{
	worker->counters.packets_consumed++;
	put_back(packet);
}

void drop_uncreated(struct worker *worker, uint32_t bytes, enum dt_drop_reason reason)
{
	worker->counters.packets_made++;
	count(worker, DT_SLOT_NONE, reason, bytes);
}
