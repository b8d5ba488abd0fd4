// SPDX-License-Identifier: Apache-2.0
//
// Reads a JSON value into a structure of strings, as a table describes it: the keys, what stands
// behind them, and which must be there. Strict; an error names the key with its path.
#ifndef DYETRACE_RAW_SHAPE_H
#define DYETRACE_RAW_SHAPE_H

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

enum raw_kind {
	RAW_TEXT,
	RAW_NUMBER,
	RAW_BOOL,
	RAW_EITHER, // text or number
	RAW_TEXTS,  // a list of strings
	RAW_OBJECT, // a pointer to a structure
	RAW_LIST,   // a pointer to structures
};

struct raw_shape;

struct raw_field {
	const char *key;
	enum raw_kind kind;
	bool required;
	size_t offset;       // of char *, char ** or a pointer to structures; NULL: not given
	size_t count_offset; // lists: of their unsigned int
	const struct raw_shape *shape; // of the object, or the list's elements
	unsigned int min;              // elements of a list
	unsigned int max;
};

struct raw_shape {
	size_t bytes;
	const struct raw_field *fields;
	size_t field_count;
};

// Fills *out, which was zero. path stands before the keys in errors, "" at the top. any_text: a
// string is taken for a number or boolean too, as YAML gives it. false, with *error filled in; in
// both cases raw_free() is due.
bool raw_read(const struct raw_shape *shape, const json_t *json, const char *path, bool any_text,
	void *out, char *error, size_t error_bytes);

// Frees what stands in *raw, not *raw itself.
void raw_free(const struct raw_shape *shape, void *raw);

#endif
