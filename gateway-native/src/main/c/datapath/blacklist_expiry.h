// SPDX-License-Identifier: Apache-2.0
//
// Which entry of the blacklist runs out first: a heap; each entry knows its place in it.
#ifndef DYETRACE_BLACKLIST_EXPIRY_H
#define DYETRACE_BLACKLIST_EXPIRY_H

#include "blacklist_set.h"

struct blacklist_expiry {
	struct listed *entries;
	uint32_t *heap; // indices of entries
	uint32_t count;
};

// Once, before the first entry; -ENOMEM, or 0.
int blacklist_expiry_init(
	struct blacklist_expiry *expiry, struct listed *entries, uint32_t capacity);
void blacklist_expiry_free(struct blacklist_expiry *expiry);

// expires_ns: 0 for never.
void blacklist_expiry_set(struct blacklist_expiry *expiry, uint32_t index, uint64_t expires_ns);

// LISTED_NONE: nothing runs out.
uint32_t blacklist_expiry_first(const struct blacklist_expiry *expiry);

#endif
