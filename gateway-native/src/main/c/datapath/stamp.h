// SPDX-License-Identifier: Apache-2.0
//
// Trace points and drop points.
#ifndef DYETRACE_STAMP_H
#define DYETRACE_STAMP_H

#include "worker.h"

// Stamps a packet that is followed (meta->stamped: a verified probe, or a reply to one): RX and TX
// always, the other points when the probe asks for every stage. RX takes the packet's time of
// arrival. stamp() also remembers the stage for a drop to come.
void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point);

// Most packets are stamped nowhere: not worth a call.
static inline void stamp(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	const bool always = point == DT_TP_RX || point == DT_TP_TX;

	meta->stage = (uint8_t)point;
	if (unlikely(always ? meta->stamped : meta->detail)) // which only stamped packets have
		stamp_point(worker, meta, point);
}

// TX, of the packets of one burst: written before they are sent, as they may be gone after; their
// time is when that has been done, and only those that left have one.
struct stamp_leaving {
	unsigned int count; // 0 at first; of the rest, only so many are there
	unsigned int room;  // for the first so many
	uint8_t index[WORKER_BURST];
	uint64_t rx_mono_ns[WORKER_BURST];
	struct dt_record elsewhere[WORKER_BURST]; // without a ring
};

// Of those packets that are followed: bit i of `followed` is packets[i].
void stamp_leaving(struct worker *worker, struct stamp_leaving *leaving,
	struct rte_mbuf *const *packets, uint32_t followed);

// The first `sent` packets left. Nothing else is stamped in between.
void stamp_left(struct worker *worker, struct stamp_leaving *leaving, unsigned int sent);

// Stamps the death of such a packet always, of an ordinary packet in a sample.
void stamp_drop(struct worker *worker, struct packet_meta *meta, enum dt_drop_reason reason);

#endif
