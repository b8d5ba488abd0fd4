// SPDX-License-Identifier: Apache-2.0
#include "siphash_burst.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

typedef void (*burst_function)(struct dt_siphash_burst *burst, unsigned int count, size_t len);

static void by_scalar(struct dt_siphash_burst *burst, unsigned int count, size_t len)
{
	for (unsigned int lane = 0; lane < count; lane++) {
		const struct dt_siphash_key key = {burst->k0[lane], burst->k1[lane]};
		uint64_t words[DT_SIPHASH_LANE_WORDS];

		for (unsigned int i = 0; i < DT_SIPHASH_LANE_WORDS; i++)
			words[i] = i * 8 < len ? burst->words[i][lane] : 0;
		burst->hashes[lane] = dt_siphash24_words(&key, words, len);
	}
}

#ifdef __x86_64__

// The algorithm once for each width; SET1, XOR, ADD, ROTATE and LOAD are what differs.
#define ROUND()                                                                                    \
	do {                                                                                       \
		v0 = ADD(v0, v1);                                                                  \
		v2 = ADD(v2, v3);                                                                  \
		v1 = XOR(ROTATE_13(v1), v0);                                                       \
		v3 = XOR(ROTATE_16(v3), v2);                                                       \
		v0 = ADD(ROTATE_32(v0), v3);                                                       \
		v2 = ADD(v2, v1);                                                                  \
		v3 = XOR(ROTATE_21(v3), v0);                                                       \
		v1 = XOR(ROTATE_17(v1), v2);                                                       \
		v2 = ROTATE_32(v2);                                                                \
	} while (0)

#define TAKE(word)                                                                                 \
	do {                                                                                       \
		const VECTOR m = (word);                                                           \
                                                                                                   \
		v3 = XOR(v3, m);                                                                   \
		ROUND();                                                                           \
		ROUND();                                                                           \
		v0 = XOR(v0, m);                                                                   \
	} while (0)

#define BURST(first)                                                                               \
	do {                                                                                       \
		const VECTOR k0 = LOAD(burst->k0 + (first)), k1 = LOAD(burst->k1 + (first));       \
		VECTOR v0 = XOR(k0, SET1(0x736f6d6570736575)), v2;                                 \
		VECTOR v1 = XOR(k1, SET1(0x646f72616e646f6d)), v3, last;                           \
                                                                                                   \
		v2 = XOR(k0, SET1(0x6c7967656e657261));                                            \
		v3 = XOR(k1, SET1(0x7465646279746573));                                            \
		for (size_t i = 0; i < len / 8; i++)                                               \
			TAKE(LOAD(burst->words[i] + (first)));                                     \
		last = SET1((long long)((uint64_t)len << 56));                                     \
		if (len % 8)                                                                       \
			last = XOR(last, LOAD(burst->words[len / 8] + (first)));                   \
		TAKE(last);                                                                        \
		v2 = XOR(v2, SET1(0xff));                                                          \
		for (unsigned int i = 0; i < 4; i++)                                               \
			ROUND();                                                                   \
		STORE(burst->hashes + (first), XOR(XOR(v0, v1), XOR(v2, v3)));                     \
	} while (0)

#define VECTOR __m256i
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SET1(x) _mm256_set1_epi64x(x)
#define ADD(a, b) _mm256_add_epi64(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define ROTATE(v, n) _mm256_or_si256(_mm256_slli_epi64(v, n), _mm256_srli_epi64(v, 64 - (n)))
#define ROTATE_13(v) ROTATE(v, 13)
#define ROTATE_17(v) ROTATE(v, 17)
#define ROTATE_21(v) ROTATE(v, 21)
#define ROTATE_16(v) _mm256_shuffle_epi8(v, two_bytes_up)
#define ROTATE_32(v) _mm256_shuffle_epi32(v, _MM_SHUFFLE(2, 3, 0, 1))

__attribute__((target("avx2"))) static void by_avx2(
	struct dt_siphash_burst *burst, unsigned int count, size_t len)
{
	const __m256i two_bytes_up = _mm256_set_epi8(13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0,
		7, 6, 13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0, 7, 6);

	for (unsigned int first = 0; first < count; first += 4)
		BURST(first);
}

#undef VECTOR
#undef LOAD
#undef STORE
#undef SET1
#undef ADD
#undef XOR
#undef ROTATE
#undef ROTATE_13
#undef ROTATE_16
#undef ROTATE_17
#undef ROTATE_21
#undef ROTATE_32

#define VECTOR __m512i
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SET1(x) _mm512_set1_epi64(x)
#define ADD(a, b) _mm512_add_epi64(a, b)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define ROTATE_13(v) _mm512_rol_epi64(v, 13)
#define ROTATE_16(v) _mm512_rol_epi64(v, 16)
#define ROTATE_17(v) _mm512_rol_epi64(v, 17)
#define ROTATE_21(v) _mm512_rol_epi64(v, 21)
#define ROTATE_32(v) _mm512_rol_epi64(v, 32)

__attribute__((target("avx512f"))) static void by_avx512(
	struct dt_siphash_burst *burst, unsigned int count, size_t len)
{
	(void)count; // all of them cost no more
	BURST(0);
}

static const burst_function ways[DT_SIPHASH_WAYS] = {by_scalar, by_avx2, by_avx512};

static bool is_known(enum dt_siphash_way way)
{
	__builtin_cpu_init();
	return way == DT_SIPHASH_SCALAR ||
	       (way == DT_SIPHASH_AVX2 && __builtin_cpu_supports("avx2")) ||
	       (way == DT_SIPHASH_AVX512 && __builtin_cpu_supports("avx512f"));
}

#else

static const burst_function ways[DT_SIPHASH_WAYS] = {by_scalar, by_scalar, by_scalar};

static bool is_known(enum dt_siphash_way way)
{
	return way == DT_SIPHASH_SCALAR;
}

#endif

static burst_function chosen = by_scalar;

__attribute__((constructor)) static void choose(void)
{
	for (int way = DT_SIPHASH_SCALAR; way < DT_SIPHASH_WAYS; way++) {
		if (is_known((enum dt_siphash_way)way))
			chosen = ways[way];
	}
}

void dt_siphash24_burst(struct dt_siphash_burst *burst, unsigned int count, size_t len)
{
	chosen(burst, count, len);
}

bool dt_siphash24_burst_by(
	enum dt_siphash_way way, struct dt_siphash_burst *burst, unsigned int count, size_t len)
{
	if (!is_known(way))
		return false;
	ways[way](burst, count, len);
	return true;
}
