// SPDX-License-Identifier: Apache-2.0
//
// A request of the control socket, every scalar a string as in settings_raw.h. Which keys a command
// takes stands in its shape; the others are NULL.
#ifndef DYETRACE_REQUEST_H
#define DYETRACE_REQUEST_H

#include "settings_raw.h"

#define REQUEST_MAX_ENTRIES 65536 // of one request; its line is limited too

struct raw_request {
	char *command;
	char *name; // of a VIP
	char *vip_name;
	char *backend_name;
	char *state;
	char *public;
	char *client;
	char *prefix;
	char *draining;
	char *new_connection_limit;
	char *sessions; // the limit of the node's
	char *cursor;
	char *limit;
	char *secrets;
	struct raw_vip *vip;
	struct raw_backend *backend;
	struct raw_limits *limits;
	struct raw_eip *eip;
	struct raw_eip *eips;
	unsigned int eips_count;
	struct raw_blacklist_entry *entry;
	struct raw_blacklist_entry *entries;
	unsigned int entries_count;
};

// By command.
extern const struct raw_shape request_plain, request_secrets, request_vip, request_name,
	request_backend, request_backend_name, request_drain, request_limits, request_eip_add,
	request_eip, request_public, request_eip_page, request_blacklist_add, request_prefix,
	request_page, request_vip_filter, request_sessions, request_state, request_node_limits;

#endif
