// SPDX-License-Identifier: Apache-2.0
//
// What the control thread changes while workers read it: VIPs, EIPs, blacklist. The daemon and the
// replay share it.
#ifndef DYETRACE_TABLES_H
#define DYETRACE_TABLES_H

#include "eips.h"
#include "services.h"
#include "settings.h"

#include "../datapath/node.h"

struct tables {
	struct services *services;
	struct eips *eips; // tier eip only
	struct blacklist *blacklist;
	uint64_t stepped_ns;
};

// From the settings, whose VIPs are the tables' from now on; gives the node what its workers read.
// The node's clock and qsbr are set before. false, with *error filled in; tables_free() is due in
// any case.
bool tables_create(struct tables *tables, struct node *node, struct settings *settings,
	const struct slot_names *names, uint64_t seed, char error[SETTINGS_ERROR_BYTES]);

// The VIPs alone. NULL, with *error filled in.
struct services *tables_make_services(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES]);

// After the workers have stopped.
void tables_free(struct tables *tables);

// Slow starts, expiry, and what no worker reads any more; each time the control thread wakes.
void tables_step(struct tables *tables, uint64_t now_ns);

// Removes all of the blacklist that has run out, where nobody waits meanwhile: in a replay.
void tables_expire(struct tables *tables, uint64_t now_ns);

#endif
