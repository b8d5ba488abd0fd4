// SPDX-License-Identifier: Apache-2.0
#include "parse_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool check_fail(struct check *check, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(check->error, check->error_bytes, format, arguments);
	va_end(arguments);
	// One line, whatever the value: it ends up in a log.
	for (char *c = check->error; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return false;
}

const char *check_key(char key[CHECK_KEY_BYTES], const char *prefix, const char *name)
{
	snprintf(key, CHECK_KEY_BYTES, "%.80s.%.30s", prefix, name);
	return key;
}

static bool read_unsigned(const char *text, uint64_t *out, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

bool check_number(struct check *check, const char *key, const char *text, uint64_t min,
	uint64_t max, uint64_t *out)
{
	const char *end;
	uint64_t value;

	if (!text)
		return true;
	if (!read_unsigned(text, &value, &end) || *end || value < min || value > max)
		return check_fail(check, "%s: %s is not within %" PRIu64 " and %" PRIu64, key, text,
			min, max);
	*out = value;
	return true;
}

bool check_share(struct check *check, const char *key, const char *text, double *out)
{
	char *end;
	double value;

	if (!text)
		return true;
	value = strtod(text, &end);
	if (end == text || *end || !(value >= 0 && value <= 1))
		return check_fail(check, "%s: %s is not within 0 and 1", key, text);
	*out = value;
	return true;
}

bool check_bool(struct check *check, const char *key, const char *text, bool *out)
{
	if (!text)
		return true;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return check_fail(check, "%s: %s is not true or false", key, text);
	*out = text[0] == 't';
	return true;
}

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
};

const char *duration_text(uint64_t ns, char text[DURATION_TEXT_BYTES])
{
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	while (i > 0 && (ns < units[i].ns || ns % units[i].ns != 0))
		i--;
	snprintf(text, DURATION_TEXT_BYTES, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
	return text;
}

bool check_duration(struct check *check, const char *key, const char *text, uint64_t min_ns,
	uint64_t max_ns, uint64_t *out_ns)
{
	char min[DURATION_TEXT_BYTES], max[DURATION_TEXT_BYTES];
	const char *end;
	uint64_t value;

	if (!text)
		return true;
	if (!read_unsigned(text, &value, &end))
		return check_fail(check, "%s: %s is not a duration like 300ms or 5s", key, text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (value <= UINT64_MAX / units[i].ns && value * units[i].ns >= min_ns &&
			value * units[i].ns <= max_ns) {
			*out_ns = value * units[i].ns;
			return true;
		}
		return check_fail(check, "%s: %s is not within %s and %s", key, text,
			duration_text(min_ns, min), duration_text(max_ns, max));
	}
	return check_fail(
		check, "%s: %s has no unit of ns, us, ms, s, m or h, as in 300ms or 5s", key, text);
}

bool check_name(struct check *check, const char *key, const char *text, char *out, size_t bytes)
{
	size_t len = strlen(text);

	if (len == 0 || len >= bytes)
		return check_fail(check, "%s: '%s' has not between 1 and %zu characters", key, text,
			bytes - 1);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
			return check_fail(check,
				"%s: '%s' has a character other than letters, digits, '.', '_' and "
				"'-'",
				key, text);
	}
	if (text[0] == '.')
		return check_fail(check, "%s: '%s' starts with a dot", key, text);
	memcpy(out, text, len + 1);
	return true;
}

static bool read_address(const char *text, struct ip_address *out)
{
	struct in_addr v4;
	uint8_t v6[16];

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*out = ip_from_v4(v4.s_addr);
		return true;
	}
	if (inet_pton(AF_INET6, text, v6) != 1)
		return false;
	*out = ip_load_v6(v6);
	return !ip_is_v4(out); // ::ffff:192.0.2.1 would be another way to write 192.0.2.1
}

static bool is_host(const struct ip_address *address)
{
	static const struct ip_address loopback = {.bytes = {[15] = 1}};

	if (ip_is_v4(address)) {
		uint8_t first = address->bytes[12];

		return first != 0 && first != 127 && first < 224;
	}
	return ip_is_set(address) && !ip_equal(address, &loopback) && address->bytes[0] != 0xff;
}

bool check_address(struct check *check, const char *key, const char *text, struct ip_address *out)
{
	if (!read_address(text, out))
		return check_fail(check, "%s: %s is not an IPv4 or IPv6 address", key, text);
	if (!is_host(out))
		return check_fail(check, "%s: %s is not the address of a host", key, text);
	return true;
}

struct ip_address prefix_mask(const struct ip_address *address, unsigned int bits)
{
	struct ip_address mask = {.halves = {0, 0}};

	if (ip_is_v4(address))
		bits += 96;
	for (unsigned int i = 0; i < bits; i++)
		mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return mask;
}

bool check_prefix(struct check *check, const char *key, const char *text, struct ip_address *out,
	unsigned int *bits)
{
	const char *slash = strchr(text, '/'), *end;
	unsigned int max;
	char head[64];
	uint64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(head))
		return check_fail(check,
			"%s: %s is not an address and a prefix length, as in 10.0.0.1/24", key,
			text);
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	if (!read_address(head, out))
		return check_fail(check, "%s: %s is not an IPv4 or IPv6 address", key, head);
	max = ip_is_v4(out) ? 32 : 128;
	if (!read_unsigned(slash + 1, &len, &end) || *end || len > max)
		return check_fail(check, "%s: the prefix length of %s is not within 0 and %u", key,
			text, max);
	*bits = (unsigned int)len;
	return true;
}

bool check_word(struct check *check, const char *key, const char *text, const char *const *words,
	unsigned int count, unsigned int *out)
{
	char list[128] = "";

	if (!text)
		return true;
	for (unsigned int i = 0; i < count; i++) {
		size_t used = strlen(list);

		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return true;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s",
			i == 0           ? ""
			: i + 1 == count ? " or "
					 : ", ",
			words[i]);
	}
	return check_fail(check, "%s: '%s' is not %s", key, text, list);
}

bool check_mac(struct check *check, const char *key, const char *text, uint8_t out[6])
{
	unsigned int b[6];
	int used = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		    &used) != 6 ||
		text[used] || (b[0] & 1))
		return check_fail(
			check, "%s: %s is not a MAC address, as in 02:00:5e:00:00:01", key, text);
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)b[i];
	return true;
}

bool check_hex(struct check *check, const char *key, const char *text, uint8_t *out, size_t bytes)
{
	if (strlen(text) != 2 * bytes || strspn(text, "0123456789abcdefABCDEF") != 2 * bytes)
		return check_fail(
			check, "%s: the value has not %zu hexadecimal digits", key, 2 * bytes);
	for (size_t i = 0; i < bytes; i++) {
		const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}
