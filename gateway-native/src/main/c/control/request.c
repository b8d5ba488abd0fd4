// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define SCALAR(key, kind, required, member)                                                        \
	{                                                                                          \
		key, kind, required, offsetof(struct raw_request, member), 0, NULL, 0, 0           \
	}
#define OBJECT(key, required, member, shape)                                                       \
	{                                                                                          \
		key, RAW_OBJECT, required, offsetof(struct raw_request, member), 0, &(shape), 0, 0 \
	}
#define LIST(key, member, shape)                                                                   \
	{                                                                                          \
		key, RAW_LIST, false, offsetof(struct raw_request, member),                        \
			offsetof(struct raw_request, member##_count), &(shape), 0,                 \
			REQUEST_MAX_ENTRIES                                                        \
	}
#define COMMAND SCALAR("command", RAW_TEXT, true, command)
#define VIP_NAME SCALAR("vip", RAW_TEXT, true, vip_name)
#define BACKEND_NAME SCALAR("backend", RAW_TEXT, true, backend_name)
#define PAGE SCALAR("cursor", RAW_NUMBER, false, cursor), SCALAR("limit", RAW_NUMBER, false, limit)

// A request of these keys.
#define SHAPE(name, ...)                                                                           \
	static const struct raw_field name##_fields[] = {COMMAND, ##__VA_ARGS__};                  \
	const struct raw_shape request_##name = {                                                  \
		sizeof(struct raw_request), name##_fields, LENGTH(name##_fields)}

SHAPE(plain);
SHAPE(secrets, SCALAR("secrets", RAW_BOOL, false, secrets));
SHAPE(vip, OBJECT("vip", true, vip, raw_vip_shape));
SHAPE(name, SCALAR("name", RAW_TEXT, true, name));
SHAPE(backend, VIP_NAME, OBJECT("backend", true, backend, raw_backend_shape));
SHAPE(backend_name, VIP_NAME, BACKEND_NAME);
SHAPE(drain, VIP_NAME, BACKEND_NAME, SCALAR("draining", RAW_BOOL, false, draining));
SHAPE(limits, VIP_NAME, OBJECT("limits", false, limits, raw_limits_shape),
	SCALAR("new_connection_limit", RAW_NUMBER, false, new_connection_limit));
SHAPE(eip_add, OBJECT("eip", false, eip, raw_eip_shape), LIST("eips", eips, raw_eip_shape));
SHAPE(eip, OBJECT("eip", true, eip, raw_eip_shape));
SHAPE(public, SCALAR("public", RAW_TEXT, true, public));
SHAPE(eip_page, SCALAR("public", RAW_TEXT, false, public), PAGE);
SHAPE(blacklist_add, OBJECT("entry", false, entry, raw_blacklist_entry_shape),
	LIST("entries", entries, raw_blacklist_entry_shape));
SHAPE(prefix, SCALAR("prefix", RAW_TEXT, true, prefix));
SHAPE(page, PAGE);
SHAPE(vip_filter, SCALAR("vip", RAW_TEXT, false, vip_name));
SHAPE(sessions, SCALAR("vip", RAW_TEXT, false, vip_name), SCALAR("client", RAW_TEXT, false, client),
	PAGE);
SHAPE(state, SCALAR("state", RAW_TEXT, true, state));
SHAPE(node_limits, SCALAR("sessions", RAW_NUMBER, true, sessions));
