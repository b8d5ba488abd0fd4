// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

#include "answers.h"
#include "parse_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *refuse(const char *format, ...)
{
	char text[SETTINGS_ERROR_BYTES + 64];
	va_list arguments;
	json_t *complaint;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	// What it quotes came from outside: a complaint is one line, without a word to a terminal.
	for (char *c = text; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
	// What was cut off may have been half a character: no longer UTF-8, so no longer JSON.
	complaint = json_string(text);
	if (!complaint) {
		for (char *c = text; *c; c++)
			*c = *c & 0x80 ? '?' : *c;
		complaint = json_string(text);
	}
	return json_pack("{s:b, s:o}", "ok", 0, "error", complaint);
}

json_t *accept_with(const char *key, json_t *value)
{
	return json_pack("{s:b, s:o}", "ok", 1, key, value);
}

json_t *outcome(const struct commands *c, bool ok, const char *error)
{
	if (!ok)
		return refuse("%s", error);
	return accept_with("config_version", json_integer(heartbeat_version(c->heartbeat)));
}

json_t *outcome_of_change(const struct commands *c, bool ok, const char *error)
{
	if (ok)
		c->heartbeat->other_changes++;
	return outcome(c, ok, error);
}

bool read_page(const struct raw_request *request, struct page *page, char *error)
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};

	*page = (struct page){.limit = PAGE_DEFAULT};
	return check_number(&check, "cursor", request->cursor, 0, INT64_MAX, &page->cursor) &&
	       check_number(&check, "limit", request->limit, 1, PAGE_MAX, &page->limit);
}

static const struct command {
	const char *name;
	command_answer *answer;
	const struct raw_shape *shape;
} table[] = {
	{"status", answer_status, &request_plain},
	{"config", answer_config, &request_secrets},
	{"state", answer_state, &request_state},
	{"node-limits-set", answer_node_limits_set, &request_node_limits},
	{"vip-list", answer_vip_list, &request_secrets},
	{"vip-add", answer_vip_add, &request_vip},
	{"vip-set", answer_vip_set, &request_vip},
	{"vip-remove", answer_vip_remove, &request_name},
	{"vip-enable", answer_vip_enable, &request_name},
	{"vip-disable", answer_vip_disable, &request_name},
	{"backend-add", answer_backend_add, &request_backend},
	{"backend-set", answer_backend_set, &request_backend},
	{"backend-remove", answer_backend_remove, &request_backend_name},
	{"backend-enable", answer_backend_enable, &request_backend_name},
	{"backend-disable", answer_backend_disable, &request_backend_name},
	{"backend-drain", answer_backend_drain, &request_drain},
	{"limits-set", answer_limits_set, &request_limits},
	{"eip-list", answer_eip_list, &request_eip_page},
	{"eip-add", answer_eip_add, &request_eip_add},
	{"eip-set", answer_eip_set, &request_eip},
	{"eip-remove", answer_eip_remove, &request_public},
	{"eip-enable", answer_eip_enable, &request_public},
	{"eip-disable", answer_eip_disable, &request_public},
	{"blacklist-list", answer_blacklist_list, &request_page},
	{"blacklist-add", answer_blacklist_add, &request_blacklist_add},
	{"blacklist-remove", answer_blacklist_remove, &request_prefix},
	{"tunnels", answer_tunnels, &request_plain},
	{"counters", answer_counters, &request_plain},
	{"drops", answer_drops, &request_vip_filter},
	{"sessions", answer_sessions, &request_sessions},
	{"workers", answer_workers, &request_plain},
	{"rings", answer_rings, &request_plain},
};

static json_t *answer_command(
	struct commands *c, const struct command *command, const json_t *request)
{
	struct raw_request raw = {.command = NULL};
	char error[SETTINGS_ERROR_BYTES];
	json_t *answer;

	if (raw_read(command->shape, request, "", false, &raw, error, sizeof(error)))
		answer = command->answer(c, &raw);
	else
		answer = refuse("%s", error);
	raw_free(command->shape, &raw);
	return answer;
}

static json_t *answer(struct commands *c, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	if (!name)
		return refuse("command: is missing");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name) == 0)
			return answer_command(c, &table[i], request);
	}
	return refuse("command: '%.60s' is unknown", name);
}

char *commands_answer(struct commands *c, const char *line, size_t len)
{
	json_error_t where;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	json_t *reply = request ? answer(c, request)
				: refuse("not JSON: column %d: %s", where.column, where.text);
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(request);
	json_decref(reply);
	return text;
}
