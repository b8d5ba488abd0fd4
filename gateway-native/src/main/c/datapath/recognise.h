// SPDX-License-Identifier: Apache-2.0
//
// A tier without sessions knows a reply to a probe by the number it acknowledges: the probe's
// initial sequence number is a keyed hash of its flow and its time. Which probe it was is left to
// whoever joins the points: they carry the flow, and the key is unknown.
#ifndef DYETRACE_RECOGNISE_H
#define DYETRACE_RECOGNISE_H

#include "worker.h"

// A TCP packet from a backend's side. vip: its source as the prober knows it. When the packet
// answers a probe its points are written from now on, with this source; RX at once.
void recognise(struct worker *worker, struct packet_meta *meta, const uint8_t *tcp,
	const struct ip_address *vip);

#endif
