// SPDX-License-Identifier: Apache-2.0
#include "blacklist.h"

#include "blacklist_expiry.h"
#include "blacklist_set.h"

#include <rte_rcu_qsbr.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define REUSE_STEP_NS 200000 // an entry that was removed is used again after one poll of each
#define REUSE_STEPS 500      // worker; waited for only when no other is left
#define STALE_MARKS 65536    // of the map, or as many as there are entries: it is made anew

// Memory that readers may still be at.
struct retired {
	void *memory;
	uint64_t token;
	struct retired *next;
};

struct blacklist {
	_Atomic(struct blacklist_set *) sets[3]; // by family; NULL: nothing is listed
	struct rte_rcu_qsbr *qsbr;
	struct listed *entries;
	struct blacklist_expiry expiry;
	uint64_t seed;
	uint32_t capacity;
	uint32_t count;
	uint32_t family_count[3];
	uint32_t length_count[3][129];
	uint32_t used_end;  // entries from here on have never been used
	uint32_t free_head; // removed ones, oldest first; expires_ns is their token
	uint32_t free_tail;
	uint32_t stale_marks;
	struct retired *retired;
};

// A prefix as entries have it.
struct prefix {
	uint64_t high, low;
	uint8_t bits;
	uint8_t family;
};

struct blacklist *blacklist_create(uint32_t capacity, struct rte_rcu_qsbr *qsbr)
{
	struct blacklist *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->qsbr = qsbr;
	list->capacity = capacity < BLACKLIST_MAX ? capacity : BLACKLIST_MAX;
	list->free_head = LISTED_NONE;
	// Nobody outside can aim at one chain.
	if (getrandom(&list->seed, sizeof(list->seed), GRND_NONBLOCK) < 0)
		list->seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15ull;
	return list;
}

static void free_retired(struct blacklist *list)
{
	struct retired **link = &list->retired;

	while (*link) {
		struct retired *r = *link;

		if (list->qsbr && rte_rcu_qsbr_check(list->qsbr, r->token, false) == 0) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		free(r->memory);
		free(r);
	}
}

void blacklist_free(struct blacklist *list)
{
	if (!list)
		return;
	list->qsbr = NULL;
	free_retired(list);
	for (int family = 0; family < 3; family++) {
		struct blacklist_set *set = atomic_load(&list->sets[family]);

		if (set)
			free((void *)set->map);
		free(set);
	}
	free(list->entries);
	blacklist_expiry_free(&list->expiry);
	free(list);
}

void blacklist_prefetch(const struct blacklist *list, const struct ip_address *source)
{
	const struct blacklist_set *set =
		atomic_load_explicit(&list->sets[LISTED_V4], memory_order_acquire);

	if (set && ip_is_v4(source))
		__builtin_prefetch((const void *)&set->map[be32toh(ip_v4(source)) >> 13]);
}

bool blacklist_matches(const struct blacklist *list, const struct ip_address *source)
{
	bool v4 = ip_is_v4(source);
	const struct blacklist_set *set =
		atomic_load_explicit(&list->sets[v4 ? LISTED_V4 : LISTED_V6], memory_order_acquire);

	if (!set)
		return false;
	return v4 ? set_matches_v4(set, be32toh(ip_v4(source)))
		  : set_matches_v6(set, be64toh(source->halves[0]), be64toh(source->halves[1]));
}

bool blacklist_has_v4(const struct blacklist *list)
{
	return atomic_load_explicit(&list->sets[LISTED_V4], memory_order_acquire) != NULL;
}

static bool read_prefix(const struct ip_address *address, uint8_t bits, struct prefix *p)
{
	bool v4 = ip_is_v4(address);
	unsigned int of_128 = v4 ? bits + 96u : bits;

	if (bits > (v4 ? 32 : 128))
		return false;
	*p = (struct prefix){
		.high = be64toh(address->halves[0]),
		.low = be64toh(address->halves[1]),
		.bits = bits,
		.family = v4 ? LISTED_V4 : LISTED_V6,
	};
	if (of_128 < 64)
		p->high = of_128 ? p->high & UINT64_MAX << (64 - of_128) : 0;
	if (of_128 < 128)
		p->low = of_128 > 64 ? p->low & UINT64_MAX << (128 - of_128) : 0;
	if (v4)
		p->low = (uint32_t)p->low;
	return true;
}

