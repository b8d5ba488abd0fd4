// SPDX-License-Identifier: Apache-2.0
#include "tunnel.h"

#include "bytes.h"
#include "checksum.h"

enum {
	GRE_BYTES = 4,
	GRE_FIELD_BYTES = 4, // checksum, key and sequence number, each if its bit is set
	GUE_BYTES = 4,
	VXLAN_BYTES = 8,
};

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_REFUSED = 0x4c07, // routing, strict route, recursion (RFC 2784, 2.3), and the version
	GUE_VARIANT = 0xc0,
	GUE_VARIANT_IP = 0x40, // variant 1: the IP packet itself
	GUE_CONTROL = 0x20,
	VXLAN_HAS_VNI = 0x08,
	IPV4_DO_NOT_FRAGMENT = 0x4000,
};

static unsigned int own_header_bytes(const struct tunnel *tunnel)
{
	static const uint8_t bytes[] = {
		[TUNNEL_GRE] = GRE_BYTES,
		[TUNNEL_GUE] = UDP_BYTES + GUE_BYTES,
		[TUNNEL_VXLAN] = UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES,
	};

	if (tunnel->kind > TUNNEL_VXLAN)
		return 0;
	return bytes[tunnel->kind] +
	       (tunnel->kind == TUNNEL_GRE && tunnel->has_id ? GRE_FIELD_BYTES : 0);
}

unsigned int tunnel_header_bytes(const struct tunnel *tunnel)
{
	if (tunnel->kind == TUNNEL_NONE)
		return 0;
	return (ip_is_v4(&tunnel->local) ? IPV4_MIN_BYTES : IPV6_BYTES) + own_header_bytes(tunnel);
}

static uint8_t outer_protocol(const struct tunnel *tunnel, bool inner_is_v6)
{
	switch (tunnel->kind) {
	case TUNNEL_GRE:
		return PROTOCOL_GRE;
	case TUNNEL_GUE:
	case TUNNEL_VXLAN:
		return PROTOCOL_UDP;
	default:
		return inner_is_v6 ? PROTOCOL_IPV6 : PROTOCOL_IPV4;
	}
}

// The checksum is made of the values: reading back what has just been written in smaller pieces
// would wait for every store.
static uint8_t *write_ipv4(const struct tunnel *tunnel, uint8_t protocol, uint16_t total_len,
	uint8_t traffic_class, uint16_t ip_id, uint8_t *out)
{
	uint64_t source = ip_v4(&tunnel->local), destination = ip_v4(&tunnel->remote);
	uint64_t sum = 0x4500u + traffic_class + total_len + ip_id + IPV4_DO_NOT_FRAGMENT +
		       ((unsigned int)tunnel->ttl << 8) + protocol;

	store_be16(out, (uint16_t)(0x4500 | traffic_class));
	store_be16(out + IPV4_TOTAL_LENGTH, total_len);
	store_be16(out + IPV4_ID, ip_id);
	store_be16(out + IPV4_FRAGMENT, IPV4_DO_NOT_FRAGMENT);
	store_be16(out + IPV4_TTL, (uint16_t)(tunnel->ttl << 8 | protocol));
	store_raw16(out + IPV4_CHECKSUM,
		(uint16_t)~checksum_fold(source + destination + htons(checksum_fold(sum))));
	store_raw32(out + IPV4_SOURCE, ip_v4(&tunnel->local));
	store_raw32(out + IPV4_DESTINATION, ip_v4(&tunnel->remote));
	return out + IPV4_MIN_BYTES;
}

static uint8_t *write_ipv6(const struct tunnel *tunnel, uint8_t protocol, uint16_t total_len,
	uint8_t traffic_class, uint32_t entropy, uint8_t *out)
{
	store_be32(out, 6u << 28 | (uint32_t)traffic_class << 20 | (entropy & 0xfffff));
	store_be16(out + IPV6_PAYLOAD_LENGTH, (uint16_t)(total_len - IPV6_BYTES));
	out[IPV6_NEXT_HEADER] = protocol;
	out[IPV6_HOP_LIMIT] = tunnel->ttl;
	memcpy(out + IPV6_SOURCE, tunnel->local.bytes, 16);
	memcpy(out + IPV6_DESTINATION, tunnel->remote.bytes, 16);
	return out + IPV6_BYTES;
}

// No checksum: RFC 6935 lets tunnels over IPv6 do without, as IPv4 always did.
static uint8_t *write_udp(uint16_t port, uint16_t udp_len, uint32_t entropy, uint8_t *out)
{
	store_be16(out, (uint16_t)(0xc000 | (entropy & 0x3fff)));
	store_be16(out + 2, port);
	store_be16(out + UDP_LENGTH, udp_len);
	store_raw16(out + UDP_CHECKSUM, 0);
	return out + UDP_BYTES;
}

static void write_gre(const struct tunnel *tunnel, uint16_t ethertype, uint8_t *out)
{
	store_be16(out, tunnel->has_id ? GRE_KEY : 0);
	store_be16(out + 2, ethertype);
	if (tunnel->has_id)
		store_be32(out + GRE_BYTES, tunnel->id);
}

