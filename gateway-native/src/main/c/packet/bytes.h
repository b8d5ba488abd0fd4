// SPDX-License-Identifier: Apache-2.0
//
// Unaligned loads and stores. "be": network order on the wire, host order in the variable. "raw":
// the bytes as they stand.
#ifndef DYETRACE_BYTES_H
#define DYETRACE_BYTES_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load_raw16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load_raw32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load_raw64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store_raw16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store_raw32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t load_be16(const uint8_t *p)
{
	return ntohs(load_raw16(p));
}

static inline uint32_t load_be32(const uint8_t *p)
{
	return ntohl(load_raw32(p));
}

static inline uint64_t load_be64(const uint8_t *p)
{
	return be64toh(load_raw64(p));
}

static inline void store_be16(uint8_t *p, uint16_t v)
{
	store_raw16(p, htons(v));
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	store_raw32(p, htonl(v));
}

static inline void store_be64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
