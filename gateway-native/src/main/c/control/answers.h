// SPDX-License-Identifier: Apache-2.0
//
// What the commands have in common, and the commands by subject. Each answers a request whose keys
// have been read.
#ifndef DYETRACE_ANSWERS_H
#define DYETRACE_ANSWERS_H

#include "commands.h"
#include "request.h"

#include <jansson.h>

typedef json_t *command_answer(struct commands *commands, const struct raw_request *request);

json_t *refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *accept_with(const char *key, json_t *value);
// A change to VIPs, or its refusal.
json_t *outcome(const struct commands *commands, bool ok, const char *error);
// The same of what is no VIP: counts it.
json_t *outcome_of_change(const struct commands *commands, bool ok, const char *error);

#define PAGE_DEFAULT 1000
#define PAGE_MAX 10000

struct page {
	uint64_t cursor;
	uint64_t limit;
};

bool read_page(const struct raw_request *request, struct page *page, char *error);

command_answer answer_vip_list, answer_vip_add, answer_vip_set, answer_vip_remove,
	answer_vip_enable, answer_vip_disable, answer_limits_set;
command_answer answer_backend_add, answer_backend_set, answer_backend_remove, answer_backend_enable,
	answer_backend_disable, answer_backend_drain;
command_answer answer_eip_list, answer_eip_add, answer_eip_set, answer_eip_remove,
	answer_eip_enable, answer_eip_disable;
command_answer answer_blacklist_add, answer_blacklist_remove, answer_blacklist_list;
command_answer answer_status, answer_state, answer_counters, answer_workers, answer_rings,
	answer_drops, answer_tunnels, answer_config, answer_sessions, answer_node_limits_set;

#endif
