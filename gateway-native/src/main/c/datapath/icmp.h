// SPDX-License-Identifier: Apache-2.0
//
// ICMP and ICMPv6: answers echo requests to our addresses and VIPs, and translates errors about a
// session's packets.
#ifndef DYETRACE_ICMP_H
#define DYETRACE_ICMP_H

#include "worker.h"

// What becomes of an ICMP packet that reached us.
enum icmp_outcome {
	ICMP_ANSWERED, // the packet is now its answer
	ICMP_PLAIN, // tier eip: an error about a packet in a tunnel, which is now about that packet
	ICMP_ERROR, // about a session's packet: *work and *owner say whose, meta->hash its key
	ICMP_BAD_CHECKSUM,
	ICMP_UNANSWERED,
	ICMP_UNKNOWN_ADDRESS, // neither ours nor a VIP's
};

enum icmp_outcome icmp_receive(struct worker *worker, struct rte_mbuf *packet,
	enum packet_work *work, unsigned int *owner);

// An error, at the worker that owns the session it is about. forward: from the client's side, about
// a reply.
void icmp_error(struct worker *worker, struct rte_mbuf *packet, bool forward);

enum icmp_tunnel_outcome {
	ICMP_TUNNEL_NOT_ONE,
	ICMP_TUNNEL_ANSWERED, // now the error that the client of a tunnel VIP has to hear
	ICMP_TUNNEL_PLAIN,    // now an error about the inner packet, as if there were no tunnel
};

// An error about a packet that was encapsulated here and is too long for the tunnel's way.
enum icmp_tunnel_outcome icmp_tunnel_too_big(struct worker *worker, struct rte_mbuf *packet);

// Puts other bytes in the place of a packet. DT_DROP_NONE, or why not.
enum dt_drop_reason icmp_replace(struct rte_mbuf *packet, const uint8_t *bytes, size_t len);

#endif
