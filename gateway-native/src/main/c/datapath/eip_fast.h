// SPDX-License-Identifier: Apache-2.0
//
// The short way of the EIP tier: most packets are whole, plain TCP or UDP over IPv4 to or from an
// entry that is there, and need none of what receive() and eip() look at besides. They are looked
// at once where they stand, translated in place and put into the transmit buffer; their meta is not
// written. Whatever does not fit is left untouched to the ordinary way, which decides alone what is
// dropped, answered, stamped or refused: nothing is here. Both ways send the same bytes and count
// the same (eip_fast_test).
#ifndef DYETRACE_EIP_FAST_H
#define DYETRACE_EIP_FAST_H

#include "worker.h"

// What holds for all packets of a burst with the same two addresses that follow each other: they
// are looked up once.
struct eip_fast_lookup {
	const struct eip_bucket *bucket; // of the address that decides, …
	const struct eip *entry;         // … and most likely its entry; NULL: none
	uint8_t tag;
	bool by_private; // the address that decides is an entry's private one
};

// What was found out about a packet of a burst.
struct eip_fast_look {
	struct rte_mbuf *packet;
	uint8_t *ip;                          // the header to translate
	const struct eip_fast_lookup *lookup; // without an entry: the packet does not fit
	uint32_t ip_len;                      // as the header says
};

struct eip_fast_burst {
	struct rte_mbuf **packets;
	unsigned int count;
	unsigned int port;
	uint64_t note_inbound; // what is alike in all notes
	uint64_t note_outbound;
	struct eip_fast_look looks[WORKER_BURST + 1]; // the last one's lookup has no entry
	struct eip_fast_lookup lookups[WORKER_BURST];
};

// Looks at received packets, at most WORKER_BURST, and fetches what the next step will read. false:
// nothing that this port receives may take the short way.
bool eip_fast_look(struct worker *worker, struct rte_mbuf **packets, unsigned int count,
	unsigned int port, struct eip_fast_burst *burst);

// Passes packets on, in order, from this one on as long as they fit; returns the first that does
// not, or how many there are.
unsigned int eip_fast_pass(struct worker *worker, struct eip_fast_burst *burst, unsigned int from);

// How many from this one on do not fit, for certain: at least one.
static inline unsigned int eip_fast_misfits(const struct eip_fast_burst *burst, unsigned int from)
{
	unsigned int end = from + 1;

	while (end < burst->count && !burst->looks[end].lookup->entry)
		end++;
	return end - from;
}

// Writes the meta that the ordinary way would have left behind.
void eip_fast_write_meta(struct worker *worker, struct rte_mbuf *packet,
	const struct short_note *note, unsigned int port_out);

#endif
