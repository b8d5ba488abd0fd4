// SPDX-License-Identifier: Apache-2.0
#include "parse_value.h"
#include "settings_raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY(name) check_key(key, prefix, name)

static bool check_config(struct check *check, const struct raw_quic_config *raw, const char *prefix,
	struct quic_config *quic)
{
	uint64_t id = 0, server = 0, nonce = 0;
	struct quic_lb_config *config;
	uint8_t secret[16];
	char key[CHECK_KEY_BYTES];

	if (!check_number(check, KEY("id"), raw->id, 0, QUIC_LB_CONFIGS - 1, &id) ||
		!check_number(check, KEY("server_id_bytes"), raw->server_id_bytes, 1,
			QUIC_MAX_SERVER_ID_BYTES, &server) ||
		!check_number(check, KEY("nonce_bytes"), raw->nonce_bytes, 4, 18, &nonce))
		return false;
	if (server + nonce > 19)
		return check_fail(check, "%s: %s and server_id_bytes %s are more than 19 bytes",
			key, raw->nonce_bytes, raw->server_id_bytes);
	config = &quic->lb[id];
	if (config->used)
		return check_fail(check, "%s: %s stands there twice", KEY("id"), raw->id);
	config->used = true;
	config->server_id_bytes = (uint8_t)server;
	config->nonce_bytes = (uint8_t)nonce;
	if (!raw->key)
		return true;
	if (!check_hex(check, KEY("key"), raw->key, secret, sizeof(secret)))
		return false;
	quic_lb_set_key(config, secret);
	config->encrypted = true;
	return true;
}

bool raw_quic_check(struct check *check, const struct raw_quic *raw, const char *prefix,
	struct quic_config *quic)
{
	static const char *const layouts[] = {"katran", "quic-lb"};
	unsigned int layout = 0;
	char key[CHECK_KEY_BYTES];

	if (!check_word(check, KEY("layout"), raw->layout, layouts, 2, &layout))
		return false;
	quic->layout = layout == 0 ? QUIC_LAYOUT_KATRAN : QUIC_LAYOUT_LB;
	if (quic->layout == QUIC_LAYOUT_KATRAN && raw->configs_count)
		return check_fail(check, "%s: layout katran has none", KEY("configs"));
	if (quic->layout == QUIC_LAYOUT_LB && !raw->configs_count)
		return check_fail(check, "%s: is missing: layout quic-lb needs it", KEY("configs"));
	for (unsigned int i = 0; i < raw->configs_count; i++) {
		char inner[CHECK_KEY_BYTES];

		snprintf(inner, sizeof(inner), "%.60s.configs[%u]", prefix, i);
		if (!check_config(check, &raw->configs[i], inner, quic))
			return false;
	}
	return true;
}

// The length that a number is written with; 0: QUIC-LB's configurations differ in it.
static unsigned int number_bytes(const struct quic_config *quic)
{
	unsigned int bytes = 0;

	if (quic->layout == QUIC_LAYOUT_KATRAN)
		return QUIC_KATRAN_ID_BYTES;
	for (int i = 0; i < QUIC_LB_CONFIGS; i++) {
		if (!quic->lb[i].used)
			continue;
		if (bytes && bytes != quic->lb[i].server_id_bytes)
			return 0;
		bytes = quic->lb[i].server_id_bytes;
	}
	return bytes;
}

static bool has_length(const struct quic_config *quic, size_t bytes)
{
	if (quic->layout == QUIC_LAYOUT_KATRAN)
		return bytes >= 1 && bytes <= QUIC_KATRAN_ID_BYTES;
	for (int i = 0; i < QUIC_LB_CONFIGS; i++) {
		if (quic->lb[i].used && quic->lb[i].server_id_bytes == bytes)
			return true;
	}
	return false;
}

static bool check_digits(struct check *check, const char *digits, const char *key,
	const struct quic_config *quic, struct quic_server_id *id)
{
	size_t bytes = strlen(digits) / 2;

	if (strlen(digits) % 2 || !has_length(quic, bytes))
		return check_fail(check,
			"%s: 0x%s has not as many bytes as a server id of the layout", key, digits);
	id->len = (uint8_t)bytes;
	if (quic->layout == QUIC_LAYOUT_KATRAN)
		id->len = QUIC_KATRAN_ID_BYTES;
	return check_hex(check, key, digits, id->bytes + id->len - bytes, bytes);
}

bool raw_server_id_check(struct check *check, const char *text, const char *key,
	const struct quic_config *quic, struct quic_server_id *id)
{
	uint64_t number = 0, max;
	unsigned int bytes;

	if (!quic)
		return check_fail(check, "%s: %s needs the VIP's quic", key, text);
	*id = (struct quic_server_id){.len = 0};
	if (strncmp(text, "0x", 2) == 0)
		return check_digits(check, text + 2, key, quic, id);
	bytes = number_bytes(quic);
	if (bytes == 0)
		return check_fail(check,
			"%s: %s: the configurations' server ids differ in length; write it as 0x "
			"and hexadecimal digits",
			key, text);
	max = bytes >= 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
	if (!check_number(check, key, text, 0, max, &number))
		return false;
	id->len = (uint8_t)bytes;
	for (unsigned int i = 0; i < bytes; i++, number >>= 8)
		id->bytes[bytes - 1 - i] = (uint8_t)number;
	return true;
}
