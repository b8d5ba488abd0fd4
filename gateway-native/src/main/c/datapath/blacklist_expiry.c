// SPDX-License-Identifier: Apache-2.0
#include "blacklist_expiry.h"

#include <errno.h>
#include <stdlib.h>

int blacklist_expiry_init(
	struct blacklist_expiry *expiry, struct listed *entries, uint32_t capacity)
{
	if (expiry->heap)
		return 0;
	expiry->entries = entries;
	expiry->heap = calloc(capacity, sizeof(expiry->heap[0]));
	return expiry->heap ? 0 : -ENOMEM;
}

void blacklist_expiry_free(struct blacklist_expiry *expiry)
{
	free(expiry->heap);
}

uint32_t blacklist_expiry_first(const struct blacklist_expiry *expiry)
{
	return expiry->count ? expiry->heap[0] : LISTED_NONE;
}

static bool before(const struct blacklist_expiry *expiry, uint32_t a, uint32_t b)
{
	return expiry->entries[a].expires_ns < expiry->entries[b].expires_ns;
}

static void put(struct blacklist_expiry *expiry, uint32_t place, uint32_t index)
{
	expiry->heap[place] = index;
	expiry->entries[index].place = place;
}

// Finds the place of an entry from `place` on, which is anybody's.
static void settle(struct blacklist_expiry *expiry, uint32_t place, uint32_t index)
{
	const uint32_t *heap = expiry->heap;

	while (place > 0 && before(expiry, index, heap[(place - 1) / 2])) {
		put(expiry, place, heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child + 1 < expiry->count && before(expiry, heap[child + 1], heap[child]))
			child++;
		if (child >= expiry->count || !before(expiry, heap[child], index))
			break;
		put(expiry, place, heap[child]);
		place = child;
	}
	put(expiry, place, index);
}

static void take_out(struct blacklist_expiry *expiry, uint32_t index)
{
	uint32_t place = expiry->entries[index].place;
	uint32_t last = expiry->heap[--expiry->count];

	expiry->entries[index].place = LISTED_NONE;
	if (last != index)
		settle(expiry, place, last);
}

void blacklist_expiry_set(struct blacklist_expiry *expiry, uint32_t index, uint64_t expires_ns)
{
	struct listed *e = &expiry->entries[index];

	if (e->place != LISTED_NONE)
		take_out(expiry, index);
	e->expires_ns = expires_ns;
	if (expires_ns)
		settle(expiry, expiry->count++, index);
}
