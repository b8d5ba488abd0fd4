// SPDX-License-Identifier: Apache-2.0
//
// What the control thread prepares so that a new session finds its backend in a few loads.
#include "vip_servers.h"
#include "vip_table.h"

#include "flow_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGLEV_USUAL_BACKENDS 512
#define MAX_TURNS 65536 // of an order: beyond, weights are rounded

static uint16_t whole_weight(const struct backend *b)
{
	return (uint16_t)(b->weight * VIP_WEIGHT_STEPS);
}

static bool starts_slowly(const struct vip *vip, const struct backend *b)
{
	return vip->slow_start_ns != 0 && b->up_since_ns != 0;
}

static uint16_t weight_at(const struct vip *vip, const struct backend *b, uint64_t now_ns)
{
	uint64_t elapsed = now_ns > b->up_since_ns ? now_ns - b->up_since_ns : 0;
	uint64_t tenth = vip->slow_start_ns / VIP_WEIGHT_STEPS, steps;

	if (!starts_slowly(vip, b) || tenth == 0)
		return whole_weight(b);
	steps = elapsed / tenth + 1;
	return steps < VIP_WEIGHT_STEPS ? (uint16_t)(b->weight * steps) : whole_weight(b);
}

bool vip_slow_start_due(const struct vip *vip, uint64_t now_ns)
{
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		const struct backend *b = &vip->backends[i];

		if (b->effective_weight != weight_at(vip, b, now_ns))
			return true;
	}
	return false;
}

bool vip_slow_start(struct vip *vip, uint64_t now_ns)
{
	bool due = vip_slow_start_due(vip, now_ns);

	for (uint32_t i = 0; i < vip->backend_count; i++)
		vip->backends[i].effective_weight = weight_at(vip, &vip->backends[i], now_ns);
	return due;
}

// A backend that takes new sessions.
struct turn {
	uint16_t backend;
	uint32_t weight;
	uint32_t offset; // Maglev: of its permutation
	uint32_t skip;
	uint32_t next;   // place in its permutation; turns that it has had
	uint32_t credit; // takes an entry when it reaches the greatest weight
};

// A prime, the same for as many backends as usual VIPs have: another one would move nearly every
// flow. At least 32 entries a backend: the shares are right within 3 percent. 32 KiB, so that what
// new sessions read of it stays in the cache.
static uint32_t maglev_prime(uint32_t backends)
{
	return backends <= MAGLEV_USUAL_BACKENDS ? 16381 : 131071;
}

static uint64_t name_hash(const char *name, uint64_t seed)
{
	uint64_t h = seed;

	for (; *name; name++)
		h = flow_hash_mix(h ^ (uint8_t)*name, 0xa0761d6478bd642full);
	return flow_hash_mix(h, 0xe7037ed1a0b428dbull);
}

static void permute(const struct vip *vip, struct turn *turns, uint32_t count, uint32_t size)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *name = vip->backends[turns[i].backend].name;

		turns[i].offset = (uint32_t)(name_hash(name, 1) % size);
		turns[i].skip = (uint32_t)(name_hash(name, 2) % (size - 1) + 1);
	}
}

