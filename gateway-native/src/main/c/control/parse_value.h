// SPDX-License-Identifier: Apache-2.0
//
// Checks single values of the configuration. Each returns false with one line in check->error that
// names key, value and limit.
#ifndef DYETRACE_PARSE_VALUE_H
#define DYETRACE_PARSE_VALUE_H

#include "../packet/ip_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check {
	char *error;
	size_t error_bytes;
};

bool check_fail(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define CHECK_KEY_BYTES 112

// "prefix.name" for the functions below.
const char *check_key(char key[CHECK_KEY_BYTES], const char *prefix, const char *name);

// text NULL: *out keeps its value, the default.
bool check_number(struct check *check, const char *key, const char *text, uint64_t min,
	uint64_t max, uint64_t *out);
bool check_share(struct check *check, const char *key, const char *text, double *out);
bool check_bool(struct check *check, const char *key, const char *text, bool *out);
bool check_duration(struct check *check, const char *key, const char *text, uint64_t min_ns,
	uint64_t max_ns, uint64_t *out_ns);

// Letters, digits, '.', '_' and '-'; shorter than bytes.
bool check_name(struct check *check, const char *key, const char *text, char *out, size_t bytes);

// A host's address, of either family.
bool check_address(struct check *check, const char *key, const char *text, struct ip_address *out);
// address/bits; the address part is kept whole, the bits count in its own family.
bool check_prefix(struct check *check, const char *key, const char *text, struct ip_address *out,
	unsigned int *bits);
bool check_mac(struct check *check, const char *key, const char *text, uint8_t out[6]);
bool check_hex(struct check *check, const char *key, const char *text, uint8_t *out, size_t bytes);

// One of these words; *out is its index.
bool check_word(struct check *check, const char *key, const char *text, const char *const *words,
	unsigned int count, unsigned int *out);

// The mask of a prefix length of the address's family.
struct ip_address prefix_mask(const struct ip_address *address, unsigned int bits);

// "300ms": the largest unit that divides it.
#define DURATION_TEXT_BYTES 32
const char *duration_text(uint64_t ns, char text[DURATION_TEXT_BYTES]);

#endif
