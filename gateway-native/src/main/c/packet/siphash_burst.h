// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 of eight messages of one length at once: as wide as the processor can, which is asked
// when the process starts. dt_siphash24_words() is the reference: the same numbers come out.
#ifndef DYETRACE_SIPHASH_BURST_H
#define DYETRACE_SIPHASH_BURST_H

#include "siphash.h"

#include <stdbool.h>

enum { DT_SIPHASH_LANES = 8, DT_SIPHASH_LANE_WORDS = 5 };

// Keys and messages, a column each. A message stands in words, its first byte lowest, the last one
// filled up with zeros. Columns that nobody asks for may hold anything.
struct dt_siphash_burst {
	_Alignas(64) uint64_t k0[DT_SIPHASH_LANES];
	_Alignas(64) uint64_t k1[DT_SIPHASH_LANES];
	_Alignas(64) uint64_t words[DT_SIPHASH_LANE_WORDS][DT_SIPHASH_LANES];
	_Alignas(64) uint64_t hashes[DT_SIPHASH_LANES]; // out
};

enum dt_siphash_way { DT_SIPHASH_SCALAR, DT_SIPHASH_AVX2, DT_SIPHASH_AVX512, DT_SIPHASH_WAYS };

// Fills in the hashes of the first `count` columns at least. len: of each message in bytes, below
// DT_SIPHASH_LANE_WORDS * 8.
void dt_siphash24_burst(struct dt_siphash_burst *burst, unsigned int count, size_t len);

// The same a given way, for tests. false: this processor does not know it.
bool dt_siphash24_burst_by(
	enum dt_siphash_way way, struct dt_siphash_burst *burst, unsigned int count, size_t len);

#endif
