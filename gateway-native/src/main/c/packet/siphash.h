// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, 2012).
#ifndef DYETRACE_SIPHASH_H
#define DYETRACE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define DT_SIPHASH_KEY_BYTES 16

struct dt_siphash_key {
	uint64_t k0;
	uint64_t k1;
};

// The key as 16 bytes, as configuration files write it.
struct dt_siphash_key dt_siphash_key_read(const uint8_t bytes[DT_SIPHASH_KEY_BYTES]);

// Of a message that stands in words, its first byte lowest, the last one filled up with zeros.
uint64_t dt_siphash24_words(const struct dt_siphash_key *key, const uint64_t *words, size_t len);

uint64_t dt_siphash24(const struct dt_siphash_key *key, const void *data, size_t len);

#endif
