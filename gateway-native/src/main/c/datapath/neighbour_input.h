// SPDX-License-Identifier: Apache-2.0
//
// Neighbours of both families: answers for our addresses, learns, asks. Only a port's own address
// (IPv6: its link-local one too) and local addresses are answered for: VIPs and EIPs are routed to
// us.
#ifndef DYETRACE_NEIGHBOUR_INPUT_H
#define DYETRACE_NEIGHBOUR_INPUT_H

#include "worker.h"

// A received message, as receive() left it. With several workers each gets a copy, as each has its
// own neighbours.
void neighbour_input(struct worker *worker, struct rte_mbuf *packet);

// The copy.
void neighbour_input_copy(struct worker *worker, struct rte_mbuf *packet);

// neighbour.h's callback: context is the worker.
void neighbour_request(
	void *worker, uint8_t port, const struct ip_address *address, const uint8_t *mac);

// Tells everybody on a port's link where our addresses are (gratuitous ARP, unsolicited
// advertisements).
void neighbour_announce(struct worker *worker, unsigned int port);

// For arp_input.c and ndp_input.c.

// Is this an address that the port answers for?
bool neighbour_answers_for(
	const struct node *node, unsigned int port, const struct ip_address *address);

// mac NULL: it has not changed.
void neighbour_heard(struct worker *worker, const struct ip_address *address, const uint8_t *mac);

// A packet of our own, of so many zero bytes behind the Ethernet header. NULL: there is no buffer,
// and that was counted.
struct rte_mbuf *neighbour_new_packet(struct worker *worker, unsigned int port, uint16_t bytes);

#endif
