// SPDX-License-Identifier: Apache-2.0
#include "siphash.h"

static inline uint64_t read_le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t rotate_left(uint64_t v, int bits)
{
	return v << bits | v >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate_left(v[1], 13);
	v[1] ^= v[0];
	v[0] = rotate_left(v[0], 32);
	v[2] += v[3];
	v[3] = rotate_left(v[3], 16);
	v[3] ^= v[2];
	v[0] += v[3];
	v[3] = rotate_left(v[3], 21);
	v[3] ^= v[0];
	v[2] += v[1];
	v[1] = rotate_left(v[1], 17);
	v[1] ^= v[2];
	v[2] = rotate_left(v[2], 32);
}

struct dt_siphash_key dt_siphash_key_read(const uint8_t bytes[DT_SIPHASH_KEY_BYTES])
{
	return (struct dt_siphash_key){.k0 = read_le64(bytes), .k1 = read_le64(bytes + 8)};
}

static inline void begin(uint64_t v[4], const struct dt_siphash_key *key)
{
	v[0] = key->k0 ^ 0x736f6d6570736575ull;
	v[1] = key->k1 ^ 0x646f72616e646f6dull;
	v[2] = key->k0 ^ 0x6c7967656e657261ull;
	v[3] = key->k1 ^ 0x7465646279746573ull;
}

static inline void take(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

static inline uint64_t finish(uint64_t v[4])
{
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t dt_siphash24_words(const struct dt_siphash_key *key, const uint64_t *words, size_t len)
{
	uint64_t v[4];

	begin(v, key);
	for (size_t i = 0; i < len / 8; i++)
		take(v, words[i]);
	take(v, (uint64_t)len << 56 | (len % 8 ? words[len / 8] : 0));
	return finish(v);
}

uint64_t dt_siphash24(const struct dt_siphash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t last = (uint64_t)len << 56, v[4];
	size_t left = len;

	begin(v, key);
	for (; left >= 8; left -= 8, p += 8)
		take(v, read_le64(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	take(v, last);
	return finish(v);
}
