// SPDX-License-Identifier: Apache-2.0
#include "icmp.h"

#include "../packet/bytes.h"
#include "../packet/icmp_quote.h"
#include "../packet/tunnel.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED_CODE = 4,
	ICMPV6_PACKET_TOO_BIG = 2,
	GRE_BYTES = 4,
	GRE_KEY_BYTES = 4,
	GRE_KEY = 0x20,
	GUE_BYTES = 4,
	VXLAN_BYTES = 8,
	FAMILY_DIFFERENCE = IPV6_BYTES - IPV4_MIN_BYTES,
};

// What a quoted outer header says of its tunnel.
struct quoted_tunnel {
	struct ip_address local;
	struct ip_address remote;
	size_t headers; // bytes from the outer IP header to the inner one
	uint32_t id;
	uint16_t port;
	uint8_t kind;
	bool has_id;
};

// Whose a quoted packet is.
enum tunnel_owner { NOBODYS, OF_A_VIP, OF_THE_NODE };

static struct quoted_tunnel begin_quoted(const uint8_t *ip, bool is_v6, enum tunnel_kind kind)
{
	struct quoted_tunnel q = {.kind = (uint8_t)kind};

	if (is_v6) {
		q.local = ip_load_v6(ip + IPV6_SOURCE);
		q.remote = ip_load_v6(ip + IPV6_DESTINATION);
		q.headers = IPV6_BYTES;
	} else {
		q.local = ip_from_v4(load_raw32(ip + IPV4_SOURCE));
		q.remote = ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
		q.headers = (ip[0] & 15) * (size_t)4;
	}
	return q;
}

// The outer header, at least a whole one without options, read as of this kind. false: it is none,
// or is cut off before the inner packet. Which kind a UDP port is of, its owner knows.
static bool read_outer(
	const uint8_t *ip, size_t len, bool is_v6, enum tunnel_kind kind, struct quoted_tunnel *q)
{
	uint8_t protocol = ip[is_v6 ? IPV6_NEXT_HEADER : IPV4_PROTOCOL];
	const uint8_t *at;

	*q = begin_quoted(ip, is_v6, kind);
	at = ip + q->headers;
	if (q->headers < IPV4_MIN_BYTES || len < q->headers + UDP_BYTES)
		return false;
	switch (kind) {
	case TUNNEL_IPIP:
		return protocol == PROTOCOL_IPV4 || protocol == PROTOCOL_IPV6;
	case TUNNEL_GRE:
		q->has_id = at[0] & GRE_KEY;
		q->id = q->has_id ? load_be32(at + GRE_BYTES) : 0;
		q->headers += GRE_BYTES + (q->has_id ? GRE_KEY_BYTES : 0);
		return protocol == PROTOCOL_GRE;
	case TUNNEL_GUE:
		q->port = load_be16(at + 2);
		q->headers += UDP_BYTES + GUE_BYTES;
		return protocol == PROTOCOL_UDP && len > q->headers;
	case TUNNEL_VXLAN:
		q->port = load_be16(at + 2);
		q->headers += UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES;
		if (protocol != PROTOCOL_UDP || len <= q->headers)
			return false;
		q->id = load_be32(at + UDP_BYTES + 4) >> 8;
		return true;
	default:
		return false;
	}
}

static bool is_of(const struct tunnel *tunnel, const struct quoted_tunnel *q)
{
	if (tunnel->kind != q->kind)
		return false;
	switch (tunnel->kind) {
	case TUNNEL_GRE:
		return tunnel->has_id == q->has_id && (!q->has_id || tunnel->id == q->id);
	case TUNNEL_GUE:
		return tunnel->port == q->port;
	case TUNNEL_VXLAN:
		return tunnel->port == q->port && tunnel->id == q->id;
	default:
		return true;
	}
}

static enum tunnel_owner find_tunnel_owner(
	const struct worker *worker, const struct quoted_tunnel *q, const struct icmp_quote *inner)
{
	const struct node *node = worker->node;
	const struct vip *vip = NULL;

	vip_lookup(
		worker->vips, &inner->destination, inner->destination_port, inner->protocol, &vip);
	if (vip && vip->mode == VIP_TUNNEL && is_of(&vip->tunnel, q))
		return OF_A_VIP;
	for (unsigned int i = 0; i < node->tunnel_count; i++) {
		const struct tunnel *t = &node->tunnels[i];

		if (is_of(t, q) && ip_equal(&t->local, &q->local) &&
			ip_equal(&t->remote, &q->remote))
			return OF_THE_NODE;
	}
	return NOBODYS;
}

