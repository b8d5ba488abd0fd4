// SPDX-License-Identifier: Apache-2.0
#include "raw_shape.h"

#include "parse_value.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 128

struct reading {
	bool any_text;
	char *error;
	size_t error_bytes;
};

// One line, whatever the key: it ends up in a log.
#define FAIL(r, ...)                                                                               \
	({                                                                                         \
		struct check check = {(r)->error, (r)->error_bytes};                               \
		check_fail(&check, __VA_ARGS__);                                                   \
	})

static const char *kind_name(enum raw_kind kind)
{
	switch (kind) {
	case RAW_TEXT:
		return "a string";
	case RAW_NUMBER:
		return "an integer";
	case RAW_BOOL:
		return "true or false";
	case RAW_EITHER:
		return "a string or an integer";
	case RAW_OBJECT:
		return "an object";
	default:
		return "a list";
	}
}

static bool fits(enum raw_kind kind, const json_t *value, bool any_text)
{
	bool text = json_is_string(value);

	switch (kind) {
	case RAW_TEXT:
		return text;
	case RAW_NUMBER:
		return json_is_integer(value) || (text && any_text);
	case RAW_BOOL:
		return json_is_boolean(value) || (text && any_text);
	case RAW_EITHER:
		return text || json_is_integer(value);
	case RAW_OBJECT:
		return json_is_object(value);
	default:
		return json_is_array(value);
	}
}

static char *as_text(const json_t *value)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_STRING:
		return strdup(json_string_value(value));
	case JSON_INTEGER:
		snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return strdup(number);
	default:
		return strdup(json_is_true(value) ? "true" : "false");
	}
}

static void store(void *out, size_t offset, void *pointer)
{
	memcpy((char *)out + offset, &pointer, sizeof(pointer));
}

static void *fetch(const void *out, size_t offset)
{
	void *pointer;

	memcpy(&pointer, (const char *)out + offset, sizeof(pointer));
	return pointer;
}

static unsigned int *count_of(void *out, const struct raw_field *field)
{
	return (unsigned int *)(void *)((char *)out + field->count_offset);
}

static bool read_shape(struct reading *r, const struct raw_shape *shape, const json_t *json,
	const char *path, void *out);

static bool read_texts(struct reading *r, const struct raw_field *field, const json_t *json,
	const char *path, void *out)
{
	char **texts = fetch(out, field->offset);

	for (unsigned int i = 0; i < json_array_size(json); i++) {
		const json_t *value = json_array_get(json, i);

		if (!json_is_string(value))
			return FAIL(r, "%s[%u]: is not a string", path, i);
		texts[i] = as_text(value);
		if (!texts[i])
			return FAIL(r, "%s: out of memory", path);
		*count_of(out, field) = i + 1;
	}
	return true;
}

static bool read_list(struct reading *r, const struct raw_field *field, const json_t *json,
	const char *path, void *out)
{
	size_t count = json_array_size(json);
	size_t bytes = field->kind == RAW_TEXTS ? sizeof(char *) : field->shape->bytes;
	char *elements;

	if (count < field->min || count > field->max)
		return FAIL(r, "%s: %zu entries are not within %u and %u", path, count, field->min,
			field->max);
	elements = calloc(count + 1, bytes);
	if (!elements)
		return FAIL(r, "%s: out of memory", path);
	store(out, field->offset, elements);
	if (field->kind == RAW_TEXTS)
		return read_texts(r, field, json, path, out);
	for (unsigned int i = 0; i < count; i++) {
		char element[PATH_BYTES];

		*count_of(out, field) = i + 1;
		snprintf(element, sizeof(element), "%.100s[%u]", path, i);
		if (!read_shape(r, field->shape, json_array_get(json, i), element,
			    elements + i * bytes))
			return false;
	}
	return true;
}

static bool read_value(struct reading *r, const struct raw_field *field, const json_t *value,
	const char *path, void *out)
{
	void *made;

	if (!fits(field->kind, value, r->any_text))
		return FAIL(r, "%s: is not %s", path, kind_name(field->kind));
	switch (field->kind) {
	case RAW_TEXTS:
	case RAW_LIST:
		return read_list(r, field, value, path, out);
	case RAW_OBJECT:
		made = calloc(1, field->shape->bytes);
		store(out, field->offset, made);
		return made ? read_shape(r, field->shape, value, path, made)
			    : FAIL(r, "%s: out of memory", path);
	default:
		made = as_text(value);
		store(out, field->offset, made);
		return made || FAIL(r, "%s: out of memory", path);
	}
}

static void join(char out[PATH_BYTES], const char *path, const char *key)
{
	snprintf(out, PATH_BYTES, "%.80s%s%.45s", path, path[0] ? "." : "", key);
}

static bool is_known(const struct raw_shape *shape, const char *key)
{
	for (size_t i = 0; i < shape->field_count; i++) {
		if (strcmp(shape->fields[i].key, key) == 0)
			return true;
	}
	return false;
}

static bool read_shape(struct reading *r, const struct raw_shape *shape, const json_t *json,
	const char *path, void *out)
{
	char inner[PATH_BYTES];
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return FAIL(r, "%s: is not an object", path[0] ? path : "the whole");
	json_object_foreach((json_t *)json, key, value)
	{
		join(inner, path, key);
		if (!is_known(shape, key))
			return FAIL(r, "%s: unknown key", inner);
	}
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct raw_field *field = &shape->fields[i];

		join(inner, path, field->key);
		value = json_object_get(json, field->key);
		if (value && !read_value(r, field, value, inner, out))
			return false;
		if (!value && field->required)
			return FAIL(r, "%s: is missing", inner);
	}
	return true;
}

bool raw_read(const struct raw_shape *shape, const json_t *json, const char *path, bool any_text,
	void *out, char *error, size_t error_bytes)
{
	struct reading r = {.any_text = any_text, .error = error, .error_bytes = error_bytes};

	return read_shape(&r, shape, json, path, out);
}

static void free_field(const struct raw_field *field, void *raw)
{
	void *pointer = fetch(raw, field->offset);

	if (field->kind == RAW_OBJECT && pointer)
		raw_free(field->shape, pointer);
	for (unsigned int i = 0; field->kind == RAW_LIST && i < *count_of(raw, field); i++)
		raw_free(field->shape, (char *)pointer + i * field->shape->bytes);
	for (unsigned int i = 0; field->kind == RAW_TEXTS && i < *count_of(raw, field); i++)
		free(((char **)pointer)[i]);
	free(pointer);
}

void raw_free(const struct raw_shape *shape, void *raw)
{
	for (size_t i = 0; i < shape->field_count; i++)
		free_field(&shape->fields[i], raw);
}
