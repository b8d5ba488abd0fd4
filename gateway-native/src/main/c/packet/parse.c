// SPDX-License-Identifier: Apache-2.0
#include "parse.h"

#include "bytes.h"
#include "checksum.h"
#include "tunnel.h"

enum {
	EXTENSION_UNIT = 8,
	ROUTING_SEGMENTS_LEFT = 3,
	IPV4_OFFSET = 0x1fff, // in units of 8 bytes
	IPV4_MORE = 0x2000,
	IPV6_OFFSET = 0xfff8, // in bytes
	IPV6_MORE = 0x0001,
};

// One bit for each combination of FIN, SYN, RST, PSH and ACK: some flag but PSH, and no SYN
// together with FIN or RST.
static inline bool possible_flags(uint8_t flags)
{
	return 0x37373636u >> (flags & 31) & 1;
}

static inline enum parse_outcome parse_tcp(
	const uint8_t *restrict tcp, size_t len, struct packet_view *restrict view)
{
	uint8_t flags;

	if (len < TCP_MIN_BYTES)
		return PARSE_MALFORMED_TCP;
	view->source_port = load_be16(tcp);
	view->destination_port = load_be16(tcp + 2);
	view->tcp_sequence = load_be32(tcp + TCP_SEQUENCE);
	flags = tcp[TCP_FLAGS];
	view->tcp_flags = flags;
	view->tcp_header_len = (uint8_t)((tcp[TCP_DATA_OFFSET] >> 4) * 4);
	if (view->tcp_header_len < TCP_MIN_BYTES || view->tcp_header_len > len)
		return PARSE_MALFORMED_TCP;
	if (view->source_port == 0 || view->destination_port == 0)
		return PARSE_MALFORMED_TCP;
	return possible_flags(flags) ? PARSE_IP : PARSE_MALFORMED_TCP;
}

// RFC 6936: tunnels may do without. Nothing else may over IPv6 (RFC 8200, 8.1).
static bool may_lack_checksum(const struct packet_view *view)
{
	return !view->is_v6 || view->destination_port == TUNNEL_VXLAN_PORT ||
	       view->destination_port == TUNNEL_GUE_PORT;
}

static enum parse_outcome parse_udp(const uint8_t *udp, size_t len, struct packet_view *view)
{
	uint16_t udp_len;

	if (len < UDP_BYTES)
		return PARSE_MALFORMED_UDP;
	view->source_port = load_be16(udp);
	view->destination_port = load_be16(udp + 2);
	udp_len = load_be16(udp + UDP_LENGTH);
	if (udp_len < UDP_BYTES || view->destination_port == 0)
		return PARSE_MALFORMED_UDP;
	// A first fragment holds less than it says.
	if (udp_len > len && view->fragment == FRAGMENT_NONE)
		return PARSE_MALFORMED_UDP;
	if (load_raw16(udp + UDP_CHECKSUM) == 0 && !may_lack_checksum(view))
		return PARSE_MALFORMED_UDP;
	return PARSE_IP;
}

static enum parse_outcome parse_sctp(const uint8_t *sctp, size_t len, struct packet_view *view)
{
	if (len < SCTP_BYTES)
		return PARSE_MALFORMED_SCTP;
	view->sctp_chunk = len < SCTP_BYTES + SCTP_CHUNK_BYTES ? SCTP_NO_CHUNK : sctp[SCTP_BYTES];
	view->source_port = load_be16(sctp);
	view->destination_port = load_be16(sctp + 2);
	view->tcp_sequence = load_be32(sctp + 4);
	if (view->source_port == 0 || view->destination_port == 0)
		return PARSE_MALFORMED_SCTP;
	return PARSE_IP;
}

