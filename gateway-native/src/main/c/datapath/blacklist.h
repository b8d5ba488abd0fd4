// SPDX-License-Identifier: Apache-2.0
//
// Source addresses whose packets are dropped, as prefixes with an expiry. Workers look up without
// locks while the control thread changes it; a look-up in an empty list costs one load.
#ifndef DYETRACE_BLACKLIST_H
#define DYETRACE_BLACKLIST_H

#include "../packet/ip_address.h"

#include <stddef.h>

#define BLACKLIST_MAX (1u << 20) // entries

struct blacklist;
struct rte_rcu_qsbr;

// capacity: entries, at most BLACKLIST_MAX; memory is taken when the first entry of a family comes.
// NULL: no memory.
struct blacklist *blacklist_create(uint32_t capacity, struct rte_rcu_qsbr *qsbr);
void blacklist_free(struct blacklist *list);

// The workers'.
bool blacklist_matches(const struct blacklist *list, const struct ip_address *source);

// false: no IPv4 address is listed.
bool blacklist_has_v4(const struct blacklist *list);

// Fetches what that will read first.
void blacklist_prefetch(const struct blacklist *list, const struct ip_address *source);

// The control thread's. prefix_bits counts in the address's own family; what the prefix has behind
// them is ignored. expires_ns: monotonic, 0: never; an entry that exists gets the new expiry.
// -EINVAL: more bits than the family has; -ENOSPC, -ENOMEM, or 0.
int blacklist_add(struct blacklist *list, const struct ip_address *prefix, uint8_t prefix_bits,
	uint64_t expires_ns);
int blacklist_remove(struct blacklist *list, const struct ip_address *prefix,
	uint8_t prefix_bits); // -EINVAL, -ENOENT, or 0

// The entry with exactly this prefix; false: there is none. *expires_ns: as it was added.
bool blacklist_find(const struct blacklist *list, const struct ip_address *prefix,
	uint8_t prefix_bits, uint64_t *expires_ns);

// Removes what has run out, at most `steps` entries, and frees what no worker reads any more;
// returns how many it removed. Now and then.
uint32_t blacklist_expire(struct blacklist *list, uint64_t now_ns, uint32_t steps);

uint32_t blacklist_count(const struct blacklist *list);

struct blacklist_entry {
	struct ip_address prefix;
	uint8_t prefix_bits;
	uint64_t expires_ns;
};

// Entry after *cursor (start with 0), false at the end.
bool blacklist_next(const struct blacklist *list, uint32_t *cursor, struct blacklist_entry *entry);

#endif
