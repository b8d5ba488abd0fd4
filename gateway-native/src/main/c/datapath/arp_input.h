// SPDX-License-Identifier: Apache-2.0
//
// ARP: answers for our addresses, learns neighbours, asks for them.
#ifndef DYETRACE_ARP_INPUT_H
#define DYETRACE_ARP_INPUT_H

#include "worker.h"

// A received message. With several workers each gets a copy, as each has its own neighbours.
void arp_input(struct worker *worker, struct rte_mbuf *packet);

// The copy.
void arp_input_copy(struct worker *worker, struct rte_mbuf *packet);

// neighbour.h's callback: context is the worker.
void arp_request(void *worker, uint8_t port, uint32_t address, const uint8_t *mac);

// Tells everybody on a port's link where our addresses are (gratuitous ARP).
void arp_announce(struct worker *worker, unsigned int port);

#endif
