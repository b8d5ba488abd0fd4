// SPDX-License-Identifier: Apache-2.0
//
// Checks single values of the configuration. Each returns false with one line in check->error that
// names key, value and limit.
#ifndef DYETRACE_PARSE_VALUE_H
#define DYETRACE_PARSE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check {
	char *error;
	size_t error_bytes;
};

bool check_fail(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

// text NULL: *out keeps its value, the default.
bool check_number(struct check *check, const char *key, const char *text, uint64_t min,
	uint64_t max, uint64_t *out);
bool check_share(struct check *check, const char *key, const char *text, double *out);
bool check_bool(struct check *check, const char *key, const char *text, bool *out);
bool check_duration(struct check *check, const char *key, const char *text, uint64_t min_ns,
	uint64_t max_ns, uint64_t *out_ns);

// Letters, digits, '.', '_' and '-'; shorter than bytes.
bool check_name(struct check *check, const char *key, const char *text, char *out, size_t bytes);

// A host's address.
bool check_address(struct check *check, const char *key, const char *text, uint32_t *out_raw);
// address/bits; the address part is kept whole.
bool check_prefix(struct check *check, const char *key, const char *text, uint32_t *out_raw,
	unsigned int *bits);
bool check_mac(struct check *check, const char *key, const char *text, uint8_t out[6]);
bool check_hex(struct check *check, const char *key, const char *text, uint8_t *out, size_t bytes);

// The mask of a prefix length, raw.
uint32_t prefix_mask(unsigned int bits);

#endif