static inline enum parse_outcome parse_transport(const uint8_t *packet, struct packet_view *view)
{
	const uint8_t *l4 = packet + view->l4_offset;
	size_t len = view->l4_len;

	if (view->fragment == FRAGMENT_LATER)
		return PARSE_IP;
	switch (view->protocol) {
	case PROTOCOL_TCP:
		return parse_tcp(l4, len, view);
	case PROTOCOL_UDP:
		return parse_udp(l4, len, view);
	case PROTOCOL_SCTP:
		return parse_sctp(l4, len, view);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return len < ICMP_MIN_BYTES ? PARSE_MALFORMED_ICMP : PARSE_IP;
	default:
		return PARSE_IP;
	}
}

// false: put together, the datagram would be longer than any.
static bool note_fragment(struct packet_view *view, size_t offset, bool more)
{
	if (offset == 0)
		view->fragment = more ? FRAGMENT_FIRST : FRAGMENT_NONE; // NONE: RFC 6946
	else
		view->fragment = FRAGMENT_LATER;
	return offset + view->l4_len <= UINT16_MAX;
}

// Not a host's own address: multicast, reserved, "this network" or loopback.
static inline bool impossible_source_v4(uint8_t first)
{
	return first >= 224 || first == 0 || first == 127;
}

static inline enum parse_outcome parse_ipv4(
	const uint8_t *restrict packet, size_t len, struct packet_view *restrict view)
{
	size_t header_len;
	uint16_t fragment;

	*view = (struct packet_view){0};
	if (len < IPV4_MIN_BYTES || packet[0] >> 4 != 4)
		return PARSE_MALFORMED_IP;
	header_len = (size_t)(packet[0] & 0x0f) * 4;
	view->source = ip_from_v4(load_raw32(packet + IPV4_SOURCE));
	view->destination = ip_from_v4(load_raw32(packet + IPV4_DESTINATION));
	view->protocol = packet[IPV4_PROTOCOL];
	view->ttl = packet[IPV4_TTL];
	view->traffic_class = packet[IPV4_TOS];
	view->ip_len = load_be16(packet + IPV4_TOTAL_LENGTH);
	if (header_len < IPV4_MIN_BYTES || header_len > len)
		return PARSE_MALFORMED_IP;
	if (view->ip_len < header_len || view->ip_len > len)
		return PARSE_MALFORMED_IP;
	if (checksum_ipv4(packet, header_len) != 0)
		return PARSE_BAD_CHECKSUM;
	if (impossible_source_v4(packet[IPV4_SOURCE]))
		return PARSE_MALFORMED_IP;
	view->l4_offset = (uint16_t)header_len;
	view->l4_len = (uint16_t)(view->ip_len - header_len);
	fragment = load_be16(packet + IPV4_FRAGMENT);
	if ((fragment & (IPV4_MORE | IPV4_OFFSET)) &&
		!note_fragment(view, (size_t)(fragment & IPV4_OFFSET) * 8, fragment & IPV4_MORE))
		return PARSE_MALFORMED_IP;
	return parse_transport(packet, view);
}

static bool is_extension(uint8_t kind)
{
	return kind == PROTOCOL_HOP_OPTIONS || kind == PROTOCOL_ROUTING ||
	       kind == PROTOCOL_FRAGMENT || kind == PROTOCOL_DESTINATION_OPTIONS;
}

// RFC 8200, 4.1: hop-by-hop options stand first; each once, destination options twice. So a walk
// ends after five.
static bool may_stand_here(uint8_t kind, unsigned int position, const uint8_t seen[64])
{
	if (kind == PROTOCOL_HOP_OPTIONS)
		return position == 0;
	return seen[kind] < (kind == PROTOCOL_DESTINATION_OPTIONS ? 2 : 1);
}

