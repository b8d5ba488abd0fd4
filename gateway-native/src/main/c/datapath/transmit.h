// SPDX-License-Identifier: Apache-2.0
//
// Last stage: next hop, Ethernet header, the port's queue.
#ifndef DYETRACE_TRANSMIT_H
#define DYETRACE_TRANSMIT_H

#include "worker.h"

// Sends an IPv4 packet to where its destination address (in the packet) says. Takes it in any case:
// it may wait for ARP or be dropped.
void transmit(struct worker *worker, struct rte_mbuf *packet);

// A frame whose Ethernet header is written.
void transmit_frame(struct worker *worker, struct rte_mbuf *packet, unsigned int port);

// Sends what a port's buffer holds.
void transmit_flush(struct worker *worker, unsigned int port);

// The neighbour answered: sends what had waited for it.
void transmit_pending(struct worker *worker, struct rte_mbuf *packet, const uint8_t *mac);

#endif
