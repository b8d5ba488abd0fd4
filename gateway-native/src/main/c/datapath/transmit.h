// SPDX-License-Identifier: Apache-2.0
//
// Last stage: next hop, Ethernet header, the port's queue.
#ifndef DYETRACE_TRANSMIT_H
#define DYETRACE_TRANSMIT_H

#include "worker.h"

static inline bool transmit_on_this_link(
	const struct node_link *link, const struct ip_address *address, bool v4)
{
	bool matches = v4 ? ((ip_v4(address) ^ ip_v4(&link->address)) & ip_v4(&link->mask)) == 0
			  : ip_in_prefix(address, &link->address, &link->mask);

	return matches && ip_is_set(&link->address);
}

// The next hop of a destination that is not link-local, and its port. NULL: nowhere.
static inline const struct ip_address *transmit_next_hop(
	const struct node *node, const struct ip_address *destination, unsigned int *port)
{
	bool v4 = ip_is_v4(destination);
	int out = v4 ? node->default_port_v4 : node->default_port_v6;

	for (unsigned int i = 0; i < node->port_count; i++) {
		const struct node_port *p = &node->ports[i];

		if (transmit_on_this_link(v4 ? &p->v4 : &p->v6, destination, v4)) {
			*port = i;
			return destination;
		}
	}
	if (out < 0)
		return NULL;
	*port = (unsigned int)out;
	return v4 ? &node->ports[out].v4.gateway : &node->ports[out].v6.gateway;
}

// Where an IP packet to this destination leaves: the link it is on, or the family's default
// gateway. false: nowhere.
bool transmit_route(const struct node *node, const struct ip_address *destination,
	unsigned int *port, struct ip_address *next_hop);

// Sends an IP packet (its buffer begins at the IP header) to where its destination address says.
// Takes it in any case: it may wait for its neighbour or be dropped. The caller has seen to the MTU
// where it owes an ICMP error; what is too long here is dropped.
void transmit(struct worker *worker, struct rte_mbuf *packet);

// The same to a destination (of the outermost header) that is one of a few: a backend, a tunnel.
void transmit_to(
	struct worker *worker, struct rte_mbuf *packet, const struct ip_address *destination);

// The same to a neighbour on this port's link, without asking for a route.
void transmit_on_link(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const struct ip_address *next_hop);

// Puts the Ethernet header, with the port's VLAN tag, in front of what is of this type, and sends
// it.
void transmit_ethernet(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *mac, uint16_t type);

// A frame whose Ethernet header is written: another worker's, for a queue of this one.
void transmit_frame(struct worker *worker, struct rte_mbuf *packet, unsigned int port);

// Sends what a port's buffer holds.
void transmit_flush(struct worker *worker, unsigned int port);

// The neighbour answered: sends what had waited for it.
void transmit_pending(struct worker *worker, struct rte_mbuf *packet, const uint8_t *mac);

#endif