// Walks to the transport header, a later fragment's data, or the first header that hides what is
// behind it (ESP, a routing header that has not come to its end). false: nonsense.
static bool skip_extensions(const uint8_t *packet, struct packet_view *view)
{
	uint8_t seen[64] = {0};
	size_t at = view->l4_offset, left = view->l4_len;

	for (unsigned int n = 0; is_extension(view->protocol); n++) {
		const uint8_t *header = packet + at;
		uint8_t kind = view->protocol;
		size_t len;

		if (left < EXTENSION_UNIT || !may_stand_here(kind, n, seen))
			return false;
		// The transport's checksum is made with the last address of the route, not ours.
		if (kind == PROTOCOL_ROUTING && header[ROUTING_SEGMENTS_LEFT] != 0)
			return true;
		seen[kind]++;
		len = kind == PROTOCOL_FRAGMENT ? EXTENSION_UNIT
						: (header[1] + (size_t)1) * EXTENSION_UNIT;
		if (len > left)
			return false;
		at += len;
		left -= len;
		view->protocol = header[0];
		view->l4_offset = (uint16_t)at;
		view->l4_len = (uint16_t)left;
		if (kind == PROTOCOL_FRAGMENT) {
			uint16_t field = load_be16(header + 2);

			if (!note_fragment(view, field & IPV6_OFFSET, field & IPV6_MORE))
				return false;
			if (view->fragment == FRAGMENT_LATER)
				return true;
		}
	}
	return true;
}

// An IPv4-mapped address on the wire (RFC 4291, 2.5.5.2, is about programs) would pass for IPv4.
static bool impossible_addresses_v6(const struct packet_view *view)
{
	const struct ip_address *source = &view->source;

	if (ip_is_v4(source) || ip_is_v4(&view->destination))
		return true;
	if (source->bytes[0] == 0xff)
		return true;
	if (source->halves[0] != 0)
		return false;
	if (source->words[2] != 0)
		return false;
	if (source->words[3] == htonl(1))
		return true;
	// Who has no address yet asks a group whether it is free (RFC 4862, 5.4.2).
	return source->words[3] == 0 &&
	       !(view->protocol == PROTOCOL_ICMPV6 && view->destination.bytes[0] == 0xff);
}

static inline enum parse_outcome parse_ipv6(
	const uint8_t *restrict packet, size_t len, struct packet_view *restrict view)
{
	size_t total;

	*view = (struct packet_view){.is_v6 = true};
	if (len < IPV6_BYTES || packet[0] >> 4 != 6)
		return PARSE_MALFORMED_IP;
	view->source = ip_load_v6(packet + IPV6_SOURCE);
	view->destination = ip_load_v6(packet + IPV6_DESTINATION);
	view->protocol = packet[IPV6_NEXT_HEADER];
	view->ttl = packet[IPV6_HOP_LIMIT];
	view->traffic_class = (uint8_t)(load_be16(packet) >> 4);
	total = (size_t)IPV6_BYTES + load_be16(packet + IPV6_PAYLOAD_LENGTH);
	if (total > len || total > UINT16_MAX)
		return PARSE_MALFORMED_IP;
	view->ip_len = (uint16_t)total;
	view->l4_offset = IPV6_BYTES;
	view->l4_len = (uint16_t)(total - IPV6_BYTES);
	if (is_extension(view->protocol) && !skip_extensions(packet, view))
		return PARSE_MALFORMED_IP;
	if (impossible_addresses_v6(view))
		return PARSE_MALFORMED_IP;
	return parse_transport(packet, view);
}

enum parse_outcome parse_ip(const uint8_t *packet, size_t len, struct packet_view *view)
{
	return len > 0 && packet[0] >> 4 == 6 ? parse_ipv6(packet, len, view)
					      : parse_ipv4(packet, len, view);
}

