// SPDX-License-Identifier: Apache-2.0
#include "nat.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

#include <rte_hash_crc.h>

enum {
	SCTP_CHECKSUM = 8,
	IPV4_DO_NOT_FRAGMENT = 0x4000,
	TRANSLATED_MAY_FRAGMENT_BYTES = 1260, // RFC 7915, 5.1
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,
};

struct rewrite {
	const struct ip_address *source;
	const struct ip_address *destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t address_delta;
};

void nat_prepare(struct session *s, const struct session_ends *ends)
{
	s->address_delta = checksum_fold(checksum_delta_address(ends->client, ends->local) +
					 checksum_delta_address(ends->vip, ends->backend));
	s->tcp_v4 = s->protocol == PROTOCOL_TCP && ip_is_v4(ends->client) && ip_is_v4(ends->vip) &&
		    ip_is_v4(ends->local) && ip_is_v4(ends->backend);
}

// What changing the first four bytes of an SCTP packet does to its CRC: the CRC of the change and
// of as many zeros as follow.
static void rewrite_sctp(uint8_t *sctp, size_t len, uint32_t ports_before)
{
	uint32_t crc = rte_hash_crc_4byte(ports_before ^ load_raw32(sctp), 0);

	for (len -= 4; len >= 8; len -= 8)
		crc = rte_hash_crc_8byte(0, crc);
	for (; len > 0; len--)
		crc = rte_hash_crc_1byte(0, crc);
	store_raw32(sctp + SCTP_CHECKSUM, load_raw32(sctp + SCTP_CHECKSUM) ^ rte_cpu_to_le_32(crc));
}

static void rewrite_udp(uint8_t *udp, uint16_t delta, const struct rewrite *to)
{
	uint8_t *field = udp + UDP_CHECKSUM;
	uint16_t sum;

	if (likely(load_raw16(field) != 0)) {
		store_raw16(field, checksum_apply_udp(load_raw16(field), delta));
	} else if (!ip_is_v4(to->destination)) { // which must have one (RFC 8200, 8.1)
		sum = checksum_transport(to->source, to->destination, PROTOCOL_UDP, udp,
			load_be16(udp + UDP_LENGTH));
		store_raw16(field, sum == 0 ? 0xffff : sum);
	}
}

// Both ports are one word: what is read back in another size than it was written waits for the
// store.
static inline void rewrite_transport(
	uint8_t *l4, size_t len, uint8_t protocol, const struct rewrite *to)
{
	uint32_t before = load_raw32(l4);
	uint32_t after = htonl((uint32_t)to->source_port << 16 | to->destination_port);
	uint64_t delta = to->address_delta + checksum_delta32(before, after);
	uint8_t *field = l4 + TCP_CHECKSUM;

	store_raw32(l4, after);
	if (likely(protocol == PROTOCOL_TCP))
		store_raw16(field, checksum_apply_sum(load_raw16(field), delta));
	else if (protocol == PROTOCOL_UDP)
		rewrite_udp(l4, checksum_fold(delta), to);
	else
		rewrite_sctp(l4, len, before);
}

static inline void rewrite_ipv4(uint8_t *ip, const struct rewrite *to)
{
	store_raw32(ip + IPV4_SOURCE, ip_v4(to->source));
	store_raw32(ip + IPV4_DESTINATION, ip_v4(to->destination));
	nat_decrement_ipv4_ttl(ip, to->address_delta);
}

static inline void rewrite_ipv6(uint8_t *ip, const struct rewrite *to)
{
	memcpy(ip + IPV6_SOURCE, to->source->bytes, 16);
	memcpy(ip + IPV6_DESTINATION, to->destination->bytes, 16);
	ip[IPV6_HOP_LIMIT]--;
}

// The packet's data begins so many bytes before (or behind) where it did. NULL: no room.
static uint8_t *move_start(struct rte_mbuf *packet, int growth)
{
	return growth >= 0 ? (uint8_t *)rte_pktmbuf_prepend(packet, (uint16_t)growth)
			   : (uint8_t *)rte_pktmbuf_adj(packet, (uint16_t)-growth);
}

