// SPDX-License-Identifier: Apache-2.0
//
// Second stage, for TCP from clients: finds the colour, has it verified, moves the probe key into
// the buffer and, at the last tier, takes the colour off the packet: verified or not, no server
// sees one.
#ifndef DYETRACE_DECOLOUR_H
#define DYETRACE_DECOLOUR_H

#include "worker.h"

enum decolour_outcome {
	DECOLOUR_NEXT,
	DECOLOUR_MALFORMED, // the TCP options contradict themselves
};

// Stamps RX and COLOUR when the colour verifies.
enum decolour_outcome decolour(struct worker *worker, struct rte_mbuf *packet);

#endif
