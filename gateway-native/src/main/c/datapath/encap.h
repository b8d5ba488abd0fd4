// SPDX-License-Identifier: Apache-2.0
//
// Puts a packet into a tunnel.
#ifndef DYETRACE_ENCAP_H
#define DYETRACE_ENCAP_H

#include "worker.h"

// Entropy of a flow for the tunnel's UDP source port or flow label: all packets of one flow, so
// that ECMP behind the gateway keeps them together, fragments by their addresses alone.
static inline uint64_t encap_entropy_source(const struct ip_address *source)
{
	return source->halves[0] ^ source->halves[1];
}

static inline uint64_t encap_entropy_destination(const struct ip_address *destination)
{
	return destination->halves[0] ^ destination->halves[1] ^ 0x9e3779b97f4a7c15ull;
}

static inline uint32_t encap_entropy_mix(uint64_t source, uint64_t destination, uint32_t ports)
{
	uint64_t h = flow_hash_mix(source ^ ports, destination);

	return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t encap_entropy(const struct packet_view *view)
{
	uint32_t ports = view->fragment == FRAGMENT_NONE
				 ? (uint32_t)view->source_port << 16 | view->destination_port
				 : 0;

	return encap_entropy_mix(encap_entropy_source(&view->source),
		encap_entropy_destination(&view->destination), ports);
}

// The packet's data begins at its IP header, view tells of it (its length and traffic class above
// all), and afterwards at the outer IP header. DT_DROP_NONE, or why it could not be.
enum dt_drop_reason encap(struct rte_mbuf *packet, const struct packet_view *view,
	const struct tunnel *tunnel, uint32_t entropy);

enum dt_drop_reason encap_first(struct worker *worker, struct rte_mbuf *packet,
	const struct packet_view *view, unsigned int tunnel, uint32_t entropy);

// The same with the header of one of the node's tunnels, which is kept.
static inline enum dt_drop_reason encap_node(struct worker *worker, struct rte_mbuf *packet,
	const struct packet_view *view, unsigned int tunnel, uint32_t entropy)
{
	const struct tunnel_head *head = &worker->heads[tunnel][view->is_v6];

	if (unlikely(head->len == 0 || rte_pktmbuf_headroom(packet) < TUNNEL_HEAD_BYTES ||
		     !tunnel_head_write(head, view->ip_len, view->traffic_class, entropy,
			     (uint16_t)entropy, packet_l3(packet))))
		return encap_first(worker, packet, view, tunnel, entropy);
	rte_pktmbuf_prepend(packet, head->len);
	return DT_DROP_NONE;
}

#endif
