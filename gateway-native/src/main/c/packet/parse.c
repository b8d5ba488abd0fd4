// SPDX-License-Identifier: Apache-2.0
#include "parse.h"

#include "bytes.h"
#include "checksum.h"

static enum parse_outcome parse_tcp(const uint8_t *tcp, size_t len, struct packet_view *view)
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
	if ((flags & TCP_SYN) && (flags & (TCP_FIN | TCP_RST)))
		return PARSE_MALFORMED_TCP;
	if ((flags & (TCP_SYN | TCP_RST | TCP_ACK | TCP_FIN)) == 0)
		return PARSE_MALFORMED_TCP;
	return PARSE_IPV4;
}

static enum parse_outcome parse_udp(const uint8_t *udp, size_t len, struct packet_view *view)
{
	uint16_t udp_len;

	if (len < UDP_BYTES)
		return PARSE_MALFORMED_UDP;
	view->source_port = load_be16(udp);
	view->destination_port = load_be16(udp + 2);
	udp_len = load_be16(udp + UDP_LENGTH);
	if (udp_len < UDP_BYTES || udp_len > len || view->destination_port == 0)
		return PARSE_MALFORMED_UDP;
	return PARSE_IPV4;
}

// Not a host's own address: multicast, reserved, "this network" or loopback.
static bool impossible_source(uint32_t address_raw)
{
	uint8_t first = *(const uint8_t *)&address_raw;

	return first >= 224 || first == 0 || first == 127;
}

enum parse_outcome parse_ipv4(const uint8_t *packet, size_t len, struct packet_view *view)
{
	size_t header_len;
	uint16_t fragment;

	if (len < IPV4_MIN_BYTES || packet[0] >> 4 != 4)
		return PARSE_MALFORMED_IP;
	header_len = (size_t)(packet[0] & 0x0f) * 4;
	view->source = load_raw32(packet + IPV4_SOURCE);
	view->destination = load_raw32(packet + IPV4_DESTINATION);
	view->protocol = packet[IPV4_PROTOCOL];
	view->ttl = packet[IPV4_TTL];
	view->ip_len = load_be16(packet + IPV4_TOTAL_LENGTH);
	if (header_len < IPV4_MIN_BYTES || header_len > len)
		return PARSE_MALFORMED_IP;
	if (view->ip_len < header_len || view->ip_len > len)
		return PARSE_MALFORMED_IP;
	if (checksum(packet, header_len) != 0)
		return PARSE_BAD_CHECKSUM;
	if (impossible_source(view->source))
		return PARSE_MALFORMED_IP;
	view->l4_offset = (uint16_t)(view->l3_offset + header_len);
	view->l4_len = (uint16_t)(view->ip_len - header_len);
	fragment = load_be16(packet + IPV4_FRAGMENT);
	if (fragment & 0x3fff) // more fragments, or not the first
		return PARSE_FRAGMENT;
	packet += header_len;
	switch (view->protocol) {
	case PROTOCOL_TCP:
		return parse_tcp(packet, view->l4_len, view);
	case PROTOCOL_UDP:
		return parse_udp(packet, view->l4_len, view);
	case PROTOCOL_ICMP:
		return view->l4_len < ICMP_MIN_BYTES ? PARSE_MALFORMED_ICMP : PARSE_IPV4;
	default:
		return PARSE_IPV4;
	}
}

enum parse_outcome parse_frame(const uint8_t *frame, size_t len, struct packet_view *view)
{
	*view = (struct packet_view){0};
	if (len < ETHERNET_BYTES)
		return PARSE_MALFORMED_ETHERNET;
	view->l3_offset = ETHERNET_BYTES;
	switch (load_be16(frame + 12)) {
	case ETHERTYPE_ARP_ID:
		return len - ETHERNET_BYTES < ARP_BYTES ? PARSE_MALFORMED_ETHERNET : PARSE_ARP;
	case ETHERTYPE_IPV4_ID:
		return parse_ipv4(frame + ETHERNET_BYTES, len - ETHERNET_BYTES, view);
	default:
		return PARSE_MALFORMED_ETHERNET;
	}
}
