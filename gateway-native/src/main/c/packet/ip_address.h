// SPDX-License-Identifier: Apache-2.0
//
// An IP address of either family in 16 bytes, network order. IPv4 stands as an IPv4-mapped address
// (RFC 4291, 2.5.5.2), so one type and one comparison serve both. All zero: no address.
#ifndef DYETRACE_IP_ADDRESS_H
#define DYETRACE_IP_ADDRESS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ip_address {
	union {
		uint8_t bytes[16];
		uint32_t words[4];
		uint64_t halves[2];
	};
};

// What tells the lower halves of IPv4 addresses apart.
static inline uint64_t ip_v4_half(uint32_t raw)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint64_t)raw << 32;
#else
	return raw;
#endif
}

static inline struct ip_address ip_from_v4(uint32_t raw)
{
	struct ip_address a;

	a.halves[0] = 0;
	// One store, not two: what reads the half back at once (a hash, a comparison) need not
	// wait.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	a.halves[1] = (uint64_t)raw << 32 | 0xffff0000u;
#else
	a.halves[1] = (uint64_t)0xffff << 32 | raw;
#endif
	return a;
}

static inline struct ip_address ip_load_v6(const uint8_t *bytes)
{
	struct ip_address a;

	memcpy(a.bytes, bytes, sizeof(a.bytes));
	return a;
}

static inline bool ip_is_v4(const struct ip_address *a)
{
	return a->halves[0] == 0 && a->words[2] == htonl(0xffff);
}

// The IPv4 address, raw; meaningless for IPv6.
static inline uint32_t ip_v4(const struct ip_address *a)
{
	return a->words[3];
}

static inline bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	return ((a->halves[0] ^ b->halves[0]) | (a->halves[1] ^ b->halves[1])) == 0;
}

static inline bool ip_is_set(const struct ip_address *a)
{
	return (a->halves[0] | a->halves[1]) != 0;
}

// ((a ^ b) & mask) == 0
static inline bool ip_in_prefix(
	const struct ip_address *a, const struct ip_address *b, const struct ip_address *mask)
{
	return (((a->halves[0] ^ b->halves[0]) & mask->halves[0]) |
		       ((a->halves[1] ^ b->halves[1]) & mask->halves[1])) == 0;
}

#define IP_ADDRESS_TEXT_BYTES INET6_ADDRSTRLEN

// "192.0.2.1" or "2001:db8::1".
static inline const char *ip_text(const struct ip_address *a, char text[IP_ADDRESS_TEXT_BYTES])
{
	return ip_is_v4(a) ? inet_ntop(AF_INET, &a->words[3], text, IP_ADDRESS_TEXT_BYTES)
			   : inet_ntop(AF_INET6, a->bytes, text, IP_ADDRESS_TEXT_BYTES);
}

#endif
