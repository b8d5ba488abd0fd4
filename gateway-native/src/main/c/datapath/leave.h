// SPDX-License-Identifier: Apache-2.0
//
// How a session's packet leaves: how much longer it gets, whether the way takes it, the tunnel in
// front of it, MSS and TOA in between.
#ifndef DYETRACE_LEAVE_H
#define DYETRACE_LEAVE_H

#include "worker.h"

#include "../packet/tunnel.h"

struct way {
	const struct ip_address *destination; // of the outermost header
	const struct tunnel *tunnel;          // NULL: none
	int growth;                           // bytes the packet leaves with more than it came with
};

// The way through a tunnel, or to an address.
static inline struct way way_to(
	const struct tunnel *tunnel, const struct ip_address *destination, int growth)
{
	if (!tunnel)
		return (struct way){destination, NULL, growth};
	return (struct way){&tunnel->remote, tunnel, growth + (int)tunnel_header_bytes(tunnel)};
}

// A tunnel VIP's tunnel to one of its backends; false: no address here to send it from.
bool leave_tunnel(const struct worker *worker, const struct vip *vip,
	const struct ip_address *backend, struct tunnel *tunnel);

// MTU of the port that the way leaves by.
uint16_t leave_mtu(const struct worker *worker, const struct way *way);

// The packet, `more` bytes longer than the way makes it, is not too long for it.
static inline bool leave_fits(const struct worker *worker, const struct rte_mbuf *packet,
	const struct way *way, unsigned int more)
{
	int len = (int)(packet->pkt_len + more) + way->growth;

	return likely(len <= worker->least_mtu) || len <= leave_mtu(worker, way);
}

// Tells the sender of a packet that does not fit what would; it is still as it was received.
// Returns the reason of its drop.
enum dt_drop_reason leave_too_big(
	struct worker *worker, struct rte_mbuf *packet, const struct way *way);

// Lowers the MSS of a SYN or SYN-ACK to what a configured limit (0: none) and the way of the
// packets that will obey it allow; these come with an IP header of ip_bytes. A way that adds
// nothing sets no limit of its own.
void leave_clamp_mss(const struct worker *worker, struct rte_mbuf *packet, const struct way *way,
	unsigned int ip_bytes, uint16_t configured);

// Puts the tunnel in front, if the way has one. DT_DROP_NONE, or why not.
enum dt_drop_reason leave_encapsulate(struct rte_mbuf *packet, const struct tunnel *tunnel);

#endif
