// SPDX-License-Identifier: Apache-2.0
//
// Elastic IPs over the control socket.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include <stdio.h>
#include <stdlib.h>

#define NO_EIPS "tier: clb has no EIPs"

static bool read_public(const struct raw_request *request, struct ip_address *out, char *error)
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};

	return check_address(&check, "public", request->public, out);
}

static bool read_known(const struct commands *c, const struct raw_request *request,
	struct settings_eip *eip, char *error)
{
	struct ip_address address;

	if (!read_public(request, &address, error))
		return false;
	if (eips_find(c->eips, &address, eip))
		return true;
	snprintf(error, SETTINGS_ERROR_BYTES, "public: no EIP %s", request->public);
	return false;
}

static json_t *one(const struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings_eip eip;

	if (!read_known(c, request, &eip, error))
		return refuse("%s", error);
	return json_pack("{s:b, s:I, s:[o]}", "ok", 1, "count", (json_int_t)eips_count(c->eips),
		"eips", eip_json(c->settings, &eip));
}

json_t *answer_eip_list(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings_eip eip;
	json_t *eips, *answer;
	struct page page;
	uint32_t cursor;
	bool more = true;

	if (!c->eips)
		return refuse(NO_EIPS);
	if (!read_page(request, &page, error))
		return refuse("%s", error);
	if (request->public)
		return one(c, request);
	cursor = page.cursor > UINT32_MAX ? UINT32_MAX : (uint32_t)page.cursor;
	eips = json_array();
	while (json_array_size(eips) < page.limit && (more = eips_next(c->eips, &cursor, &eip)))
		json_array_append_new(eips, eip_json(c->settings, &eip));
	answer =
		json_pack("{s:b, s:I, s:I, s:o}", "ok", 1, "count", (json_int_t)eips_count(c->eips),
			"capacity", (json_int_t)c->settings->eip_capacity, "eips", eips);
	if (more)
		json_object_set_new(answer, "cursor", json_integer(cursor));
	return answer;
}

static bool add_all(struct commands *c, const struct settings_eip *eips, unsigned int count,
	bool list, char *error)
{
	for (unsigned int i = 0; i < count; i++) {
		char prefix[32] = "eip", ignored[SETTINGS_ERROR_BYTES];

		if (list)
			snprintf(prefix, sizeof(prefix), "eips[%u]", i);
		if (eips_add(c->eips, &eips[i], prefix, error))
			continue;
		while (i-- > 0)
			eips_remove(c->eips, &eips[i].public_address, ignored);
		return false;
	}
	return true;
}

json_t *answer_eip_add(struct commands *c, const struct raw_request *request)
{
	bool list = request->eips_count > 0, ok = true;
	unsigned int count = list ? request->eips_count : 1;
	const struct raw_eip *raw = list ? request->eips : request->eip;
	char error[SETTINGS_ERROR_BYTES];
	struct check check = {.error = error, .error_bytes = sizeof(error)};
	struct settings_eip *eips;
	json_t *answer;

	if (!c->eips)
		return refuse(NO_EIPS);
	if ((request->eip != NULL) == list)
		return refuse(list ? "eips: goes without eip" : "eip: is missing (or eips)");
	eips = calloc(count, sizeof(*eips));
	if (!eips)
		return refuse("eips: out of memory");
	for (unsigned int i = 0; ok && i < count; i++) {
		char prefix[32] = "eip";

		if (list)
			snprintf(prefix, sizeof(prefix), "eips[%u]", i);
		ok = raw_eip_check(&check, &raw[i], c->settings, prefix, &eips[i]);
	}
	answer = outcome_of_change(c, ok && add_all(c, eips, count, list, error), error);
	free(eips);
	return answer;
}

json_t *answer_eip_set(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct check check = {.error = error, .error_bytes = sizeof(error)};
	struct settings_eip eip;

	if (!c->eips)
		return refuse(NO_EIPS);
	return outcome_of_change(c,
		raw_eip_check(&check, request->eip, c->settings, "eip", &eip) &&
			eips_set(c->eips, &eip, "eip", error),
		error);
}

json_t *answer_eip_remove(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct ip_address address;

	if (!c->eips)
		return refuse(NO_EIPS);
	return outcome_of_change(c,
		read_public(request, &address, error) && eips_remove(c->eips, &address, error),
		error);
}

static json_t *enable(struct commands *c, const struct raw_request *request, bool enabled)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings_eip eip;

	if (!c->eips)
		return refuse(NO_EIPS);
	if (!read_known(c, request, &eip, error))
		return refuse("%s", error);
	eip.enabled = enabled;
	return outcome_of_change(c, eips_set(c->eips, &eip, "eip", error), error);
}

json_t *answer_eip_enable(struct commands *c, const struct raw_request *request)
{
	return enable(c, request, true);
}

json_t *answer_eip_disable(struct commands *c, const struct raw_request *request)
{
	return enable(c, request, false);
}
