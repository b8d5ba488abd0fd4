// SPDX-License-Identifier: Apache-2.0
//
// ARP: answers for our IPv4 addresses, learns neighbours, asks for them. See neighbour_input.h.
#ifndef DYETRACE_ARP_INPUT_H
#define DYETRACE_ARP_INPUT_H

#include "worker.h"

// Learns from a message and, unless this is a copy, answers it. The packet stays the caller's. What
// is returned: why it is worthless.
enum dt_drop_reason arp_input(struct worker *worker, struct rte_mbuf *packet, bool is_copy);

void arp_request(struct worker *worker, unsigned int port, uint32_t address, const uint8_t *mac);

// Gratuitous.
void arp_announce(struct worker *worker, unsigned int port, uint32_t address);

#endif
