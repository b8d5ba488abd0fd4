// SPDX-License-Identifier: Apache-2.0
//
// The blacklist over the control socket.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What an entry was before the request.
struct undo {
	bool existed;
	uint64_t expires_ns;
};

static uint64_t now_of(const struct commands *c)
{
	return c->node->clock(c->node->clock_context).mono_ns;
}

static void take_back(struct blacklist *list, const struct settings_blacklist_entry *entries,
	const struct undo *undo, unsigned int count)
{
	while (count-- > 0) { // the last first: one prefix may stand there twice
		const struct settings_blacklist_entry *e = &entries[count];

		if (undo[count].existed)
			blacklist_add(list, &e->prefix, e->bits, undo[count].expires_ns);
		else
			blacklist_remove(list, &e->prefix, e->bits);
	}
}

static bool add_all(struct commands *c, const struct settings_blacklist_entry *entries,
	struct undo *undo, unsigned int count, char *error)
{
	uint64_t now_ns = now_of(c);

	for (unsigned int i = 0; i < count; i++) {
		const struct settings_blacklist_entry *e = &entries[i];
		uint64_t expires_ns = e->expires_after_ns ? now_ns + e->expires_after_ns : 0;
		int status;

		undo[i].existed =
			blacklist_find(c->blacklist, &e->prefix, e->bits, &undo[i].expires_ns);
		status = blacklist_add(c->blacklist, &e->prefix, e->bits, expires_ns);
		if (status == 0)
			continue;
		take_back(c->blacklist, entries, undo, i);
		if (status == -ENOSPC)
			snprintf(error, SETTINGS_ERROR_BYTES,
				"entries[%u]: blacklist_capacity %u is the limit", i,
				c->settings->blacklist_capacity);
		else
			snprintf(error, SETTINGS_ERROR_BYTES, "entries[%u]: %s", i,
				strerror(-status));
		return false;
	}
	return true;
}

static bool check_all(const struct raw_request *request, bool list,
	struct settings_blacklist_entry *entries, unsigned int count, char *error)
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};
	const struct raw_blacklist_entry *raw = list ? request->entries : request->entry;

	for (unsigned int i = 0; i < count; i++) {
		char prefix[32] = "entry";

		if (list)
			snprintf(prefix, sizeof(prefix), "entries[%u]", i);
		if (!raw_blacklist_check(&check, &raw[i], prefix, &entries[i]))
			return false;
	}
	return true;
}

json_t *answer_blacklist_add(struct commands *c, const struct raw_request *request)
{
	bool list = request->entries_count > 0;
	unsigned int count = list ? request->entries_count : 1;
	struct settings_blacklist_entry *entries;
	char error[SETTINGS_ERROR_BYTES];
	struct undo *undo;
	json_t *answer;

	if ((request->entry != NULL) == list)
		return refuse(
			list ? "entries: goes without entry" : "entry: is missing (or entries)");
	entries = calloc(count, sizeof(*entries));
	undo = calloc(count, sizeof(*undo));
	if (entries && undo)
		answer = outcome_of_change(c,
			check_all(request, list, entries, count, error) &&
				add_all(c, entries, undo, count, error),
			error);
	else
		answer = refuse("entries: out of memory");
	free(entries);
	free(undo);
	return answer;
}

json_t *answer_blacklist_remove(struct commands *c, const struct raw_request *request)
{
	const struct raw_blacklist_entry raw = {.prefix = request->prefix};
	struct settings_blacklist_entry entry;
	char error[SETTINGS_ERROR_BYTES];
	struct check check = {.error = error, .error_bytes = sizeof(error)};

	if (!check_prefix(&check, "prefix", request->prefix, &entry.prefix, &(unsigned int){0}) ||
		!raw_blacklist_check(&check, &raw, "entry", &entry))
		return refuse("%s", error);
	if (blacklist_remove(c->blacklist, &entry.prefix, entry.bits) != 0)
		return refuse("prefix: no entry %.60s", request->prefix);
	return outcome_of_change(c, true, NULL);
}

json_t *answer_blacklist_list(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct blacklist_entry entry;
	json_t *entries, *answer;
	uint64_t now_ns = now_of(c);
	struct page page;
	uint32_t cursor;
	bool more = true;

	if (!read_page(request, &page, error))
		return refuse("%s", error);
	cursor = page.cursor > UINT32_MAX ? UINT32_MAX : (uint32_t)page.cursor;
	entries = json_array();
	while (json_array_size(entries) < page.limit &&
		(more = blacklist_next(c->blacklist, &cursor, &entry)))
		json_array_append_new(
			entries, blacklist_entry_json(&entry.prefix, entry.prefix_bits,
					 entry.expires_ns, now_ns));
	answer = json_pack("{s:b, s:I, s:I, s:o}", "ok", 1, "count",
		(json_int_t)blacklist_count(c->blacklist), "capacity",
		(json_int_t)c->settings->blacklist_capacity, "entries", entries);
	if (more)
		json_object_set_new(answer, "cursor", json_integer(cursor));
	return answer;
}