static void write_gue(bool inner_is_v6, uint8_t *out)
{
	store_be32(out, (inner_is_v6 ? PROTOCOL_IPV6 : PROTOCOL_IPV4) << 16);
}

// The inner frame's source is a local address made of the tunnel's: receivers refuse all zeros.
static void write_vxlan(const struct tunnel *tunnel, uint16_t ethertype, uint8_t *out)
{
	uint8_t *ethernet = out + VXLAN_BYTES;

	store_be32(out, (uint32_t)VXLAN_HAS_VNI << 24);
	store_be32(out + 4, tunnel->id << 8);
	memcpy(ethernet, tunnel->inner_mac, 6);
	store_be16(ethernet + 6, 0x0200);
	store_raw32(ethernet + 8, tunnel->local.words[3]);
	store_be16(ethernet + 12, ethertype);
}

bool tunnel_write(const struct tunnel *tunnel, bool inner_is_v6, uint16_t inner_len,
	uint8_t inner_traffic_class, uint32_t entropy, uint16_t ip_id, uint8_t *out)
{
	uint16_t ethertype = inner_is_v6 ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID;
	uint8_t protocol = outer_protocol(tunnel, inner_is_v6);
	uint32_t total = tunnel_header_bytes(tunnel) + inner_len;
	uint16_t udp_len = (uint16_t)(own_header_bytes(tunnel) + inner_len);

	if (total > UINT16_MAX)
		return false;
	if (tunnel->kind == TUNNEL_NONE)
		return true;
	out = ip_is_v4(&tunnel->local) ? write_ipv4(tunnel, protocol, (uint16_t)total,
						 inner_traffic_class, ip_id, out)
				       : write_ipv6(tunnel, protocol, (uint16_t)total,
						 inner_traffic_class, entropy, out);
	switch (tunnel->kind) {
	case TUNNEL_GRE:
		write_gre(tunnel, ethertype, out);
		break;
	case TUNNEL_GUE:
		write_gue(inner_is_v6, write_udp(tunnel->port, udp_len, entropy, out));
		break;
	case TUNNEL_VXLAN:
		write_vxlan(tunnel, ethertype, write_udp(tunnel->port, udp_len, entropy, out));
		break;
	default:
		break;
	}
	return true;
}

void tunnel_head_make(struct tunnel_head *head, const struct tunnel *tunnel, bool inner_is_v6)
{
	unsigned int len = tunnel_header_bytes(tunnel);
	uint8_t *out = head->bytes + TUNNEL_HEAD_BYTES - len;
	bool v4 = ip_is_v4(&tunnel->local);

	*head = (struct tunnel_head){
		.len = (uint8_t)len,
		.ip_bytes = v4 ? IPV4_MIN_BYTES : IPV6_BYTES,
		.has_udp = tunnel->kind == TUNNEL_GUE || tunnel->kind == TUNNEL_VXLAN,
	};
	if (len == 0)
		return;
	tunnel_write(tunnel, inner_is_v6, 0, 0, 0, 0, out);
	if (!v4)
		return;
	store_be16(out + IPV4_TOTAL_LENGTH, 0);
	store_raw16(out + IPV4_CHECKSUM, 0);
	head->sum = ntohs(checksum_fold(checksum_add(0, out, IPV4_MIN_BYTES)));
}

// offset and end count from the outer IP header; the inner IP packet is what lies between them.
static enum tunnel_outcome take(const uint8_t *packet, size_t offset, size_t end, bool is_v6,
	enum tunnel_outcome broken, struct tunnel_inner *inner)
{
	if (offset >= end || packet[offset] >> 4 != (is_v6 ? 6 : 4))
		return broken;
	inner->offset = (uint16_t)offset;
	inner->len = (uint16_t)(end - offset);
	inner->is_v6 = is_v6;
	return TUNNEL_INNER;
}

static enum tunnel_outcome read_gre(
	const uint8_t *packet, size_t offset, size_t end, struct tunnel_inner *inner)
{
	const uint8_t *gre = packet + offset;
	size_t len = end - offset, header_len = GRE_BYTES;
	uint16_t flags, ethertype;

	if (len < GRE_BYTES)
		return TUNNEL_MALFORMED_GRE;
	flags = load_be16(gre);
	ethertype = load_be16(gre + 2);
	if (flags & GRE_REFUSED)
		return TUNNEL_MALFORMED_GRE;
	if (flags & GRE_CHECKSUM)
		header_len += GRE_FIELD_BYTES;
	inner->has_id = (flags & GRE_KEY) != 0;
	if (inner->has_id)
		header_len += GRE_FIELD_BYTES;
	if (flags & GRE_SEQUENCE)
		header_len += GRE_FIELD_BYTES;
	if (len < header_len || ((flags & GRE_CHECKSUM) && checksum(gre, len) != 0))
		return TUNNEL_MALFORMED_GRE;
	if (inner->has_id)
		inner->id =
			load_be32(gre + GRE_BYTES + ((flags & GRE_CHECKSUM) ? GRE_FIELD_BYTES : 0));
	inner->kind = TUNNEL_GRE;
	if (ethertype != ETHERTYPE_IPV4_ID && ethertype != ETHERTYPE_IPV6_ID)
		return TUNNEL_UNSUPPORTED;
	return take(packet, offset + header_len, end, ethertype == ETHERTYPE_IPV6_ID,
		TUNNEL_MALFORMED_GRE, inner);
}

