// SPDX-License-Identifier: Apache-2.0
//
// The colour: one TCP option of 20 bytes in a prober's SYN and RST. Pure: bytes in, struct out.
//
//   offset  0 kind 253 | 1 length 20 | 2 ExID 0x4459 | 4 version | 5 flags | 6 prober id | 8 probe
//   sequence | 12 MAC
//
// Network order, but for the MAC, which is written as SipHash's reference code does
// (little-endian).
#ifndef DYETRACE_COLOUR_H
#define DYETRACE_COLOUR_H

#include "siphash.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DT_COLOUR_KIND 253
#define DT_COLOUR_BYTES 20
#define DT_COLOUR_EXID 0x4459
#define DT_COLOUR_VERSION 1

// What is to be taken off a header's options, as bits.
#define DT_COLOUR_ERASE_COLOUR 1 // dt_colour_erase() would change something
#define DT_COLOUR_ERASE_TOA 2    // one of the other experimental kind is there: TOA (tcp_option.h)

#define DT_COLOUR_FLAG_KEY_ID 0x03 // mask
#define DT_COLOUR_FLAG_EVERY_STAGE 0x04
#define DT_COLOUR_FLAG_RESET 0x08

#define DT_COLOUR_KEY_IDS 4
#define DT_COLOUR_SIGNED_BYTES 8 // option bytes 4 to 11

// What the MAC is calculated over.
#define DT_COLOUR_MESSAGE_V4_BYTES 26
#define DT_COLOUR_MESSAGE_V6_BYTES 38

#define DT_COLOUR_EPOCH_NS 30000000000ull
#define DT_COLOUR_EPOCH_SLACK_NS 2000000000ull // how far a prober's clock may be off at a boundary

struct dt_colour_option {
	uint64_t mac;
	uint32_t probe_sequence;
	uint16_t prober_id;
	uint8_t version;
	uint8_t flags;
	uint8_t signed_bytes[DT_COLOUR_SIGNED_BYTES];
	uint8_t offset;   // of the option from the start of the options
	bool present;     // also when a later option is broken
	uint8_t to_erase; // dt_colour_find(): DT_COLOUR_ERASE_*
};

// Looks for the colour among a TCP header's options. 1: found, *out is filled in; 0: none; -EINVAL:
// the options contradict themselves (a length below 2 or past the end), with out->present set and
// *out filled in when there was a colour before that. The first colour counts. An option of the
// kind with another ExID or another length is skipped.
int dt_colour_find(const uint8_t *options, size_t len, struct dt_colour_option *out);

// Takes off whatever looks like a colour: NOPs over every option of the kind and the ExID, whatever
// its length; zeros behind the end of the list. Stops at an option that is broken. true: something
// changed; the TCP checksum is the caller's.
bool dt_colour_erase(uint8_t *options, size_t len);

// Writes the option, MAC included, from version, flags, prober id, probe sequence and mac.
void dt_colour_write(const struct dt_colour_option *option, uint8_t out[DT_COLOUR_BYTES]);

// The key of a prober id, from the key of a key id.
struct dt_siphash_key dt_colour_derive_key(const struct dt_siphash_key *key, uint16_t prober_id);

// The epoch a time lies in: 30 s each.
static inline uint64_t dt_colour_epoch(uint64_t now_ns)
{
	return now_ns / DT_COLOUR_EPOCH_NS;
}

// The first and the last epoch that a colour seen at this time may carry: the time's own, and a
// neighbour within 2 s of the boundary.
void dt_colour_epochs(uint64_t now_ns, uint64_t *first, uint64_t *last);

// What the MAC is calculated over, as words of which the first byte is the lowest, the last one
// filled up with zeros; returns its bytes. Arguments: see dt_colour_mac().
static inline size_t dt_colour_message(uint64_t words[5], const uint8_t *signed_bytes,
	uint64_t epoch, const uint8_t *source, size_t address_len, uint16_t source_port,
	uint32_t syn_sequence)
{
	// As they follow each other in the message.
	uint64_t end = (uint64_t)htole16(htobe16(source_port)) |
		       (uint64_t)htole32(htobe32(syn_sequence)) << 16;
	uint32_t v4;

	memcpy(words, signed_bytes, 8);
	words[0] = le64toh(words[0]);
	words[1] = __builtin_bswap64(epoch);
	if (address_len == 16) {
		memcpy(words + 2, source, 16);
		words[2] = le64toh(words[2]);
		words[3] = le64toh(words[3]);
		words[4] = end;
		return DT_COLOUR_MESSAGE_V6_BYTES;
	}
	memcpy(&v4, source, 4);
	words[2] = le32toh(v4) | end << 32;
	words[3] = end >> 32;
	return DT_COLOUR_MESSAGE_V4_BYTES;
}

// No early exit and no branch on the bytes: the time tells nothing about how many of them were
// right.
static inline bool dt_colour_mac_equal(uint64_t a, uint64_t b)
{
	uint64_t difference = a ^ b;

	return ((difference | (0 - difference)) >> 63) == 0;
}

// address_len is 4 or 16. syn_sequence: the SYN's sequence number; for a reset the RST's minus one.
// Ports and numbers in host order.
uint64_t dt_colour_mac(const struct dt_siphash_key *derived_key,
	const uint8_t signed_bytes[DT_COLOUR_SIGNED_BYTES], uint64_t epoch, const uint8_t *source,
	size_t address_len, uint16_t source_port, uint32_t syn_sequence);

// The initial sequence number of a probe's SYN.
uint32_t dt_colour_isn(const struct dt_siphash_key *derived_key, const uint8_t *prober,
	const uint8_t *vip, size_t address_len, uint16_t prober_port, uint16_t vip_port,
	uint64_t epoch);

#endif
