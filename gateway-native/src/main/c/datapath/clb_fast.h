// SPDX-License-Identifier: Apache-2.0
//
// The short way of the CLB tier: most packets are whole, plain TCP over IPv4 of a session that is
// there, to or from a backend that gets them by full NAT or DNAT, and need none of what receive()
// and forward() or reply() look at besides. They are looked at once where they stand, their
// sessions fetched together, then translated in place and put into the transmit buffer; their meta
// is not written. Sessions, counters and next hops are those of the ordinary way, kept by the same
// functions. Whatever does not fit is left untouched to the ordinary way, which decides alone what
// is dropped, answered, stamped or refused, and which sessions there are. Both ways send the same
// bytes and count the same (clb_fast_test).
#ifndef DYETRACE_CLB_FAST_H
#define DYETRACE_CLB_FAST_H

#include "worker.h"

enum clb_fast_way { CLB_FAST_NONE, CLB_FAST_FORWARD, CLB_FAST_REPLY };

// What was found out about a packet of a burst.
struct clb_fast_look {
	uint64_t hash;           // of its session's key
	struct session *session; // most likely it; NULL: none
	const struct vip *vip;   // that a client's packet is for
	uint8_t *ip;
	uint16_t ip_len;
	uint8_t way;         // enum clb_fast_way; NONE: it does not fit
	uint8_t local_index; // that a reply is for, or SESSION_LOCAL_CLIENT
};

struct clb_fast_burst {
	struct rte_mbuf **packets;
	unsigned int count;
	unsigned int port;
	struct clb_fast_look looks[WORKER_BURST];
};

// Looks at received packets, 1 … WORKER_BURST, and fetches what the next step will read. false:
// none of them takes the short way.
bool clb_fast_look(struct worker *worker, struct rte_mbuf **packets, unsigned int count,
	unsigned int port, struct clb_fast_burst *burst);

// Passes packets on, in order, from this one on as long as they fit; returns the first that does
// not, or how many there are.
unsigned int clb_fast_pass(struct worker *worker, struct clb_fast_burst *burst, unsigned int from);

// How many from this one on do not fit, for certain: at least one.
static inline unsigned int clb_fast_misfits(const struct clb_fast_burst *burst, unsigned int from)
{
	unsigned int end = from + 1;

	while (end < burst->count && burst->looks[end].way == CLB_FAST_NONE)
		end++;
	return end - from;
}

// Writes the meta that the ordinary way would have left behind. ports: as they stood when the
// packet was received.
void clb_fast_write_meta(struct worker *worker, struct rte_mbuf *packet,
	const struct short_note *note, uint32_t ports, unsigned int port_out);

#endif
