// SPDX-License-Identifier: Apache-2.0
//
// The elastic IPs as the control thread knows them: the workers' table, and the names that the
// addresses are counted under.
#ifndef DYETRACE_EIPS_H
#define DYETRACE_EIPS_H

#include "services.h"
#include "settings.h"

#include "../datapath/eip_table.h"

struct eips;

// With the EIPs of the settings. NULL, with *error filled in.
struct eips *eips_create(const struct settings *settings, const struct slot_names *names,
	uint64_t seed, struct rte_rcu_qsbr *qsbr, char error[SETTINGS_ERROR_BYTES]);

// After the workers have stopped. NULL is allowed.
void eips_free(struct eips *eips);

struct eip_table *eips_table(const struct eips *eips);
uint32_t eips_count(const struct eips *eips);

// Each is one change for the workers, or none; false with *error filled in, which names the key
// behind prefix.
bool eips_add(struct eips *eips, const struct settings_eip *eip, const char *prefix,
	char error[SETTINGS_ERROR_BYTES]);
bool eips_set(struct eips *eips, const struct settings_eip *eip, const char *prefix,
	char error[SETTINGS_ERROR_BYTES]);
bool eips_remove(struct eips *eips, const struct ip_address *public_address,
	char error[SETTINGS_ERROR_BYTES]);

bool eips_find(
	const struct eips *eips, const struct ip_address *public_address, struct settings_eip *out);
// The one after *cursor (start with 0); false at the end.
bool eips_next(const struct eips *eips, uint32_t *cursor, struct settings_eip *out);

// The names in use, by slot: "" where none is. Slots below eips_slots().
uint32_t eips_slots(const struct eips *eips);
const char *eips_name(const struct eips *eips, uint32_t slot);

// Now and then.
void eips_collect(struct eips *eips);

#endif