// The inner packet that an error about one of our encapsulated packets quotes.
static enum tunnel_owner read_inner(const struct worker *worker, const uint8_t *packet,
	const struct packet_view *view, struct icmp_quote *inner, size_t *headers)
{
	size_t offset = (size_t)view->l4_offset + ICMP_MIN_BYTES;
	size_t len = (size_t)view->l4_len - ICMP_MIN_BYTES;
	const uint8_t *outer = packet + offset;
	struct quoted_tunnel q;

	if (len < (view->is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES) ||
		outer[0] >> 4 != (view->is_v6 ? 6 : 4))
		return NOBODYS;
	for (enum tunnel_kind kind = TUNNEL_IPIP; kind <= TUNNEL_VXLAN; kind++) {
		enum tunnel_owner owner;

		if (!read_outer(outer, len, view->is_v6, kind, &q) || q.headers >= len ||
			!ip_equal(&q.local, &view->destination) ||
			!icmp_quote_read_at(packet, offset + q.headers, offset + len,
				outer[q.headers] >> 4 == 6, inner))
			continue;
		*headers = q.headers;
		owner = find_tunnel_owner(worker, &q, inner);
		if (owner != NOBODYS)
			return owner;
	}
	return NOBODYS;
}

static bool is_too_big(const uint8_t *icmp, bool is_v6)
{
	if (is_v6)
		return icmp[0] == ICMPV6_PACKET_TOO_BIG;
	return icmp[0] == ICMP_UNREACHABLE && icmp[1] == ICMP_FRAGMENTATION_NEEDED_CODE;
}

// What is left of the MTU for the client. What a change of family would take off it or add to it is
// undone before: the packet did not change its family.
static bool lower_mtu(uint8_t *icmp, bool is_v6, bool inner_is_v6, size_t headers)
{
	int64_t mtu =
		(is_v6 ? (int64_t)load_be32(icmp + 4) : load_be16(icmp + 6)) - (int64_t)headers;

	if (is_v6 != inner_is_v6)
		mtu += is_v6 ? FAMILY_DIFFERENCE : -FAMILY_DIFFERENCE;
	if (mtu < IPV4_MIN_BYTES + ICMP_MIN_BYTES) // none is told, or nonsense
		return false;
	if (is_v6)
		store_be32(icmp + 4, (uint32_t)mtu);
	else
		store_be16(icmp + 6, (uint16_t)mtu);
	return true;
}

// Who sent the inner packet hears of it from whom it was sent to, as a router inside means nothing
// to it.
static struct icmp_told told_sender(const struct icmp_quote *inner)
{
	return (struct icmp_told){
		.source = inner->destination,
		.destination = inner->source,
		.quoted_source = inner->source,
		.quoted_destination = inner->destination,
		.quoted_source_port = inner->source_port,
		.quoted_destination_port = inner->destination_port,
	};
}

// Of a family that can name it, the router stays who it is: what goes on translates it.
static struct icmp_told told_plainly(const struct packet_view *view, const struct icmp_quote *inner)
{
	struct icmp_told told = told_sender(inner);

	if (view->is_v6 == inner->is_v6)
		told.source = view->source;
	return told;
}

enum icmp_tunnel_outcome icmp_tunnel_too_big(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_view *view = &packet_meta(packet)->view;
	uint8_t bytes[ICMP_QUOTE_MAX_BYTES], *icmp = packet_l4(packet);
	enum tunnel_owner owner;
	struct icmp_quote inner;
	struct icmp_told told;
	size_t headers, len;

	if (!is_too_big(icmp, view->is_v6) || view->ttl <= 1)
		return ICMP_TUNNEL_NOT_ONE;
	owner = read_inner(worker, packet_l3(packet), view, &inner, &headers);
	if (owner == NOBODYS || !lower_mtu(icmp, view->is_v6, inner.is_v6, headers))
		return ICMP_TUNNEL_NOT_ONE;
	told = owner == OF_A_VIP ? told_sender(&inner) : told_plainly(view, &inner);
	len = icmp_quote_write(packet_l3(packet), view, &inner, &told, bytes);
	if (len == 0 || icmp_replace(packet, bytes, len) != DT_DROP_NONE)
		return ICMP_TUNNEL_NOT_ONE;
	if (owner == OF_A_VIP)
		return ICMP_TUNNEL_ANSWERED;
	return parse_ip(packet_l3(packet), len, view) == PARSE_IP ? ICMP_TUNNEL_PLAIN
								  : ICMP_TUNNEL_NOT_ONE;
}
