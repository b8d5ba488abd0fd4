// SPDX-License-Identifier: Apache-2.0
//
// A client's packet, at the worker that owns its flow: VIP, session, translation, next hop.
#ifndef DYETRACE_FORWARD_H
#define DYETRACE_FORWARD_H

#include "worker.h"

void forward(struct worker *worker, struct rte_mbuf *packet);

#endif
