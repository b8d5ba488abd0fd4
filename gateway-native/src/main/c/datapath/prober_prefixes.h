// SPDX-License-Identifier: Apache-2.0
//
// Whose prefixes an address lies in: sorted by length and address, so that an ordinary address
// costs one search for each length in use.
#ifndef DYETRACE_PROBER_PREFIXES_H
#define DYETRACE_PROBER_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prober_prefix {
	uint8_t address_len; // 4 or 16
	uint8_t bits;
	uint8_t address[16]; // network order
	uint32_t prober;     // whatever the caller means by it
};

struct prober_prefixes {
	size_t count;
	struct prober_prefix *sorted;
};

// -ENOMEM, or 0.
int prober_prefixes_init(
	struct prober_prefixes *prefixes, const struct prober_prefix *list, size_t count);
void prober_prefixes_free(struct prober_prefixes *prefixes);

// The next prefix that holds the address; *cursor starts at 0. NULL: no further one.
const struct prober_prefix *prober_prefixes_next(const struct prober_prefixes *prefixes,
	const uint8_t *address, size_t address_len, size_t *cursor);

#endif
