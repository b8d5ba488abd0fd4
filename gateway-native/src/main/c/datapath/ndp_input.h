// SPDX-License-Identifier: Apache-2.0
//
// Neighbour discovery: answers for our IPv6 addresses, learns neighbours, asks for them. See
// neighbour_input.h.
#ifndef DYETRACE_NDP_INPUT_H
#define DYETRACE_NDP_INPUT_H

#include "worker.h"

// As arp_input().
enum dt_drop_reason ndp_input(struct worker *worker, struct rte_mbuf *packet, bool is_copy);

void ndp_request(struct worker *worker, unsigned int port, const struct ip_address *address,
	const uint8_t *mac);

// Unsolicited.
void ndp_announce(struct worker *worker, unsigned int port, const struct ip_address *address);

#endif
