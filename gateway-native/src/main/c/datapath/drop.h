// SPDX-License-Identifier: Apache-2.0
//
// The one way out for a packet that is not sent: counted by VIP and reason, and stamped.
#ifndef DYETRACE_DROP_H
#define DYETRACE_DROP_H

#include "worker.h"

void drop(struct worker *worker, struct rte_mbuf *packet, enum dt_drop_reason reason);

// A packet that was used up here (an ARP message, the copy for another worker): not a drop, but
// counted.
void consume(struct worker *worker, struct rte_mbuf *packet);

// Counts a packet that was to be made here and got no buffer.
void drop_uncreated(struct worker *worker, uint32_t bytes, enum dt_drop_reason reason);

#endif
