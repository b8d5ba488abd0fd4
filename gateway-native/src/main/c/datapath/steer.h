// SPDX-License-Identifier: Apache-2.0
//
// From receive() to the stage and the worker that each packet is for. worker_process() is in here.
#ifndef DYETRACE_STEER_H
#define DYETRACE_STEER_H

#include "worker.h"

// The packets of a burst that this worker owns, their table buckets on the way from memory.
struct steer_burst {
	struct rte_mbuf *packets[WORKER_BURST];
	unsigned int count;
};

// Does their work (meta->work), one after the other.
void steer_work(struct worker *worker, struct steer_burst *burst);

#endif