// Extensions change what the packet means, so who does not know them drops it (draft, 3.3).
static enum tunnel_outcome read_gue(
	const uint8_t *packet, size_t offset, size_t end, struct tunnel_inner *inner)
{
	const uint8_t *gue = packet + offset;

	inner->kind = TUNNEL_GUE;
	if (offset < end && (gue[0] & GUE_VARIANT) == GUE_VARIANT_IP)
		return take(packet, offset, end, gue[0] >> 4 == 6, TUNNEL_MALFORMED, inner);
	if (end - offset < GUE_BYTES || (gue[0] & ~GUE_CONTROL) != 0)
		return TUNNEL_MALFORMED;
	if (gue[0] & GUE_CONTROL)
		return TUNNEL_UNSUPPORTED;
	if (load_be16(gue + 2) != 0)
		return TUNNEL_MALFORMED;
	if (gue[1] != PROTOCOL_IPV4 && gue[1] != PROTOCOL_IPV6)
		return TUNNEL_UNSUPPORTED;
	return take(
		packet, offset + GUE_BYTES, end, gue[1] == PROTOCOL_IPV6, TUNNEL_MALFORMED, inner);
}

static enum tunnel_outcome read_vxlan(
	const uint8_t *packet, size_t offset, size_t end, struct tunnel_inner *inner)
{
	const uint8_t *vxlan = packet + offset;
	uint16_t ethertype;

	inner->kind = TUNNEL_VXLAN;
	if (end - offset < VXLAN_BYTES + ETHERNET_BYTES || !(vxlan[0] & VXLAN_HAS_VNI))
		return TUNNEL_MALFORMED;
	inner->has_id = true;
	inner->id = load_be32(vxlan + 4) >> 8;
	ethertype = load_be16(vxlan + VXLAN_BYTES + 12);
	if (ethertype != ETHERTYPE_IPV4_ID && ethertype != ETHERTYPE_IPV6_ID)
		return TUNNEL_UNSUPPORTED; // an inner VLAN tag too (RFC 7348, 6.1)
	return take(packet, offset + VXLAN_BYTES + ETHERNET_BYTES, end,
		ethertype == ETHERTYPE_IPV6_ID, TUNNEL_MALFORMED, inner);
}

static enum tunnel_outcome read_udp(const uint8_t *packet, const struct packet_view *view,
	uint16_t gue_port, uint16_t vxlan_port, struct tunnel_inner *inner)
{
	bool is_gue = gue_port != 0 && view->destination_port == gue_port;
	bool is_vxlan = vxlan_port != 0 && view->destination_port == vxlan_port;
	uint16_t udp_len;
	size_t offset;

	if (!is_gue && !is_vxlan)
		return TUNNEL_NOT_ONE;
	inner->kind = is_gue ? TUNNEL_GUE : TUNNEL_VXLAN;
	if (view->l4_len < UDP_BYTES)
		return TUNNEL_MALFORMED;
	udp_len = load_be16(packet + view->l4_offset + UDP_LENGTH);
	if (udp_len < UDP_BYTES || udp_len > view->l4_len)
		return TUNNEL_MALFORMED;
	offset = (size_t)view->l4_offset + UDP_BYTES;
	return is_gue ? read_gue(packet, offset, (size_t)view->l4_offset + udp_len, inner)
		      : read_vxlan(packet, offset, (size_t)view->l4_offset + udp_len, inner);
}

enum tunnel_outcome tunnel_read(const uint8_t *packet, const struct packet_view *view,
	uint16_t gue_port, uint16_t vxlan_port, struct tunnel_inner *inner)
{
	size_t offset = view->l4_offset, end = offset + view->l4_len;

	*inner = (struct tunnel_inner){.kind = TUNNEL_NONE};
	if (view->fragment != FRAGMENT_NONE)
		return TUNNEL_NOT_ONE;
	switch (view->protocol) {
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
		inner->kind = TUNNEL_IPIP;
		return take(packet, offset, end, view->protocol == PROTOCOL_IPV6, TUNNEL_MALFORMED,
			inner);
	case PROTOCOL_GRE:
		return read_gre(packet, offset, end, inner);
	case PROTOCOL_UDP:
		return read_udp(packet, view, gue_port, vxlan_port, inner);
	default:
		return TUNNEL_NOT_ONE;
	}
}

const char *tunnel_kind_name(enum tunnel_kind kind)
{
	static const char *const names[] = {
		[TUNNEL_NONE] = "none",
		[TUNNEL_IPIP] = "ipip",
		[TUNNEL_GRE] = "gre",
		[TUNNEL_GUE] = "gue",
		[TUNNEL_VXLAN] = "vxlan",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
