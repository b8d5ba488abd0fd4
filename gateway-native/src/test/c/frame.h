// SPDX-License-Identifier: Apache-2.0
//
// Frames for tests.
#ifndef DYETRACE_TEST_FRAME_H
#define DYETRACE_TEST_FRAME_H

#include "../../main/c/packet/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
	size_t len;
	uint8_t bytes[2048];
};

struct frame_flow {
	const char *source;
	const char *destination;
	uint16_t source_port;
	uint16_t destination_port;
};

struct frame frame_tcp(struct frame_flow flow, uint8_t flags, uint32_t sequence,
	const uint8_t *options, size_t options_len, size_t payload_len);
struct frame frame_udp(struct frame_flow flow, size_t payload_len, bool with_checksum);
struct frame frame_echo(const char *source, const char *destination);
// An ICMP error that quotes the IP packet of another frame, as a router sends it (the header and 8
// bytes more).
struct frame frame_unreachable(
	const char *source, const char *destination, const struct frame *quoted);
struct frame frame_arp_request(const char *sender, const char *target);

// Repairs all checksums after a change.
void frame_finish(struct frame *frame);

// IP and transport checksums are right (a UDP checksum of 0 is).
bool frame_checksums_right(const uint8_t *bytes, size_t len);

uint32_t frame_address(const char *text);

#endif