static struct blacklist_set *current(const struct blacklist *list, uint8_t family)
{
	return atomic_load_explicit(&list->sets[family], memory_order_relaxed);
}

static uint32_t find(const struct blacklist *list, const struct prefix *p)
{
	const struct blacklist_set *set = current(list, p->family);

	if (!set)
		return LISTED_NONE;
	return p->family == LISTED_V4 ? set_find_v4(set, (uint32_t)p->low, p->bits)
				      : set_find_v6(set, p->high, p->low, p->bits);
}

// Without memory to remember it, it stays: a leak is better than a reader at freed memory.
static void retire(struct blacklist *list, void *memory)
{
	struct retired *r = memory && list->qsbr ? malloc(sizeof(*r)) : NULL;

	if (!list->qsbr)
		free(memory);
	if (!r)
		return;
	*r = (struct retired){memory, rte_rcu_qsbr_start(list->qsbr), list->retired};
	list->retired = r;
}

static void put_all(struct blacklist *list, struct blacklist_set *set, uint8_t family, bool map)
{
	for (uint32_t i = 0; i < list->used_end; i++) {
		const struct listed *e = &list->entries[i];

		if (e->family != family)
			continue;
		set_insert(set, i);
		if (map)
			set_map_add(set, (uint32_t)e->low, e->bits);
	}
	for (unsigned int bits = 0; bits <= 128; bits++) {
		if (list->length_count[family][bits])
			set_use_length(set, bits, true);
	}
}

// A set of what is listed, with room to grow; with a new map when the old one says too much.
static int renew_set(struct blacklist *list, uint8_t family, bool new_map)
{
	struct blacklist_set *old = current(list, family), *set;
	_Atomic uint64_t *map = old ? old->map : NULL;
	bool makes_map = family == LISTED_V4 && (new_map || !map);

	if (makes_map)
		map = set_memory(MAP_BYTES);
	if (makes_map && !map)
		return -ENOMEM;
	set = set_new(list->entries, map, list->seed, list->family_count[family] + 1);
	if (!set) {
		free(makes_map ? (void *)map : NULL);
		return -ENOMEM;
	}
	put_all(list, set, family, makes_map);
	atomic_store_explicit(&list->sets[family], set, memory_order_release);
	if (old && makes_map)
		retire(list, (void *)old->map);
	retire(list, old);
	if (makes_map)
		list->stale_marks = 0;
	return 0;
}

static bool may_be_reused(const struct blacklist *list, uint32_t index)
{
	return !list->qsbr ||
	       rte_rcu_qsbr_check(list->qsbr, list->entries[index].expires_ns, false) != 0;
}

// An entry that no reader is at, or LISTED_NONE.
static uint32_t take_entry(struct blacklist *list)
{
	const struct timespec step = {.tv_nsec = REUSE_STEP_NS};
	uint32_t index = list->free_head;

	if (list->used_end < list->capacity &&
		(index == LISTED_NONE || !may_be_reused(list, index)))
		return list->used_end++;
	if (index == LISTED_NONE)
		return LISTED_NONE;
	for (int i = 0; i < REUSE_STEPS && !may_be_reused(list, index); i++)
		nanosleep(&step, NULL);
	if (!may_be_reused(list, index))
		return LISTED_NONE;
	list->free_head = list->entries[index].place;
	return index;
}

static void give_entry(struct blacklist *list, uint32_t index)
{
	struct listed *e = &list->entries[index];

	// Readers may be at its prefix until the token has passed.
	e->family = LISTED_FREE;
	e->place = LISTED_NONE;
	e->expires_ns = list->qsbr ? rte_rcu_qsbr_start(list->qsbr) : 0;
	if (list->free_head == LISTED_NONE)
		list->free_head = index;
	else
		list->entries[list->free_tail].place = index;
	list->free_tail = index;
}

static int make_room(struct blacklist *list, uint8_t family)
{
	struct blacklist_set *set;

	if (list->count >= list->capacity)
		return -ENOSPC;
	if (!list->entries) // the kernel gives pages as they are used
		list->entries = calloc(list->capacity, sizeof(list->entries[0]));
	if (!list->entries || blacklist_expiry_init(&list->expiry, list->entries, list->capacity))
		return -ENOMEM;
	set = current(list, family);
	return set && !set_is_full(set) ? 0 : renew_set(list, family, false);
}

