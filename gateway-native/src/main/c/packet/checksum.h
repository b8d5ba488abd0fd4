// SPDX-License-Identifier: Apache-2.0
//
// The Internet checksum. All 16-bit words are taken as they stand in memory: the ones' complement
// sum does not care for byte order. Deltas follow RFC 1624: HC' = ~(~HC + ~m + m').
#ifndef DYETRACE_CHECKSUM_H
#define DYETRACE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// Adds len bytes (an odd last byte is padded with zero) to a running sum.
uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t len);

// The checksum of len bytes, ready to be stored with store_raw16(). 0 over bytes that contain their
// own right checksum.
uint16_t checksum(const uint8_t *bytes, size_t len);

// The checksum of a TCP or UDP segment with its IPv4 pseudo header; 0 over a segment whose checksum
// is right.
uint16_t checksum_transport(uint32_t source_raw, uint32_t destination_raw, uint8_t protocol,
	const uint8_t *segment, size_t len);

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// What replacing old words by new ones does to a sum; deltas add up (fold the total).
static inline uint64_t checksum_delta16(uint16_t old_raw, uint16_t new_raw)
{
	return (uint64_t)(uint16_t)~old_raw + new_raw;
}

static inline uint64_t checksum_delta32(uint32_t old_raw, uint32_t new_raw)
{
	return checksum_delta16((uint16_t)old_raw, (uint16_t)new_raw) +
	       checksum_delta16((uint16_t)(old_raw >> 16), (uint16_t)(new_raw >> 16));
}

// The checksum field after a change of folded delta.
static inline uint16_t checksum_apply(uint16_t field, uint16_t delta)
{
	return (uint16_t)~checksum_fold((uint64_t)(uint16_t)~field + delta);
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
