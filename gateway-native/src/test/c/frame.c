// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include "../../main/c/packet/arp.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

#include <stdio.h>
#include <stdlib.h>

enum { ICMPV6_SOLICITATION = 135, ICMPV6_ADVERTISEMENT = 136, SCTP_CHECKSUM = 8 };

static const uint8_t client_mac[6] = {0x02, 0xcc, 0, 0, 0, 1};

uint32_t frame_address(const char *text)
{
	struct in_addr address = {0};

	inet_pton(AF_INET, text, &address);
	return address.s_addr;
}

static bool is_v6(const char *text)
{
	return strchr(text, ':') != NULL;
}

struct ip_address frame_ip_address(const char *text)
{
	struct ip_address address = {0};

	if (!is_v6(text))
		return ip_from_v4(frame_address(text));
	if (inet_pton(AF_INET6, text, address.bytes) != 1)
		abort();
	return address;
}

// Walks what parse.c walks, but believes everything: only for frames made here, changed or not.
struct frame_layout frame_layout(const uint8_t *bytes, size_t len)
{
	struct frame_layout l = {.l3 = ETHERNET_BYTES};
	uint16_t type = load_be16(bytes + 12);

	while (type == ETHERTYPE_VLAN_ID || type == ETHERTYPE_QINQ_ID) {
		type = load_be16(bytes + l.l3 + 2);
		l.l3 += VLAN_BYTES;
	}
	l.is_v6 = type == ETHERTYPE_IPV6_ID;
	if (!l.is_v6) {
		l.l4 = l.l3 + (size_t)(bytes[l.l3] & 15) * 4;
		l.protocol = bytes[l.l3 + IPV4_PROTOCOL];
		l.fragment = (load_be16(bytes + l.l3 + IPV4_FRAGMENT) & 0x3fff) != 0;
		return l;
	}
	l.l4 = l.l3 + IPV6_BYTES;
	l.protocol = bytes[l.l3 + IPV6_NEXT_HEADER];
	while (l.l4 + 8 <= len &&
		(l.protocol == PROTOCOL_HOP_OPTIONS || l.protocol == PROTOCOL_ROUTING ||
			l.protocol == PROTOCOL_FRAGMENT ||
			l.protocol == PROTOCOL_DESTINATION_OPTIONS)) {
		const uint8_t *header = bytes + l.l4;
		bool fragment = l.protocol == PROTOCOL_FRAGMENT;

		l.protocol = header[0];
		l.l4 += fragment ? 8 : (header[1] + (size_t)1) * 8;
		if (fragment && (load_be16(header + 2) & 0xfff9)) {
			l.fragment = true;
			break;
		}
	}
	return l;
}

static void addresses(
	const uint8_t *ip, bool v6, struct ip_address *source, struct ip_address *destination)
{
	*source = v6 ? ip_load_v6(ip + IPV6_SOURCE) : ip_from_v4(load_raw32(ip + IPV4_SOURCE));
	*destination = v6 ? ip_load_v6(ip + IPV6_DESTINATION)
			  : ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
}

// 0: right, or to be stored when the field is 0.
static uint16_t transport_checksum(const uint8_t *bytes, const struct frame_layout *l, size_t len)
{
	struct ip_address source, destination;

	if (l->protocol == PROTOCOL_ICMP)
		return checksum(bytes + l->l4, len - l->l4);
	addresses(bytes + l->l3, l->is_v6, &source, &destination);
	return checksum_transport(&source, &destination, l->protocol, bytes + l->l4, len - l->l4);
}

static size_t checksum_offset(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return TCP_CHECKSUM;
	case PROTOCOL_UDP:
		return UDP_CHECKSUM;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return ICMP_CHECKSUM;
	default:
		return 0;
	}
}

static void finish_transport(struct frame *f, const struct frame_layout *l)
{
	size_t at = checksum_offset(l->protocol);
	uint8_t *l4 = f->bytes + l->l4;
	uint16_t sum;

	if (l->protocol == PROTOCOL_SCTP && f->len >= l->l4 + SCTP_BYTES)
		store_raw32(l4 + SCTP_CHECKSUM, checksum_sctp(l4, f->len - l->l4));
	if (at == 0 || f->len < l->l4 + at + 2)
		return;
	store_raw16(l4 + at, 0);
	sum = transport_checksum(f->bytes, l, f->len);
	if (l->protocol == PROTOCOL_UDP && sum == 0)
		sum = 0xffff;
	store_raw16(l4 + at, sum);
}

