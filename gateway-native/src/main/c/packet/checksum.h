// SPDX-License-Identifier: Apache-2.0
//
// The Internet checksum. All 16-bit words are taken as they stand in memory: the ones' complement
// sum does not care for byte order. Deltas follow RFC 1624: HC' = ~(~HC + ~m + m').
#ifndef DYETRACE_CHECKSUM_H
#define DYETRACE_CHECKSUM_H

#include "bytes.h"
#include "ip_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet_view;

// Adds len bytes (an odd last byte is padded with zero) to a running sum.
uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t len);

// The checksum of len bytes, ready to be stored with store_raw16(). 0 over bytes that contain their
// own right checksum.
uint16_t checksum(const uint8_t *bytes, size_t len);

// The checksum of a segment with its pseudo header: TCP and UDP of both families, ICMPv6; 0 over a
// segment whose checksum is right.
uint16_t checksum_transport(const struct ip_address *source, const struct ip_address *destination,
	uint8_t protocol, const uint8_t *segment, size_t len);

// SCTP's (RFC 9260, appendix A: CRC32c) over a packet whose checksum field counts as zero; stored
// with store_raw32(). At least SCTP_BYTES.
uint32_t checksum_sctp(const uint8_t *packet, size_t len);

// The transport checksum of a packet that parse_ip() took is right, or there is none to check: of a
// fragment, of another protocol, of UDP without.
bool checksum_is_right(const uint8_t *packet, const struct packet_view *view);

// Adds the halves to each other, twice: the upper half of a number plus itself turned round is the
// sum of both halves with the carry brought back. 0 comes out of 0 alone.
static inline uint16_t checksum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

// 64 bits at once, with the carry brought back.
static inline uint64_t checksum_add64(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

// Of an IPv4 header of header_len bytes, at least 20; 0: it is right.
static inline uint16_t checksum_ipv4(const uint8_t *header, size_t header_len)
{
	uint64_t sum = checksum_add64(load_raw64(header), load_raw64(header + 8));

	sum = checksum_add64(sum, load_raw32(header + 16));
	for (size_t at = 20; at < header_len; at += 4)
		sum = checksum_add64(sum, load_raw32(header + at));
	return (uint16_t)~checksum_fold(sum);
}

// checksum_ipv4() of a header without options is 0. The words add up to a multiple of 65,535 then:
// cheaper to tell than to fold, however wide they are added.
static inline bool checksum_ipv4_is_right(const uint8_t *header)
{
	uint64_t sum;

	sum = __builtin_add_overflow(load_raw64(header), load_raw64(header + 8), &sum) + sum;
	sum = __builtin_add_overflow(sum, (uint64_t)load_raw32(header + 16), &sum) + sum;
	return sum % UINT16_MAX == 0;
}

// What an address adds to the sum of a pseudo header. One calculation for both families: what an
// IPv4-mapped address has more than an IPv4 address is 0xffff, the other zero of ones' complement.
static inline uint64_t checksum_add_address(uint64_t sum, const struct ip_address *address)
{
	return sum + address->words[0] + address->words[1] + address->words[2] + address->words[3];
}

// What replacing old words by new ones does to a sum; deltas add up (fold the total).
static inline uint64_t checksum_delta16(uint16_t old_raw, uint16_t new_raw)
{
	return (uint64_t)(uint16_t)~old_raw + new_raw;
}

static inline uint64_t checksum_delta32(uint32_t old_raw, uint32_t new_raw)
{
	return (uint64_t)(uint32_t)~old_raw + new_raw;
}

// The same for addresses in a pseudo header; the family may change.
static inline uint64_t checksum_delta_address(
	const struct ip_address *old, const struct ip_address *new)
{
	const struct ip_address complement = {
		.halves = {~old->halves[0], ~old->halves[1]},
	};

	return checksum_add_address(checksum_add_address(0, &complement), new);
}

// The checksum field after a change of folded delta: ~(~field + delta), which is field - delta with
// the borrow brought back.
static inline uint16_t checksum_apply(uint16_t field, uint16_t delta)
{
	uint16_t after;
	bool borrow = __builtin_sub_overflow(field, delta, &after);

	return (uint16_t)(after - borrow);
}

// The same after changes whose deltas add up to sum.
static inline uint16_t checksum_apply_sum(uint16_t field, uint64_t sum)
{
	return (uint16_t)~checksum_fold(sum + (uint16_t)~field);
}

// The same for UDP, where 0 means "none" and must neither be touched nor come out.
static inline uint16_t checksum_apply_udp(uint16_t field, uint16_t delta)
{
	if (field == 0)
		return 0;
	field = checksum_apply(field, delta);
	return field == 0 ? 0xffff : field;
}

#endif
