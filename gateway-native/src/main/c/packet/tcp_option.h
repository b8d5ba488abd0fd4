// SPDX-License-Identifier: Apache-2.0
//
// TCP options that the gateway changes: MSS is clamped, the client's address is told to the server
// by TOA. Pure; checksums are kept by difference (RFC 1624).
#ifndef DYETRACE_TCP_OPTION_H
#define DYETRACE_TCP_OPTION_H

#include "parse.h"

#define TOA_KIND 254     // RFC 4727 experiment, as the TOA kernel modules read it
#define TOA_V4_BYTES 8   // kind, length, port, address
#define TOA_V6_BYTES 20  // kind, length, port, address
#define TCP_MAX_BYTES 60 // header with options

// Lowers the MSS option of a SYN or SYN-ACK to max; false: there was none to lower.
bool tcp_clamp_mss(uint8_t *tcp, size_t header_len, uint16_t max);

// Bytes by which the header grows for a TOA of this client: TOA_V4_BYTES or TOA_V6_BYTES, less what
// padding (NOPs and what follows END, in runs; a TOA of the client's own, which would lie) in the
// header can be overwritten, rounded up to 4; or -ENOSPC when the header would exceed
// TCP_MAX_BYTES. 0 is an answer: it fits in place.
int toa_growth(const uint8_t *tcp, size_t header_len, const struct ip_address *client);

// Puts the TOA into the header. The caller has made room: header_len + growth bytes stand at tcp,
// the old header at its beginning. Updates the data offset, but not the TCP checksum: the pseudo
// header changes with the length, so the sum to add comes back (fold it with the rest; checksum.h).
// Every other TOA becomes NOPs. 0, and nothing has changed: growth is not enough.
uint64_t toa_insert(uint8_t *tcp, size_t header_len, unsigned int growth,
	const struct ip_address *client, uint16_t client_port);

// NOPs over every TOA in front of the first broken option, the checksum with them.
void toa_erase(uint8_t *tcp, size_t header_len);

#endif