static enum dt_drop_reason put_ipv4(
	struct worker *worker, struct rte_mbuf *packet, const struct rewrite *to)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	uint8_t *ip = move_start(packet, IPV4_MIN_BYTES - view->l4_offset);
	bool may_fragment = packet->data_len <= TRANSLATED_MAY_FRAGMENT_BYTES;

	if (!ip)
		return DT_DROP_NO_HEADROOM;
	ip[0] = 0x45;
	ip[IPV4_TOS] = view->traffic_class;
	store_be16(ip + IPV4_TOTAL_LENGTH, packet->data_len);
	store_be16(ip + IPV4_ID, worker->ip_id++);
	store_be16(ip + IPV4_FRAGMENT, may_fragment ? 0 : IPV4_DO_NOT_FRAGMENT);
	ip[IPV4_TTL] = (uint8_t)(view->ttl - 1);
	ip[IPV4_PROTOCOL] = view->protocol;
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw32(ip + IPV4_SOURCE, ip_v4(to->source));
	store_raw32(ip + IPV4_DESTINATION, ip_v4(to->destination));
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, IPV4_MIN_BYTES));
	return DT_DROP_NONE;
}

// An IPv6 header cannot say the rest of a route (RFC 7915, 4.1). Broken options count as one.
static bool has_source_route(const uint8_t *ip, size_t header_len)
{
	size_t at = IPV4_MIN_BYTES;

	while (at < header_len && ip[at] != OPTION_END) {
		if (ip[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (header_len - at < 3 || ip[at + 1] < 2 || ip[at + 1] > header_len - at)
			return true;
		if ((ip[at] == OPTION_LOOSE_ROUTE || ip[at] == OPTION_STRICT_ROUTE) &&
			ip[at + 2] <= ip[at + 1])
			return true;
		at += ip[at + 1];
	}
	return false;
}

static enum dt_drop_reason put_ipv6(struct rte_mbuf *packet, const struct rewrite *to)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	uint8_t *ip;

	if (has_source_route(packet_l3(packet), view->l4_offset))
		return DT_DROP_NAT_FAIL;
	ip = move_start(packet, IPV6_BYTES - view->l4_offset);
	if (!ip)
		return DT_DROP_NO_HEADROOM;
	store_be32(ip, 6u << 28 | (uint32_t)view->traffic_class << 20);
	store_be16(ip + IPV6_PAYLOAD_LENGTH, (uint16_t)(packet->data_len - IPV6_BYTES));
	ip[IPV6_NEXT_HEADER] = view->protocol;
	ip[IPV6_HOP_LIMIT] = (uint8_t)(view->ttl - 1);
	memcpy(ip + IPV6_SOURCE, to->source->bytes, 16);
	memcpy(ip + IPV6_DESTINATION, to->destination->bytes, 16);
	return DT_DROP_NONE;
}

static inline enum dt_drop_reason rewrite(
	struct worker *worker, struct rte_mbuf *packet, const struct rewrite *to)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	bool to_v6 = !ip_is_v4(to->destination);

	if (unlikely(ip_is_v4(to->source) == to_v6))
		return DT_DROP_NAT_FAIL;
	rewrite_transport(packet_l4(packet), (size_t)(packet->data_len - view->l4_offset),
		view->protocol, to);
	if (unlikely(view->is_v6 != to_v6))
		return to_v6 ? put_ipv6(packet, to) : put_ipv4(worker, packet, to);
	if (to_v6)
		rewrite_ipv6(packet_l3(packet), to);
	else
		rewrite_ipv4(packet_l3(packet), to);
	return DT_DROP_NONE;
}

enum dt_drop_reason nat_forward(struct worker *worker, struct rte_mbuf *packet,
	const struct session *s, const struct session_ends *ends)
{
	const struct rewrite to = {
		.source = ends->local,
		.destination = ends->backend,
		.source_port = ends->local_port,
		.destination_port = ends->backend_port,
		.address_delta = s->address_delta,
	};

	return rewrite(worker, packet, &to);
}

enum dt_drop_reason nat_reply(struct worker *worker, struct rte_mbuf *packet,
	const struct session *s, const struct session_ends *ends)
{
	const struct rewrite to = {
		.source = ends->vip,
		.destination = ends->client,
		.source_port = ends->vip_port,
		.destination_port = ends->client_port,
		.address_delta = (uint16_t)~s->address_delta,
	};

	return rewrite(worker, packet, &to);
}

void nat_decrement_ttl(struct rte_mbuf *packet)
{
	uint8_t *ip = packet_l3(packet);

	if (packet_meta(packet)->view.is_v6)
		ip[IPV6_HOP_LIMIT]--;
	else
		nat_decrement_ipv4_ttl(ip, 0);
}
