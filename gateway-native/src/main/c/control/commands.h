// SPDX-License-Identifier: Apache-2.0
//
// What the control socket can be asked: one JSON object in, one out.
#ifndef DYETRACE_COMMANDS_H
#define DYETRACE_COMMANDS_H

#include "eips.h"
#include "heartbeat.h"
#include "services.h"
#include "settings.h"

struct commands {
	const struct settings *settings;
	struct node *node;
	struct services *services;
	struct eips *eips; // NULL: another tier
	struct blacklist *blacklist;
	struct heartbeat *heartbeat;
	uint64_t boot_id;
	const char *telemetry_path;
};

// The answer to a line, without the newline; the caller frees it. NULL: no memory.
char *commands_answer(struct commands *commands, const char *line, size_t len);

#endif
