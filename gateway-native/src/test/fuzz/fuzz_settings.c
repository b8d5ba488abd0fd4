// SPDX-License-Identifier: Apache-2.0
//
// Any configuration file, and any value that a request of the control socket may carry: taken or
// refused with a reason, and nothing is leaked.
//
//   0 mode: even a file; odd JSON of the shape in bits 1 to 3 | 1 the text
#include "fuzz.h"

#include "../../main/c/control/parse_value.h"
#include "../../main/c/control/settings_raw.h"

#include <jansson.h>

static void check_refusal(const char *error)
{
	size_t len = strnlen(error, SETTINGS_ERROR_BYTES);

	CHECK(len > 0 && len < SETTINGS_ERROR_BYTES);
	CHECK(memchr(error, '\n', len) == NULL);
}

static void check_vip(const struct vip *vip)
{
	CHECK(vip->name[0] != 0 && memchr(vip->name, 0, sizeof(vip->name)) != NULL);
	CHECK(ip_is_set(&vip->address));
	CHECK(vip->backend_count <= VIP_MAX_BACKENDS);
	for (uint32_t i = 0; i < vip->backend_count; i++)
		CHECK(ip_is_set(&vip->backends[i].address));
}

static void read_file(const char *text, size_t len)
{
	char error[SETTINGS_ERROR_BYTES] = "";
	struct settings *settings = settings_parse("fuzz.yaml", text, len, error);

	if (settings == NULL) {
		check_refusal(error);
		return;
	}
	CHECK(settings->node[0] != 0 && settings->port_count > 0);
	CHECK(settings->first_local_port <= settings->last_local_port);
	for (unsigned int i = 0; i < settings->vip_count; i++)
		check_vip(settings->vips[i]);
	settings_free(settings);
}

static void check_value(const struct raw_shape *shape, const void *raw)
{
	static const struct settings none;
	char error[SETTINGS_ERROR_BYTES] = "";
	struct check check = {error, sizeof(error)};
	struct vip *vip = NULL;
	union {
		struct settings_eip eip;
		struct settings_blacklist_entry entry;
		struct vip_limits limits;
	} out = {0};
	bool taken;

	if (shape == &raw_vip_shape)
		taken = (vip = raw_vip_check(raw, &none, "vip", error)) != NULL;
	else if (shape == &raw_eip_shape)
		taken = raw_eip_check(&check, raw, &none, "eip", &out.eip);
	else if (shape == &raw_blacklist_entry_shape)
		taken = raw_blacklist_check(&check, raw, "entry", &out.entry);
	else if (shape == &raw_limits_shape)
		taken = raw_limits_check(&check, raw, "limits", &out.limits);
	else
		return;
	if (!taken) {
		check_refusal(error);
		return;
	}
	CHECK(shape != &raw_eip_shape || ip_is_set(&out.eip.public_address));
	CHECK(shape != &raw_blacklist_entry_shape || out.entry.bits <= 128);
	if (vip) {
		check_vip(vip);
		vip_free(vip);
	}
}

static void read_request(const char *text, size_t len, unsigned int which)
{
	static const struct raw_shape *const shapes[] = {&raw_vip_shape, &raw_backend_shape,
		&raw_limits_shape, &raw_eip_shape, &raw_blacklist_entry_shape, &raw_settings_shape};
	const struct raw_shape *shape = shapes[which % (sizeof(shapes) / sizeof(shapes[0]))];
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	char error[SETTINGS_ERROR_BYTES] = "";
	void *raw;

	if (json == NULL)
		return;
	raw = calloc(1, shape->bytes);
	if (!raw_read(shape, json, "value", false, raw, error, sizeof(error)))
		check_refusal(error);
	else
		check_value(shape, raw);
	raw_free(shape, raw);
	free(raw);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in);
	char *text = (char *)copy_of(in.at, in.left);

	if (mode & 1)
		read_request(text, in.left, mode >> 1 & 7);
	else
		read_file(text, in.left);
	free(text);
	return 0;
}
