// SPDX-License-Identifier: Apache-2.0
//
// Finds the worker that owns a packet's flow and hands the packet over, through a ring with one
// writer and one reader.
#ifndef DYETRACE_DISPATCH_H
#define DYETRACE_DISPATCH_H

#include "worker.h"

enum dispatch_outcome {
	DISPATCH_OURS,   // go on here
	DISPATCH_HANDED, // another worker has it
	DISPATCH_FULL,   // that worker is behind
};

// meta->hash and meta->work are set here; owner is the worker.
enum dispatch_outcome dispatch(
	struct worker *worker, struct rte_mbuf *packet, enum packet_work work, unsigned int owner);

#endif
