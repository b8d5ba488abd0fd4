// SPDX-License-Identifier: Apache-2.0
//
// The whole datapath, through `dyetrace-gateway --replay`: captures in, captures and points out.
#ifndef DYETRACE_REPLAY_FIXTURE_H
#define DYETRACE_REPLAY_FIXTURE_H

#include "test.h"

#include "frame.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/colour.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
#define START (1767225600ull * SECOND + 7 * SECOND) // well inside an epoch

// What the usual configuration knows.
#define CLIENT "198.18.11.2" // in a prober's prefix
#define CLIENT6 "2001:db8:11::2"
#define VIP "198.19.0.1"
#define VIP6 "2001:db8:f00::1"
#define LOCAL "198.18.21.16"
#define LOCAL6 "2001:db8:21::16"
#define PORT "198.18.21.2"
#define PORT6 "2001:db8:21::2"

enum {
	MAX_FRAMES = 1024,
	L3 = ETHERNET_BYTES,
	L4 = L3 + IPV4_MIN_BYTES,
	L4_V6 = L3 + IPV6_BYTES,
};

struct capture {
	unsigned int count; // may be more than are kept
	uint64_t times[MAX_FRAMES];
	struct frame frames[MAX_FRAMES];
};

extern struct capture in, out;
extern json_t *points;
extern unsigned int workers; // of the replay; 1 at the beginning of each test

// The configuration, by sections that a test may replace; config_extra is empty.
extern const char *config_tier, *config_telemetry, *config_network, *config_extra, *config_sessions,
	*config_vips;

int setup(void **state);

// Runs the tests in a directory of their own.
int replay_main(const struct CMUnitTest *tests, size_t count);
#define REPLAY_TESTS(tests)                                                                        \
	int main(void)                                                                             \
	{                                                                                          \
		return replay_main(tests, sizeof(tests) / sizeof((tests)[0]));                     \
	}

void feed_at(uint64_t time, struct frame frame);
void feed(struct frame frame); // a millisecond after the one before
void replay(void);             // everything fed, from the start

// For more than MAX_FRAMES.
void open_input(void);
void put(uint64_t time, const uint8_t *bytes, size_t len);
void replay_input(void);
void read_output(void); // once more
// The same, into other files of the test's directory; the exit status.
int replay_to(const char *out_name, const char *points_name);

// Of a point.
const char *text(size_t index, const char *key);
json_int_t number(size_t index, const char *key);
bool flag(size_t index, const char *key);

// "RX,TX" and so on; a drop is its reason.
const char *told(void);

struct frame syn(uint16_t source_port, uint16_t vip_port);
// A backend's TCP segment that answers one that was sent to it, of either family.
struct frame reply_to(const struct frame *sent, uint8_t flags);
// The same for UDP.
struct frame udp_reply_to(const struct frame *sent, size_t payload_len);

struct colour {
	uint8_t flags;
	uint16_t prober_id;
	uint32_t sequence;
	uint32_t syn_sequence;
	uint64_t time;
	uint16_t source_port;
	const char *source; // NULL: CLIENT
};

void make_option(uint8_t out_bytes[DT_COLOUR_BYTES], struct colour c);
// A coloured SYN or, with the reset flag, RST towards vip-web; sequence is the probe's.
struct frame coloured(uint16_t source_port, uint8_t flags, uint32_t sequence, uint64_t time);
bool has_colour(const struct frame *frame);

// Checks of a frame that came out.
const uint8_t *l3_of(const struct frame *frame);
const uint8_t *l4_of(const struct frame *frame);
size_t l4_len_of(const struct frame *frame);
uint16_t source_port_of(const struct frame *frame);
uint16_t destination_port_of(const struct frame *frame);
struct ip_address source_of(const struct frame *frame);
struct ip_address destination_of(const struct frame *frame);
void assert_from(const struct frame *frame, const char *address, uint16_t port);
void assert_to(const struct frame *frame, const char *address, uint16_t port);
void assert_right(const struct frame *frame); // its checksums

// The frame that an encapsulated one carries, as a frame.
struct frame inner_of(const struct frame *outer, size_t header_bytes);

// Changes 16 bits of an IPv4 header, and its checksum.
void change_ip(struct frame *frame, size_t at, uint16_t value);
void set_ttl(struct frame *frame, uint8_t ttl);

#endif
