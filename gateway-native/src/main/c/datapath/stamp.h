// SPDX-License-Identifier: Apache-2.0
//
// Trace points and drop points.
#ifndef DYETRACE_STAMP_H
#define DYETRACE_STAMP_H

#include "worker.h"

// Stamps a packet that is followed (meta->stamped: a verified probe, or a reply to one): RX and TX
// always, the other points when the probe asks for every stage. RX takes the packet's time of
// arrival. stamp() also remembers the stage for a drop to come.
void stamp_at(struct worker *worker, const struct packet_meta *meta, enum dt_trace_point point,
	const struct node_time *at);
void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point);

// Most packets are stamped nowhere: not worth a call.
static inline void stamp(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	meta->stage = (uint8_t)point;
	if (unlikely(meta->stamped) && (point == DT_TP_RX || point == DT_TP_TX || meta->detail))
		stamp_point(worker, meta, point);
}

// Stamps the death of such a packet always, of an ordinary packet in a sample.
void stamp_drop(struct worker *worker, struct packet_meta *meta, enum dt_drop_reason reason);

#endif
