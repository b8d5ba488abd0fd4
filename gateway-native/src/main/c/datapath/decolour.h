// SPDX-License-Identifier: Apache-2.0
//
// Second stage, for TCP from clients: finds the colour, has it verified, moves the probe key into
// the buffer and, at the last tier, takes the colour off the packet: verified or not, no server
// sees one. Nor, in tier clb, a TOA that the client sent itself.
#ifndef DYETRACE_DECOLOUR_H
#define DYETRACE_DECOLOUR_H

#include "worker.h"

#include "../packet/bytes.h"
#include "../packet/colour.h"

enum { TCP_OPTION_MSS = 2, TCP_OPTION_MSS_BYTES = 4 };

enum decolour_outcome {
	DECOLOUR_NEXT,
	DECOLOUR_MALFORMED, // the TCP options contradict themselves
};

// Wherever the colour stands, and whether or not there is one.
enum decolour_outcome decolour_closely(struct worker *worker, struct rte_mbuf *packet);

// Of a packet whose MAC is known. Its options are right.
void decolour_usual(struct worker *worker, struct rte_mbuf *packet);

// Stamps RX and COLOUR when the colour verifies.
static inline enum decolour_outcome decolour(struct worker *worker, struct rte_mbuf *packet)
{
	if (packet_meta(packet)->mac <= DT_COLOUR_MAC_UNUSUAL)
		return decolour_closely(worker, packet);
	decolour_usual(worker, packet);
	return DECOLOUR_NEXT;
}

// Before: calculates the MACs of the packets of a burst together, of those whose colour stands
// where probers put it. Changes nothing but meta->mac of each, and nothing of what comes out.
void decolour_ahead(struct worker *worker, struct rte_mbuf *const *packets, unsigned int count);

// Where a prober puts its colour: alone, or behind a MSS, and nothing after it. Then it is the
// first colour and the only one, and the list of options is right.
static inline bool decolour_is_usual(struct rte_mbuf *packet)
{
	const uint32_t colour =
		htonl((uint32_t)DT_COLOUR_KIND << 24 | DT_COLOUR_BYTES << 16 | DT_COLOUR_EXID);
	const uint16_t mss = htons(TCP_OPTION_MSS << 8 | TCP_OPTION_MSS_BYTES);
	const struct packet_view *view = &packet_meta(packet)->view;
	const uint8_t *options = packet_l4(packet) + TCP_MIN_BYTES;

	if (view->tcp_header_len == TCP_MIN_BYTES + TCP_OPTION_MSS_BYTES + DT_COLOUR_BYTES)
		return load_raw16(options) == mss &&
		       load_raw32(options + TCP_OPTION_MSS_BYTES) == colour;
	return view->tcp_header_len == TCP_MIN_BYTES + DT_COLOUR_BYTES &&
	       load_raw32(options) == colour;
}

// Such a packet is worth looking ahead: it may verify.
static inline bool decolour_may_be_probe(struct rte_mbuf *packet)
{
	return (packet_meta(packet)->view.tcp_flags & (TCP_SYN | TCP_RST)) &&
	       decolour_is_usual(packet);
}

#endif
