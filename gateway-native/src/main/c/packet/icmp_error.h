// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors that the gateway itself sends (RFC 792, 1191, 4443). Pure.
#ifndef DYETRACE_ICMP_ERROR_H
#define DYETRACE_ICMP_ERROR_H

#include "parse.h"

#define ICMP_ERROR_V4_MAX_BYTES 576 // RFC 1812, 4.3.2.3
#define ICMP_ERROR_V6_MAX_BYTES 1280

enum icmp_error_kind {
	ICMP_ERROR_TIME_EXCEEDED,
	ICMP_ERROR_PACKET_TOO_BIG, // IPv4: fragmentation needed
};

// No error may answer this packet (RFC 1122, 3.2.2 and RFC 4443, 2.4 e): an ICMP error, a later
// fragment, a group address, no single source.
bool icmp_error_allowed(const uint8_t *packet, const struct packet_view *view);

// Writes a whole IP packet into out (ICMP_ERROR_V6_MAX_BYTES) from `source` to the sender of the
// offending one, which begins at its IP header. mtu: of the next hop, for PACKET_TOO_BIG. Returns
// its length; 0: source is of the other family.
size_t icmp_error_write(enum icmp_error_kind kind, uint32_t mtu, const struct ip_address *source,
	const uint8_t *packet, const struct packet_view *view, uint8_t *out);

#endif
