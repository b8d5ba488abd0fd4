// SPDX-License-Identifier: Apache-2.0
#include "prober_prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_length(const struct prober_prefix *a, const struct prober_prefix *b)
{
	if (a->address_len != b->address_len)
		return a->address_len - b->address_len;
	return a->bits - b->bits;
}

static int by_length_and_address(const void *x, const void *y)
{
	const struct prober_prefix *a = x, *b = y;
	int order = by_length(a, b);

	if (order == 0)
		order = memcmp(a->address, b->address, sizeof(a->address));
	if (order == 0)
		order = (a->prober > b->prober) - (a->prober < b->prober);
	return order;
}

static void clear_behind(uint8_t address[16], unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++) {
		if (i * 8 >= bits)
			address[i] = 0;
		else if (bits - i * 8 < 8)
			address[i] &= (uint8_t)(0xff << (8 - (bits - i * 8)));
	}
}

int prober_prefixes_init(
	struct prober_prefixes *prefixes, const struct prober_prefix *list, size_t count)
{
	*prefixes = (struct prober_prefixes){.count = count};
	prefixes->sorted = calloc(count + 1, sizeof(*prefixes->sorted)); // calloc(0) may be NULL
	if (!prefixes->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		prefixes->sorted[i] = list[i];
		clear_behind(prefixes->sorted[i].address, list[i].bits);
	}
	if (count > 0)
		qsort(prefixes->sorted, count, sizeof(*prefixes->sorted), by_length_and_address);
	return 0;
}

void prober_prefixes_free(struct prober_prefixes *prefixes)
{
	free(prefixes->sorted);
	prefixes->sorted = NULL;
}

// The first at or behind `from` that is not less than the key, or (not by address) of a later
// length.
static size_t search(const struct prober_prefixes *prefixes, size_t from,
	const struct prober_prefix *key, bool by_address)
{
	size_t low = from, high = prefixes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct prober_prefix *p = &prefixes->sorted[middle];
		int order = by_length(p, key);

		if (order == 0)
			order = by_address ? memcmp(p->address, key->address, 16) : -1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct prober_prefix *prober_prefixes_next(const struct prober_prefixes *prefixes,
	const uint8_t *address, size_t address_len, size_t *cursor)
{
	size_t at = *cursor;

	while (at < prefixes->count) {
		const struct prober_prefix *p = &prefixes->sorted[at];
		struct prober_prefix key = {.address_len = p->address_len, .bits = p->bits};
		size_t found;

		if (p->address_len == address_len) {
			memcpy(key.address, address, address_len);
			clear_behind(key.address, p->bits);
			found = search(prefixes, at, &key, true);
			if (found < prefixes->count) {
				p = &prefixes->sorted[found];
				if (by_length(p, &key) == 0 &&
					memcmp(p->address, key.address, 16) == 0) {
					*cursor = found + 1;
					return p;
				}
			}
		}
		at = search(prefixes, at, &key, false); // the next length
	}
	*cursor = at;
	return NULL;
}
