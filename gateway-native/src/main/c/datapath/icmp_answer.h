// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors of our own, back to whoever sent a packet that could not go on.
#ifndef DYETRACE_ICMP_ANSWER_H
#define DYETRACE_ICMP_ANSWER_H

#include "worker.h"

#include "../packet/icmp_error.h"

#define ICMP_ANSWERS_PER_SECOND 1000 // a worker

// The packet stays the caller's, and is as it was received: nothing translated, nothing in front.
// The answer goes back the way it came, through its tunnel too. None is sent where none may be,
// over the limit, without a buffer, or without an address of this family to send it from.
void icmp_answer(
	struct worker *worker, struct rte_mbuf *packet, enum icmp_error_kind kind, uint32_t mtu);

#endif