void frame_finish(struct frame *f)
{
	struct frame_layout l = frame_layout(f->bytes, f->len);
	uint8_t *ip = f->bytes + l.l3;

	if (l.is_v6) {
		store_be16(ip + IPV6_PAYLOAD_LENGTH, (uint16_t)(f->len - l.l3 - IPV6_BYTES));
	} else {
		store_be16(ip + IPV4_TOTAL_LENGTH, (uint16_t)(f->len - l.l3));
		store_raw16(ip + IPV4_CHECKSUM, 0);
		store_raw16(ip + IPV4_CHECKSUM, checksum(ip, l.l4 - l.l3));
	}
	if (!l.fragment)
		finish_transport(f, &l);
}

bool frame_checksums_right(const uint8_t *bytes, size_t len)
{
	struct frame_layout l = frame_layout(bytes, len);
	const uint8_t *l4 = bytes + l.l4;

	if (len < l.l4 + 8 || (!l.is_v6 && checksum(bytes + l.l3, l.l4 - l.l3) != 0))
		return false;
	if (l.fragment)
		return true;
	if (l.protocol == PROTOCOL_SCTP)
		return checksum_sctp(l4, len - l.l4) == load_raw32(l4 + SCTP_CHECKSUM);
	if (checksum_offset(l.protocol) == 0)
		return true;
	if (l.protocol == PROTOCOL_UDP && load_raw16(l4 + UDP_CHECKSUM) == 0)
		return !l.is_v6;
	return transport_checksum(bytes, &l, len) == 0;
}

static struct frame begin_v4(const char *source, const char *destination, uint8_t protocol)
{
	struct frame f = {.len = ETHERNET_BYTES + IPV4_MIN_BYTES};
	uint8_t *ip = f.bytes + ETHERNET_BYTES;

	store_be16(f.bytes + 12, ETHERTYPE_IPV4_ID);
	ip[0] = 0x45;
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTOCOL] = protocol;
	store_raw32(ip + IPV4_SOURCE, frame_address(source));
	store_raw32(ip + IPV4_DESTINATION, frame_address(destination));
	return f;
}

static struct frame begin_v6(const char *source, const char *destination, uint8_t protocol)
{
	struct frame f = {.len = ETHERNET_BYTES + IPV6_BYTES};
	struct ip_address from = frame_ip_address(source), to = frame_ip_address(destination);
	uint8_t *ip = f.bytes + ETHERNET_BYTES;

	store_be16(f.bytes + 12, ETHERTYPE_IPV6_ID);
	ip[0] = 0x60;
	ip[IPV6_HOP_LIMIT] = 64;
	ip[IPV6_NEXT_HEADER] = protocol;
	memcpy(ip + IPV6_SOURCE, from.bytes, 16);
	memcpy(ip + IPV6_DESTINATION, to.bytes, 16);
	return f;
}

static struct frame begin(
	const char *source, const char *destination, uint8_t protocol, size_t l4_len)
{
	struct frame f = is_v6(source) ? begin_v6(source, destination, protocol)
				       : begin_v4(source, destination, protocol);

	if (is_v6(source) != is_v6(destination) || f.len + l4_len > sizeof(f.bytes))
		abort();
	f.bytes[0] = 0x02;
	memcpy(f.bytes + 6, client_mac, 6);
	f.len += l4_len;
	return f;
}

static uint8_t *l4_of(struct frame *f)
{
	return f->bytes + frame_layout(f->bytes, f->len).l4;
}

struct frame frame_ip(const char *source, const char *destination, uint8_t protocol,
	const uint8_t *payload, size_t len)
{
	struct frame f = begin(source, destination, protocol, len);

	if (len)
		memcpy(f.bytes + f.len - len, payload, len);
	frame_finish(&f);
	return f;
}

