// SPDX-License-Identifier: Apache-2.0
//
// Views of packets that a test wrote itself: what is there, nothing checked.
#ifndef DYETRACE_TEST_VIEW_H
#define DYETRACE_TEST_VIEW_H

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/parse.h"

static inline struct packet_view view_of(const uint8_t *packet)
{
	struct packet_view view = {.is_v6 = packet[0] >> 4 == 6};

	if (view.is_v6) {
		view.source = ip_load_v6(packet + IPV6_SOURCE);
		view.destination = ip_load_v6(packet + IPV6_DESTINATION);
		view.ip_len = (uint16_t)(IPV6_BYTES + load_be16(packet + IPV6_PAYLOAD_LENGTH));
		view.l4_offset = IPV6_BYTES;
		view.protocol = packet[IPV6_NEXT_HEADER];
		view.ttl = packet[IPV6_HOP_LIMIT];
		view.traffic_class = (uint8_t)(load_be16(packet) >> 4);
	} else {
		view.source = ip_from_v4(load_raw32(packet + IPV4_SOURCE));
		view.destination = ip_from_v4(load_raw32(packet + IPV4_DESTINATION));
		view.ip_len = load_be16(packet + IPV4_TOTAL_LENGTH);
		view.l4_offset = (uint16_t)((packet[0] & 0x0f) * 4);
		view.protocol = packet[IPV4_PROTOCOL];
		view.ttl = packet[IPV4_TTL];
		view.traffic_class = packet[IPV4_TOS];
	}
	view.l4_len = (uint16_t)(view.ip_len - view.l4_offset);
	if (view.protocol == PROTOCOL_UDP || view.protocol == PROTOCOL_TCP) {
		view.source_port = load_be16(packet + view.l4_offset);
		view.destination_port = load_be16(packet + view.l4_offset + 2);
	}
	return view;
}

static inline struct ip_address address_of(const char *text)
{
	struct ip_address a = {0};
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_from_v4(v4.s_addr);
	inet_pton(AF_INET6, text, a.bytes);
	return a;
}

#endif