// Eisenbud et al., "Maglev" (NSDI 2016), 3.4: backends take turns in choosing the next free entry
// of a permutation of their own; a weight is the share of rounds in which a backend has a turn.
static void fill_maglev(struct vip *vip, struct turn *turns, uint32_t count)
{
	uint32_t size = vip->schedule_size, filled = 0, max_weight = 0;

	permute(vip, turns, count, size);
	for (uint32_t i = 0; i < count; i++)
		max_weight = turns[i].weight > max_weight ? turns[i].weight : max_weight;
	memset(vip->schedule, 0xff, size * sizeof(vip->schedule[0]));
	for (uint32_t i = 0; filled < size; i = i + 1 < count ? i + 1 : 0) {
		struct turn *t = &turns[i];
		uint32_t entry;

		t->credit += t->weight;
		if (t->credit < max_weight)
			continue;
		t->credit -= max_weight;
		do {
			entry = (uint32_t)((t->offset + (uint64_t)t->next * t->skip) % size);
			t->next++;
		} while (vip->schedule[entry] != UINT16_MAX);
		vip->schedule[entry] = t->backend;
		filled++;
	}
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

// The smallest weights of these proportions, rounded where their sum would be too great; returns
// the sum.
static uint32_t reduce_weights(struct turn *turns, uint32_t count)
{
	uint32_t divisor = 0, sum = 0, reduced = 0;

	for (uint32_t i = 0; i < count; i++) {
		divisor = greatest_common_divisor(turns[i].weight, divisor);
		sum += turns[i].weight;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t weight = turns[i].weight / divisor;

		if (sum / divisor > MAX_TURNS)
			weight = (uint64_t)turns[i].weight * MAX_TURNS / sum;
		turns[i].weight = weight ? (uint32_t)weight : 1;
		reduced += turns[i].weight;
	}
	return reduced;
}

// The k-th turn of weight w is due at (2k + 1) / 2w of the order; of two at one time the first of
// the names comes first.
static bool due_before(const struct turn *a, const struct turn *b)
{
	uint64_t x = (2ull * a->next + 1) * b->weight, y = (2ull * b->next + 1) * a->weight;

	return x != y ? x < y : a < b;
}

static void sift_down(struct turn **heap, uint32_t count, uint32_t i)
{
	for (;;) {
		uint32_t child = 2 * i + 1;
		struct turn *moved = heap[i];

		if (child >= count)
			return;
		if (child + 1 < count && due_before(heap[child + 1], heap[child]))
			child++;
		if (!due_before(heap[child], moved))
			return;
		heap[i] = heap[child];
		heap[child] = moved;
		i = child;
	}
}

// Each backend's turns evenly spread: the next is always the one that is due first.
static int fill_order(struct vip *vip, struct turn *turns, uint32_t count)
{
	struct turn **heap = malloc(count * sizeof(struct turn *));

	if (!heap)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		heap[i] = &turns[i];
	for (uint32_t i = count; i-- > 0;)
		sift_down(heap, count, i);
	for (uint32_t place = 0; place < vip->schedule_size; place++) {
		vip->schedule[place] = heap[0]->backend;
		heap[0]->next++;
		sift_down(heap, count, 0);
	}
	free(heap);
	return 0;
}

static void fill_once(struct vip *vip, const struct turn *turns)
{
	for (uint32_t i = 0; i < vip->schedule_size; i++)
		vip->schedule[i] = turns[i].backend;
}

static int fill_candidates(struct vip *vip)
{
	vip->candidates = malloc(vip->schedule_size * sizeof(vip->candidates[0]));
	if (!vip->candidates)
		return -ENOMEM;
	for (uint32_t i = 0; i < vip->schedule_size; i++) {
		const struct backend *b = &vip->backends[vip->schedule[i]];

		vip->candidates[i] = (struct vip_candidate){b->target, b->effective_weight};
	}
	return 0;
}

// The order of backends in the configuration must not matter: by name.
static int by_name(const void *a, const void *b, void *vip)
{
	const struct backend *backends = ((const struct vip *)vip)->backends;
	const struct turn *x = a, *y = b;

	return strcmp(backends[x->backend].name, backends[y->backend].name);
}

static uint32_t collect_turns(struct vip *vip, struct turn *turns)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < vip->backend_count; i++) {
		struct backend *b = &vip->backends[i];

		if (!starts_slowly(vip, b))
			b->effective_weight = whole_weight(b);
		if (!b->enabled || b->draining || b->effective_weight == 0)
			continue;
		turns[count++] = (struct turn){
			.backend = (uint16_t)i,
			.weight = b->effective_weight,
		};
	}
	qsort_r(turns, count, sizeof(*turns), by_name, vip);
	return count;
}

static int fill_schedule(struct vip *vip, struct turn *turns, uint32_t count)
{
	bool maglev = vip->scheduler == SCHEDULER_MAGLEV;
	bool least = vip->scheduler == SCHEDULER_LEAST_CONNECTIONS;
	bool exact = least && count <= VIP_EXACT_CANDIDATES;
	int status = 0;

	if (count == 0)
		return 0;
	if (maglev)
		vip->schedule_size = maglev_prime(vip->backend_count);
	else if (exact)
		vip->schedule_size = count;
	else
		vip->schedule_size = reduce_weights(turns, count);
	vip->schedule = malloc(vip->schedule_size * sizeof(vip->schedule[0]));
	if (!vip->schedule)
		status = -ENOMEM;
	else if (maglev)
		fill_maglev(vip, turns, count);
	else if (exact)
		fill_once(vip, turns);
	else
		status = fill_order(vip, turns, count);
	if (status == 0 && least)
		status = fill_candidates(vip);
	if (status != 0)
		vip->schedule_size = 0;
	return status;
}

int vip_finish(struct vip *vip)
{
	struct turn *turns = calloc(vip->backend_count + 1, sizeof(*turns));
	int status;

	if (!turns)
		return -ENOMEM;
	free(vip->schedule);
	free(vip->candidates);
	vip->schedule = NULL;
	vip->candidates = NULL;
	vip->schedule_size = 0;
	vip->limited = vip->limits.packets_per_second || vip->limits.bits_per_second ||
		       vip->limits.sessions;
	status = fill_schedule(vip, turns, collect_turns(vip, turns));
	free(turns);
	return status != 0 ? status : vip_index_servers(vip);
}
