// SPDX-License-Identifier: Apache-2.0
//
// Rewrites addresses, ports and, between the families, the IP header (RFC 7915), with the checksums
// brought up to date by difference. SCTP's is a CRC32c, which covers the ports and no address: it
// too is kept by difference, so that a packet that came broken leaves broken.
#ifndef DYETRACE_NAT_H
#define DYETRACE_NAT_H

#include "worker.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

// Both sides of a session's translation.
struct session_ends {
	const struct ip_address *client;
	const struct ip_address *vip;
	const struct ip_address *local; // who the client is for the backend
	const struct ip_address *backend;
	uint16_t client_port;
	uint16_t vip_port;
	uint16_t local_port;
	uint16_t backend_port;
};

static inline struct session_ends session_ends(
	const struct worker *worker, const struct session *session, const struct vip *vip)
{
	const struct target *target = &worker->node->targets[session->target];
	bool full_nat = session->local_index < NODE_MAX_LOCALS;

	return (struct session_ends){
		.client = &session->client,
		.vip = &vip->address,
		.local = full_nat ? &worker->node->locals[session->local_index] : &session->client,
		.backend = &target->address,
		.client_port = session->client_port,
		.vip_port = vip->port,
		.local_port = session->local_port,
		.backend_port = target->port,
	};
}

// Works out the delta of a session whose addresses are set.
void nat_prepare(struct session *session, const struct session_ends *ends);

// Bytes by which the packet grows (or shrinks) when it leaves to an address of this family.
static inline int nat_growth(const struct packet_view *view, const struct ip_address *to)
{
	bool to_v6 = !ip_is_v4(to);

	if (likely(view->is_v6 == to_v6))
		return 0;
	return (to_v6 ? IPV6_BYTES : IPV4_MIN_BYTES) - view->l4_offset;
}

// Client -> VIP becomes local -> backend. The TTL goes down by one. DT_DROP_NONE, or why not.
enum dt_drop_reason nat_forward(struct worker *worker, struct rte_mbuf *packet,
	const struct session *session, const struct session_ends *ends);

// Backend -> local becomes VIP -> client.
enum dt_drop_reason nat_reply(struct worker *worker, struct rte_mbuf *packet,
	const struct session *session, const struct session_ends *ends);

static inline void nat_decrement_ipv4_ttl(uint8_t *ip, uint64_t delta)
{
	uint16_t before = load_be16(ip + IPV4_TTL), after = (uint16_t)(before - 0x0100);

	delta += checksum_delta16(htons(before), htons(after));
	store_be16(ip + IPV4_TTL, after);
	store_raw16(ip + IPV4_CHECKSUM, checksum_apply_sum(load_raw16(ip + IPV4_CHECKSUM), delta));
}

// The translation of a packet of a session that is tcp_v4, in few steps: what nat_forward() and
// nat_reply() would do. Ports are one word, in host order, the source's first. All but the TTL:
static inline void nat_tcp_v4_ends(uint8_t *ip, uint8_t *tcp, uint32_t source, uint32_t destination,
	uint32_t ports, uint16_t address_delta)
{
	uint64_t delta = address_delta + checksum_delta32(load_raw32(tcp), htonl(ports));

	store_raw32(tcp, htonl(ports));
	store_raw16(tcp + TCP_CHECKSUM, checksum_apply_sum(load_raw16(tcp + TCP_CHECKSUM), delta));
	store_raw32(ip + IPV4_SOURCE, source);
	store_raw32(ip + IPV4_DESTINATION, destination);
}

static inline void nat_tcp_v4(struct rte_mbuf *packet, uint32_t source, uint32_t destination,
	uint32_t ports, uint16_t address_delta)
{
	uint8_t *ip = packet_l3(packet);

	nat_tcp_v4_ends(ip, packet_l4(packet), source, destination, ports, address_delta);
	nat_decrement_ipv4_ttl(ip, address_delta);
}

// Takes one off the TTL of a packet that is neither translated nor dropped.
void nat_decrement_ttl(struct rte_mbuf *packet);

#endif