struct frame frame_tcp(struct frame_flow flow, uint8_t flags, uint32_t sequence,
	const uint8_t *options, size_t options_len, size_t payload_len)
{
	struct frame f = begin(flow.source, flow.destination, PROTOCOL_TCP,
		TCP_MIN_BYTES + options_len + payload_len);
	uint8_t *tcp = l4_of(&f);

	store_be16(tcp, flow.source_port);
	store_be16(tcp + 2, flow.destination_port);
	store_be32(tcp + TCP_SEQUENCE, sequence);
	tcp[TCP_DATA_OFFSET] = (uint8_t)((TCP_MIN_BYTES + options_len) / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	if (options_len)
		memcpy(tcp + TCP_MIN_BYTES, options, options_len);
	for (size_t i = 0; i < payload_len; i++)
		tcp[TCP_MIN_BYTES + options_len + i] = (uint8_t)(i * 7);
	frame_finish(&f);
	return f;
}

struct frame frame_udp(struct frame_flow flow, size_t payload_len, bool with_checksum)
{
	struct frame f =
		begin(flow.source, flow.destination, PROTOCOL_UDP, UDP_BYTES + payload_len);
	uint8_t *udp = l4_of(&f);

	store_be16(udp, flow.source_port);
	store_be16(udp + 2, flow.destination_port);
	store_be16(udp + UDP_LENGTH, (uint16_t)(UDP_BYTES + payload_len));
	for (size_t i = 0; i < payload_len; i++)
		udp[UDP_BYTES + i] = (uint8_t)(i * 13);
	frame_finish(&f);
	if (!with_checksum)
		store_raw16(udp + UDP_CHECKSUM, 0);
	return f;
}

struct frame frame_sctp_chunk(
	struct frame_flow flow, uint32_t tag, uint8_t chunk, size_t payload_len)
{
	struct frame f =
		begin(flow.source, flow.destination, PROTOCOL_SCTP, SCTP_BYTES + payload_len);
	uint8_t *sctp = l4_of(&f);

	store_be16(sctp, flow.source_port);
	store_be16(sctp + 2, flow.destination_port);
	store_be32(sctp + 4, tag);
	for (size_t i = 0; i < payload_len; i++)
		sctp[SCTP_BYTES + i] = (uint8_t)(i * 11);
	if (payload_len > 0)
		sctp[SCTP_BYTES] = chunk;
	frame_finish(&f);
	return f;
}

struct frame frame_sctp(struct frame_flow flow, uint32_t tag, size_t payload_len)
{
	return frame_sctp_chunk(flow, tag, tag ? 0 : SCTP_INIT, payload_len);
}

struct frame frame_icmp(const char *source, const char *destination, uint8_t type, uint8_t code,
	const uint8_t *body, size_t body_len)
{
	struct frame f = begin(
		source, destination, is_v6(source) ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, 4 + body_len);
	uint8_t *icmp = l4_of(&f);

	f.bytes[ETHERNET_BYTES + (is_v6(source) ? IPV6_HOP_LIMIT : IPV4_TTL)] = 255;
	icmp[0] = type;
	icmp[1] = code;
	memcpy(icmp + 4, body, body_len);
	frame_finish(&f);
	return f;
}

struct frame frame_echo(const char *source, const char *destination)
{
	static const uint8_t body[4 + 16] = {0, 77};

	return frame_icmp(source, destination, is_v6(source) ? 128 : 8, 0, body, sizeof(body));
}

static struct frame error(const char *source, const char *destination, uint8_t type, uint8_t code,
	uint32_t word, const struct frame *quoted)
{
	struct frame_layout l = frame_layout(quoted->bytes, quoted->len);
	size_t len = l.is_v6 ? quoted->len - l.l3 : l.l4 - l.l3 + 8;
	uint8_t body[4 + 1280 - IPV6_BYTES - ICMP_MIN_BYTES];

	if (len > sizeof(body) - 4)
		len = sizeof(body) - 4;
	store_be32(body, word);
	memcpy(body + 4, quoted->bytes + l.l3, len);
	return frame_icmp(source, destination, type, code, body, 4 + len);
}

struct frame frame_unreachable(
	const char *source, const char *destination, const struct frame *quoted)
{
	return is_v6(source) ? error(source, destination, 1, 4, 0, quoted)
			     : error(source, destination, 3, 3, 0, quoted);
}

struct frame frame_too_big(
	const char *source, const char *destination, uint32_t mtu, const struct frame *quoted)
{
	return is_v6(source) ? error(source, destination, 2, 0, mtu, quoted)
			     : error(source, destination, 3, 4, mtu, quoted);
}

struct frame frame_arp_request(const char *sender, const char *target)
{
	struct arp_message message = {
		.op = ARP_OP_REQUEST,
		.sender = frame_address(sender),
		.target = frame_address(target),
	};
	struct frame f = {.len = ETHERNET_BYTES + ARP_PADDED_BYTES};

	memset(f.bytes, 0xff, 6);
	memcpy(f.bytes + 6, client_mac, 6);
	store_be16(f.bytes + 12, ETHERTYPE_ARP_ID);
	memcpy(message.sender_mac, client_mac, 6);
	arp_write(f.bytes + ETHERNET_BYTES, &message);
	return f;
}

// A body: flags, target, one option with a MAC.
static void neighbour_body(
	uint8_t body[28], uint8_t flags, const char *target, uint8_t option, const uint8_t mac[6])
{
	struct ip_address address = frame_ip_address(target);

	memset(body, 0, 28);
	body[0] = flags;
	memcpy(body + 4, address.bytes, 16);
	body[20] = option;
	body[21] = 1;
	memcpy(body + 22, mac, 6);
}

struct frame frame_neighbour_solicitation(const char *sender, const char *target)
{
	struct ip_address address = frame_ip_address(target);
	bool anonymous = strcmp(sender, "::") == 0; // says no MAC then (RFC 4861, 4.3)
	char group[INET6_ADDRSTRLEN];
	uint8_t body[28];
	struct frame f;

	snprintf(group, sizeof(group), "ff02::1:ff%02x:%02x%02x", address.bytes[13],
		address.bytes[14], address.bytes[15]);
	neighbour_body(body, 0, target, 1, client_mac);
	f = frame_icmp(sender, group, ICMPV6_SOLICITATION, 0, body, anonymous ? 20 : 28);
	memcpy(f.bytes, (const uint8_t[]){0x33, 0x33, 0xff}, 3);
	memcpy(f.bytes + 3, address.bytes + 13, 3);
	return f;
}

struct frame frame_neighbour_advertisement(
	const char *sender, const char *destination, const char *target, const uint8_t mac[6])
{
	uint8_t body[28];

	neighbour_body(body, 0x60, target, 2, mac); // solicited, override
	return frame_icmp(sender, destination, ICMPV6_ADVERTISEMENT, 0, body, sizeof(body));
}

static void make_room(struct frame *f, size_t at, size_t bytes)
{
	if (f->len + bytes > sizeof(f->bytes))
		abort();
	memmove(f->bytes + at + bytes, f->bytes + at, f->len - at);
	memset(f->bytes + at, 0, bytes);
	f->len += bytes;
}

void frame_tag(struct frame *f, uint16_t ethertype, uint16_t vlan)
{
	make_room(f, 12, VLAN_BYTES);
	store_be16(f->bytes + 12, ethertype);
	store_be16(f->bytes + 14, vlan);
}

void frame_extend(struct frame *f, uint8_t kind, size_t bytes)
{
	size_t l3 = frame_layout(f->bytes, f->len).l3, at = l3 + IPV6_BYTES;

	make_room(f, at, bytes);
	f->bytes[at] = f->bytes[l3 + IPV6_NEXT_HEADER];
	f->bytes[at + 1] = kind == PROTOCOL_FRAGMENT ? 0 : (uint8_t)(bytes / 8 - 1);
	if (kind == PROTOCOL_HOP_OPTIONS || kind == PROTOCOL_DESTINATION_OPTIONS) {
		f->bytes[at + 2] = 1; // PadN
		f->bytes[at + 3] = (uint8_t)(bytes - 4);
	}
	f->bytes[l3 + IPV6_NEXT_HEADER] = kind;
	frame_finish(f);
}

struct frame frame_fragment(const struct frame *whole, size_t offset, size_t len)
{
	struct frame_layout l = frame_layout(whole->bytes, whole->len);
	size_t left = whole->len - l.l4 - offset, at = l.l4;
	struct frame f = *whole;
	bool more;

	if (len == 0 || len > left)
		len = left;
	more = len < left;
	f.len = l.l4 + len;
	memmove(f.bytes + l.l4, whole->bytes + l.l4 + offset, len);
	if (!l.is_v6) {
		store_be16(f.bytes + l.l3 + IPV4_ID, 4711);
		store_be16(f.bytes + l.l3 + IPV4_FRAGMENT,
			(uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
		frame_finish(&f);
		return f;
	}
	if (at != l.l3 + IPV6_BYTES)
		abort(); // behind other extension headers: nobody has needed it
	make_room(&f, at, 8);
	f.bytes[at] = f.bytes[l.l3 + IPV6_NEXT_HEADER];
	store_be16(f.bytes + at + 2, (uint16_t)(offset | more));
	store_be32(f.bytes + at + 4, 4711);
	f.bytes[l.l3 + IPV6_NEXT_HEADER] = PROTOCOL_FRAGMENT;
	frame_finish(&f);
	return f;
}

struct frame frame_tunnel(const struct frame *inner, const char *source, const char *destination,
	uint8_t protocol, const uint8_t *header, size_t header_len)
{
	struct frame_layout l = frame_layout(inner->bytes, inner->len);
	size_t inner_len = inner->len - l.l3;
	struct frame f = begin(source, destination, protocol, header_len + inner_len);
	uint8_t *at = l4_of(&f);

	if (header_len)
		memcpy(at, header, header_len);
	memcpy(at + header_len, inner->bytes + l.l3, inner_len);
	if (protocol == PROTOCOL_UDP)
		store_be16(at + UDP_LENGTH, (uint16_t)(header_len + inner_len));
	frame_finish(&f);
	return f;
}

static bool frame_is_v6(const struct frame *f)
{
	return frame_layout(f->bytes, f->len).is_v6;
}

struct frame frame_ipip(const struct frame *inner, const char *source, const char *destination)
{
	return frame_tunnel(inner, source, destination,
		frame_is_v6(inner) ? PROTOCOL_IPV6 : PROTOCOL_IPV4, NULL, 0);
}

struct frame frame_gre(
	const struct frame *inner, const char *source, const char *destination, int64_t key)
{
	uint8_t gre[8] = {key < 0 ? 0 : 0x20};

	store_be16(gre + 2, frame_is_v6(inner) ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	if (key >= 0)
		store_be32(gre + 4, (uint32_t)key);
	return frame_tunnel(inner, source, destination, PROTOCOL_GRE, gre, key < 0 ? 4 : 8);
}

struct frame frame_gue(
	const struct frame *inner, const char *source, const char *destination, uint16_t port)
{
	uint8_t header[UDP_BYTES + 4] = {0};

	store_be16(header, 50000);
	store_be16(header + 2, port);
	header[UDP_BYTES + 1] = frame_is_v6(inner) ? PROTOCOL_IPV6 : PROTOCOL_IPV4;
	return frame_tunnel(inner, source, destination, PROTOCOL_UDP, header, sizeof(header));
}

struct frame frame_vxlan(const struct frame *inner, const char *source, const char *destination,
	uint16_t port, uint32_t vni)
{
	uint8_t header[UDP_BYTES + 8 + ETHERNET_BYTES] = {0};
	uint8_t *vxlan = header + UDP_BYTES, *ethernet = vxlan + 8;

	store_be16(header, 50000);
	store_be16(header + 2, port);
	vxlan[0] = 0x08;
	store_be32(vxlan + 4, vni << 8);
	ethernet[0] = 0x02;
	memcpy(ethernet + 6, client_mac, 6);
	store_be16(ethernet + 12, frame_is_v6(inner) ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	return frame_tunnel(inner, source, destination, PROTOCOL_UDP, header, sizeof(header));
}
