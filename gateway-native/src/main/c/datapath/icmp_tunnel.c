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

// Of the tunnel's header behind UDP; 0: none of ours.
static size_t udp_tunnel_bytes(const struct node *node, uint16_t port)
{
	if (port == TUNNEL_GUE_PORT || port == node->gue_port)
		return UDP_BYTES + GUE_BYTES;
	if (port == TUNNEL_VXLAN_PORT || port == node->vxlan_port)
		return UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES;
	return 0;
}

// Bytes from a quoted outer IP header to the inner one; 0: no tunnel, or cut off before.
static size_t header_bytes(const struct node *node, const uint8_t *outer, size_t len, bool is_v6)
{
	size_t ip = is_v6 ? IPV6_BYTES : (outer[0] & 15) * (size_t)4, more;

	if (len < ip + UDP_BYTES)
		return 0;
	switch (outer[is_v6 ? IPV6_NEXT_HEADER : IPV4_PROTOCOL]) {
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
		return ip;
	case PROTOCOL_GRE:
		return ip + GRE_BYTES + (outer[ip] & GRE_KEY ? GRE_KEY_BYTES : 0);
	case PROTOCOL_UDP:
		more = udp_tunnel_bytes(node, load_be16(outer + ip + 2));
		return more ? ip + more : 0;
	default:
		return 0;
	}
}

static struct ip_address quoted_source(const uint8_t *ip, bool is_v6)
{
	return is_v6 ? ip_load_v6(ip + IPV6_SOURCE) : ip_from_v4(load_raw32(ip + IPV4_SOURCE));
}

// The inner packet that an error about one of our encapsulated packets quotes.
static bool read_inner(const struct worker *worker, const uint8_t *packet,
	const struct packet_view *view, struct icmp_quote *inner, size_t *headers)
{
	size_t offset = (size_t)view->l4_offset + ICMP_MIN_BYTES;
	size_t end = (size_t)view->l4_offset + view->l4_len;
	struct ip_address source;

	if (end - offset < (view->is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES) ||
		packet[offset] >> 4 != (view->is_v6 ? 6 : 4))
		return false;
	source = quoted_source(packet + offset, view->is_v6);
	*headers = header_bytes(worker->node, packet + offset, end - offset, view->is_v6);
	offset += *headers;
	return *headers && ip_equal(&source, &view->destination) && offset < end &&
	       icmp_quote_read_at(packet, offset, end, packet[offset] >> 4 == 6, inner);
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

static bool is_tunnelled(const struct worker *worker, const struct icmp_quote *q)
{
	const struct vip *vip = NULL;

	vip_lookup(worker->vips, &q->destination, q->destination_port, q->protocol, &vip);
	return vip && vip->mode == VIP_TUNNEL;
}

bool icmp_tunnel_too_big(struct worker *worker, struct rte_mbuf *packet)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	uint8_t bytes[ICMP_QUOTE_MAX_BYTES], *icmp = packet_l4(packet);
	struct icmp_quote inner;
	struct icmp_told told;
	size_t headers, len;

	if (!is_too_big(icmp, view->is_v6) || view->ttl <= 1 ||
		!read_inner(worker, packet_l3(packet), view, &inner, &headers) ||
		!is_tunnelled(worker, &inner) ||
		!lower_mtu(icmp, view->is_v6, inner.is_v6, headers))
		return false;
	told = (struct icmp_told){
		.source = inner.destination, // the VIP: a router inside means nothing to the client
		.destination = inner.source,
		.quoted_source = inner.source,
		.quoted_destination = inner.destination,
		.quoted_source_port = inner.source_port,
		.quoted_destination_port = inner.destination_port,
	};
	len = icmp_quote_write(packet_l3(packet), view, &inner, &told, bytes);
	return len && icmp_replace(packet, bytes, len) == DT_DROP_NONE;
}