// What most packets are: untagged, IPv4 without options, no fragment, with TCP. false: anything
// else, or something is wrong with it; nothing is said about it then.
static inline bool parse_common(
	const uint8_t *restrict frame, size_t len, struct packet_view *restrict view)
{
	const uint8_t *ip = frame + ETHERNET_BYTES, *tcp = ip + IPV4_MIN_BYTES;
	uint64_t first, second;
	uint32_t ports;
	uint16_t ip_len;
	uint8_t tcp_len;

	if (len < ETHERNET_BYTES + IPV4_MIN_BYTES + TCP_MIN_BYTES)
		return false;
	first = load_be64(ip - 2); // type, version, traffic class, length, id
	second =
		load_be64(ip + IPV4_FRAGMENT); // fragment, TTL, protocol, checksum, half the source
	if (first >> 40 != 0x080045 || (second & 0x3fff00ff00000000) != 0x0000000600000000)
		return false;
	ip_len = (uint16_t)(first >> 16);
	tcp_len = (uint8_t)((tcp[TCP_DATA_OFFSET] >> 4) * 4);
	if (ip_len > len - ETHERNET_BYTES || tcp_len < TCP_MIN_BYTES ||
		ip_len < IPV4_MIN_BYTES + tcp_len)
		return false;
	if (checksum_ipv4(ip, IPV4_MIN_BYTES) != 0 || impossible_source_v4(ip[IPV4_SOURCE]))
		return false;
	ports = load_be32(tcp);
	if (ports <= UINT16_MAX || (uint16_t)ports == 0 || !possible_flags(tcp[TCP_FLAGS]))
		return false;
	*view = (struct packet_view){
		.source = ip_from_v4(load_raw32(ip + IPV4_SOURCE)),
		.destination = ip_from_v4(load_raw32(ip + IPV4_DESTINATION)),
		.tcp_sequence = load_be32(tcp + TCP_SEQUENCE),
		.source_port = (uint16_t)(ports >> 16),
		.destination_port = (uint16_t)ports,
		.l3_offset = ETHERNET_BYTES,
		.l4_offset = IPV4_MIN_BYTES,
		.ip_len = ip_len,
		.l4_len = (uint16_t)(ip_len - IPV4_MIN_BYTES),
		.protocol = PROTOCOL_TCP,
		.ttl = (uint8_t)(second >> 40),
		.traffic_class = (uint8_t)(first >> 32),
		.tcp_flags = tcp[TCP_FLAGS],
		.tcp_header_len = tcp_len,
	};
	return true;
}

static enum parse_outcome parse_payload(
	uint16_t type, const uint8_t *payload, size_t len, struct packet_view *view)
{
	switch (type) {
	case ETHERTYPE_IPV4_ID:
		return parse_ipv4(payload, len, view);
	case ETHERTYPE_IPV6_ID:
		return parse_ipv6(payload, len, view);
	case ETHERTYPE_ARP_ID:
		*view = (struct packet_view){0};
		return len < ARP_BYTES ? PARSE_MALFORMED_ETHERNET : PARSE_ARP;
	default:
		*view = (struct packet_view){0};
		return PARSE_MALFORMED_ETHERNET;
	}
}

// Not inlined: what it needs more of the stack and registers, most packets need not pay.
static __attribute__((noinline)) enum parse_outcome parse_any(
	const uint8_t *frame, size_t len, struct packet_view *view)
{
	size_t at = ETHERNET_BYTES;
	enum parse_outcome outcome;
	uint16_t type, vlan = 0;
	uint8_t tags = 0;

	if (len < ETHERNET_BYTES) {
		*view = (struct packet_view){0};
		return PARSE_MALFORMED_ETHERNET;
	}
	type = load_be16(frame + at - 2);
	while ((type == ETHERTYPE_VLAN_ID || type == ETHERTYPE_QINQ_ID) && tags < VLAN_MAX_TAGS &&
		len - at >= VLAN_BYTES) {
		if (tags++ == 0)
			vlan = load_be16(frame + at) & 0x0fff;
		at += VLAN_BYTES;
		type = load_be16(frame + at - 2);
	}
	outcome = parse_payload(type, frame + at, len - at, view);
	view->l3_offset = (uint16_t)at;
	view->vlan = vlan;
	view->vlan_tags = tags;
	return outcome;
}

enum parse_outcome parse_frame(const uint8_t *frame, size_t len, struct packet_view *view)
{
	return parse_common(frame, len, view) ? PARSE_IP : parse_any(frame, len, view);
}
