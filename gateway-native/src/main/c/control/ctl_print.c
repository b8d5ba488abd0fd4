// SPDX-License-Identifier: Apache-2.0
//
// Answers for people: scalars below each other, lists of objects as tables.
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static char *text_of(const json_t *value)
{
	char number[32];

	if (value == NULL)
		return strdup("");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.6g", json_real_value(value));
		return strdup(number);
	}
	return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void print_padded(const json_t *value, size_t width)
{
	char *text = text_of(value);

	printf("%-*s", (int)width, text == NULL ? "" : text);
	free(text);
}

static bool is_table(const json_t *array)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)array, i, row)
	{
		if (!json_is_object(row))
			return false;
	}
	return json_array_size(array) > 0;
}

// The scalar keys of all rows, with the width of each column.
static json_t *columns_of(const json_t *array)
{
	json_t *columns = json_object(), *row, *value;
	const char *key;
	size_t i;

	json_array_foreach((json_t *)array, i, row)
	{
		json_object_foreach(row, key, value)
		{
			char *text = is_scalar(value) ? text_of(value) : NULL;
			json_int_t width = text ? (json_int_t)strlen(text) : 0;
			json_t *widest = json_object_get(columns, key);

			free(text);
			if (!is_scalar(value))
				continue;
			if (!widest)
				json_object_set_new(columns, key,
					json_integer((json_int_t)strlen(key) > width
							     ? (json_int_t)strlen(key)
							     : width));
			else if (json_integer_value(widest) < width)
				json_integer_set(widest, width);
		}
	}
	return columns;
}

static void print_value(const char *key, const json_t *value, int indent);

static bool is_flat(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (!is_scalar(value))
			return false;
	}
	return json_object_size(object) > 0;
}

// In one line: "limits: sessions 10, bits_per_second 0".
static void print_flat(const char *key, const json_t *object, int indent)
{
	const char *separator = "", *name;
	json_t *value;

	printf("%*s%s: ", indent, "", key);
	json_object_foreach((json_t *)object, name, value)
	{
		printf("%s%s ", separator, name);
		print_padded(value, 0);
		separator = ", ";
	}
	putchar('\n');
}

// What does not fit into a cell, below the table, under the row's first value.
static void print_nested(const json_t *array, int indent)
{
	json_t *row, *value;
	const char *key;
	size_t i;

	json_array_foreach((json_t *)array, i, row)
	{
		char *name = text_of(json_object_iter_value(json_object_iter(row)));

		json_object_foreach(row, key, value)
		{
			char label[160];

			if (is_scalar(value) ||
				(json_array_size(value) == 0 && json_object_size(value) == 0))
				continue;
			snprintf(label, sizeof(label), "%s %s", name, key);
			if (is_flat(value))
				print_flat(label, value, indent);
			else
				print_value(label, value, indent);
		}
		free(name);
	}
}

static void print_table(const json_t *array, int indent)
{
	json_t *columns = columns_of(array), *row, *width;
	size_t last = json_object_size(columns), column;
	const char *key;
	size_t i;

	printf("%*s", indent, "");
	column = 0;
	json_object_foreach(columns, key, width)
	{
		bool ends = ++column == last;

		printf("%-*s%s", ends ? 0 : (int)json_integer_value(width), key, ends ? "" : "  ");
	}
	putchar('\n');
	json_array_foreach((json_t *)array, i, row)
	{
		printf("%*s", indent, "");
		column = 0;
		json_object_foreach(columns, key, width)
		{
			const json_t *cell = json_object_get(row, key);
			bool ends = ++column == last;

			print_padded(is_scalar(cell) ? cell : NULL,
				ends ? 0 : (size_t)json_integer_value(width));
			fputs(ends ? "" : "  ", stdout);
		}
		putchar('\n');
	}
	print_nested(array, indent);
	json_decref(columns);
}

static void print_value(const char *key, const json_t *value, int indent)
{
	printf("%*s%s:", indent, "", key);
	if (json_is_object(value) && json_object_size(value) > 0) {
		putchar('\n');
		ctl_print(value, indent + 2);
	} else if (json_is_array(value) && is_table(value)) {
		putchar('\n');
		print_table(value, indent + 2);
	} else {
		char *text = json_dumps(value, JSON_COMPACT);
		bool empty = json_array_size(value) == 0 && json_object_size(value) == 0;

		printf(" %s\n", empty ? "none" : text == NULL ? "" : text);
		free(text);
	}
}

void ctl_print(const json_t *object, int indent)
{
	const char *key;
	json_t *value;
	int widest = 0;

	json_object_foreach((json_t *)object, key, value)
	{
		int len = (int)strlen(key);

		if (is_scalar(value) && len > widest)
			widest = len;
	}
	json_object_foreach((json_t *)object, key, value)
	{
		if (!is_scalar(value)) {
			print_value(key, value, indent);
			continue;
		}
		printf("%*s%-*s  ", indent, "", widest, key);
		print_padded(value, 0);
		putchar('\n');
	}
}
