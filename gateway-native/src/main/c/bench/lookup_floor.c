// SPDX-License-Identifier: Apache-2.0
#include "lookup_floor.h"

#include "../datapath/flow_hash.h"
#include "../datapath/huge_memory.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SLOTS = 8,
	FLOWS_PER_BUCKET = 3,
	MIN_ORDER = 1 << 16,
	MAX_ORDER = 1 << 24,
	PIECE_BURSTS = 16
};

struct floor_session {
	uint64_t key[2]; // addresses; ports and protocol
	uint64_t touched;
	uint64_t rest[5];
};

// A full one is followed by the next.
struct floor_bucket {
	uint16_t tags[SLOTS]; // 0: empty
	uint32_t sessions[SLOTS];
	uint32_t reserved[4];
};

_Static_assert(sizeof(struct floor_session) == 64 && sizeof(struct floor_bucket) == 64, "lines");

struct floor_table {
	struct floor_session *sessions;
	struct floor_bucket *buckets;
	uint32_t bucket_count;
	uint64_t seed;
};

struct floor_key {
	uint64_t key[2];
	uint64_t hash;
};

uint64_t lookup_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint32_t *lookup_order(const struct lookup_bench *bench, uint64_t *count)
{
	uint64_t random = bench->seed | 1;
	uint32_t *order;

	for (*count = MIN_ORDER; *count < bench->flows && *count < MAX_ORDER;)
		*count *= 2;
	order = malloc(*count * sizeof(*order));
	for (uint64_t i = 0; order && i < *count; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		order[i] = bench->in_order ? (uint32_t)(i % bench->flows)
					   : (uint32_t)((random >> 32) * bench->flows >> 32);
	}
	return order;
}

static inline struct floor_key key_of(const struct floor_table *table, uint32_t flow)
{
	struct floor_key k;

	k.key[0] = (uint64_t)(0x0a000000 + flow / 50000) << 32 | 0xc0000201;
	k.key[1] = (uint64_t)(1024 + flow % 50000) << 32 | 443 << 16 | 6;
	// One multiplication would put ports that come in turn many into one bucket.
	k.hash = flow_hash_finish(
		flow_hash_mix(k.key[0] ^ table->seed, k.key[1] ^ 0xe7037ed1a0b428dbull));
	return k;
}

static inline struct floor_bucket *bucket_of(const struct floor_table *table, uint64_t hash)
{
	return &table->buckets[(hash & UINT32_MAX) * table->bucket_count >> 32];
}

static inline uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 32 | 1);
}

static inline uint32_t match(const struct floor_bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)bucket->tags);
	__m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	uint32_t bits = 0;

	for (unsigned int i = 0; i < SLOTS; i++)
		bits |= (uint32_t)(bucket->tags[i] == tag) << i;
	return bits;
#endif
}

static inline struct floor_bucket *after(
	const struct floor_table *table, const struct floor_bucket *bucket)
{
	size_t next = (size_t)(bucket - table->buckets) + 1;

	return &table->buckets[next == table->bucket_count ? 0 : next];
}

static void fill(struct floor_table *table, uint32_t flows)
{
	for (uint32_t flow = 0; flow < flows; flow++) {
		struct floor_key k = key_of(table, flow);
		struct floor_bucket *bucket = bucket_of(table, k.hash);
		unsigned int slot;

		while (!match(bucket, 0))
			bucket = after(table, bucket);
		slot = (unsigned int)__builtin_ctz(match(bucket, 0));
		bucket->tags[slot] = tag_of(k.hash);
		bucket->sessions[slot] = flow;
		memcpy(table->sessions[flow].key, k.key, sizeof(k.key));
	}
}

static inline struct floor_session *find(const struct floor_table *table, const struct floor_key *k)
{
	const struct floor_bucket *bucket = bucket_of(table, k->hash);
	uint16_t tag = tag_of(k->hash);

	for (;; bucket = after(table, bucket)) {
		for (uint32_t m = match(bucket, tag); m; m &= m - 1) {
			struct floor_session *s =
				&table->sessions[bucket->sessions[__builtin_ctz(m)]];

			if (s->key[0] == k->key[0] && s->key[1] == k->key[1])
				return s;
		}
	}
}

static inline void one_burst(
	const struct floor_table *table, const uint32_t *flows, uint32_t n, uint64_t now)
{
	struct floor_key keys[LOOKUP_MAX_BURST];

	for (uint32_t i = 0; i < n; i++) {
		keys[i] = key_of(table, flows[i]);
		__builtin_prefetch(bucket_of(table, keys[i].hash));
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct floor_bucket *bucket = bucket_of(table, keys[i].hash);
		uint32_t m = match(bucket, tag_of(keys[i].hash));

		if (m)
			__builtin_prefetch(&table->sessions[bucket->sessions[__builtin_ctz(m)]], 1);
	}
	for (uint32_t i = 0; i < n; i++)
		find(table, &keys[i])->touched = now;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// The median over pieces, as of what stands beside it: on a shared machine, others are in the mean.
static double run(const struct floor_table *table, const struct lookup_bench *bench,
	const uint32_t *order, uint64_t count)
{
	uint64_t at = 0, warm = count / bench->burst / PIECE_BURSTS + 1;
	uint64_t pieces = bench->packets / bench->burst / PIECE_BURSTS + 1;
	double *ns = malloc(pieces * sizeof(*ns)), median;

	for (uint64_t i = 0; ns && i < warm + pieces; i++) {
		uint64_t start = lookup_now_ns();

		for (uint64_t n = 0; n < PIECE_BURSTS; n++) {
			if (at + bench->burst > count)
				at = 0;
			one_burst(table, order + at, bench->burst, i);
			at += bench->burst;
		}
		if (i >= warm)
			ns[i - warm] = (double)(lookup_now_ns() - start) /
				       (PIECE_BURSTS * (double)bench->burst);
	}
	if (!ns)
		return -1;
	qsort(ns, pieces, sizeof(*ns), compare);
	median = ns[pieces / 2];
	free(ns);
	return median;
}

double bench_lookup_floor(const struct lookup_bench *bench)
{
	struct floor_table table = {
		.bucket_count = bench->flows / FLOWS_PER_BUCKET + 16,
		.seed = bench->seed,
	};
	size_t session_bytes = (size_t)bench->flows * sizeof(*table.sessions);
	size_t bucket_bytes = (size_t)table.bucket_count * sizeof(*table.buckets);
	uint64_t count;
	uint32_t *order = lookup_order(bench, &count);
	double ns = -1;

	table.sessions = huge_memory_map(session_bytes);
	table.buckets = huge_memory_map(bucket_bytes);
	if (order && table.sessions && table.buckets) {
		fill(&table, bench->flows);
		ns = run(&table, bench, order, count);
	}
	huge_memory_unmap(table.buckets, bucket_bytes);
	huge_memory_unmap(table.sessions, session_bytes);
	free(order);
	return ns;
}