static void enter(struct blacklist *list, uint32_t index, const struct prefix *p)
{
	struct blacklist_set *set = current(list, p->family);

	list->entries[index] = (struct listed){
		.high = p->high,
		.low = p->low,
		.place = LISTED_NONE,
		.bits = p->bits,
		.family = p->family,
	};
	list->count++;
	list->family_count[p->family]++;
	set_insert(set, index);
	if (list->length_count[p->family][p->bits]++ == 0)
		set_use_length(set, p->bits, true);
	if (p->family == LISTED_V4)
		set_map_add(set, (uint32_t)p->low, p->bits);
}

int blacklist_add(struct blacklist *list, const struct ip_address *prefix, uint8_t prefix_bits,
	uint64_t expires_ns)
{
	struct prefix p;
	uint32_t index;
	int status;

	if (!read_prefix(prefix, prefix_bits, &p))
		return -EINVAL;
	free_retired(list);
	index = find(list, &p);
	if (index == LISTED_NONE) {
		status = make_room(list, p.family);
		if (status != 0)
			return status;
		index = take_entry(list);
		if (index == LISTED_NONE)
			return -ENOSPC;
		enter(list, index, &p);
	}
	blacklist_expiry_set(&list->expiry, index, expires_ns);
	return 0;
}

static void drop_set(struct blacklist *list, uint8_t family)
{
	struct blacklist_set *set = current(list, family);

	atomic_store_explicit(&list->sets[family], NULL, memory_order_release);
	retire(list, (void *)set->map);
	retire(list, set);
}

static void leave(struct blacklist *list, uint32_t index)
{
	const struct listed e = list->entries[index];
	struct blacklist_set *set = current(list, e.family);

	blacklist_expiry_set(&list->expiry, index, 0);
	set_remove(set, index);
	if (--list->length_count[e.family][e.bits] == 0)
		set_use_length(set, e.bits, false);
	list->count--;
	list->family_count[e.family]--;
	give_entry(list, index);
	if (list->family_count[e.family] == 0) {
		drop_set(list, e.family);
		return;
	}
	if (e.family != LISTED_V4)
		return;
	set_map_remove(set, (uint32_t)e.low, e.bits);
	list->stale_marks += e.bits > 24;
	if (list->stale_marks > STALE_MARKS + list->family_count[LISTED_V4])
		renew_set(list, LISTED_V4, true); // without memory: at the next
}

int blacklist_remove(struct blacklist *list, const struct ip_address *prefix, uint8_t prefix_bits)
{
	struct prefix p;
	uint32_t index;

	if (!read_prefix(prefix, prefix_bits, &p))
		return -EINVAL;
	free_retired(list);
	index = find(list, &p);
	if (index == LISTED_NONE)
		return -ENOENT;
	leave(list, index);
	return 0;
}

bool blacklist_find(const struct blacklist *list, const struct ip_address *prefix,
	uint8_t prefix_bits, uint64_t *expires_ns)
{
	struct prefix p;
	uint32_t index = LISTED_NONE;

	if (read_prefix(prefix, prefix_bits, &p))
		index = find(list, &p);
	if (index == LISTED_NONE)
		return false;
	*expires_ns = list->entries[index].expires_ns;
	return true;
}

uint32_t blacklist_expire(struct blacklist *list, uint64_t now_ns, uint32_t steps)
{
	uint32_t removed = 0;

	free_retired(list);
	for (; removed < steps; removed++) {
		uint32_t index = blacklist_expiry_first(&list->expiry);

		if (index == LISTED_NONE || list->entries[index].expires_ns > now_ns)
			break;
		leave(list, index);
	}
	return removed;
}

uint32_t blacklist_count(const struct blacklist *list)
{
	return list->count;
}

static struct ip_address address_of(const struct listed *e)
{
	struct ip_address a = {.halves = {htobe64(e->high), htobe64(e->low)}};

	return e->family == LISTED_V4 ? ip_from_v4(htobe32((uint32_t)e->low)) : a;
}

bool blacklist_next(const struct blacklist *list, uint32_t *cursor, struct blacklist_entry *entry)
{
	while (*cursor < list->used_end) {
		const struct listed *e = &list->entries[(*cursor)++];

		if (e->family == LISTED_FREE)
			continue;
		*entry = (struct blacklist_entry){address_of(e), e->bits, e->expires_ns};
		return true;
	}
	return false;
}
