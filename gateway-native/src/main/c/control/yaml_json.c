// SPDX-License-Identifier: Apache-2.0
#include "yaml_json.h"

#include <yaml.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
	yaml_document_t *document;
	const char *path;
	char *error;
	size_t error_bytes;
	uint32_t nodes;
	bool resolve;
};

#define FAIL(c, node, ...) fail(c, (node)->start_mark.line + 1, __VA_ARGS__)

static json_t *fail(struct conversion *c, size_t line, const char *what)
{
	snprintf(c->error, c->error_bytes, "%.100s: line %zu: %.180s", c->path, line, what);
	for (char *at = c->error; *at; at++) // one line, whatever it quotes
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return NULL;
}

// What a plain scalar is: as in JSON, nothing more (no "yes", no octal numbers).
static json_t *resolved(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	if (json_is_number(value) || json_is_boolean(value))
		return value;
	json_decref(value);
	return NULL;
}

static json_t *from_scalar(struct conversion *c, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t len = node->data.scalar.length;
	json_t *value = NULL;

	if (memchr(text, '\0', len))
		return FAIL(c, node, "a NUL character");
	if (c->resolve && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		value = resolved(text);
	if (!value)
		value = json_stringn(text, len);
	return value ? value : FAIL(c, node, "not UTF-8");
}

static json_t *from_node(struct conversion *c, int index, unsigned int depth);

static json_t *from_sequence(struct conversion *c, const yaml_node_t *node, unsigned int depth)
{
	json_t *array = json_array();

	for (yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		json_t *value = from_node(c, *i, depth + 1);

		if (!value || json_array_append_new(array, value) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static bool add_pair(
	struct conversion *c, json_t *object, const yaml_node_pair_t *pair, unsigned int depth)
{
	const yaml_node_t *key = yaml_document_get_node(c->document, pair->key);
	const char *name;
	json_t *value;

	if (key->type != YAML_SCALAR_NODE)
		return FAIL(c, key, "a key that is not a word") != NULL;
	name = (const char *)key->data.scalar.value;
	if (json_object_get(object, name)) {
		char what[128];

		snprintf(what, sizeof(what), "%.80s: stands there twice", name);
		return FAIL(c, key, what) != NULL;
	}
	value = from_node(c, pair->value, depth + 1);
	if (value && json_object_set_new(object, name, value) != 0)
		return FAIL(c, key, "a key that is not UTF-8") != NULL;
	return value != NULL;
}

static json_t *from_mapping(struct conversion *c, const yaml_node_t *node, unsigned int depth)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *i = node->data.mapping.pairs.start; i < node->data.mapping.pairs.top;
		i++) {
		if (!add_pair(c, object, i, depth)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *from_node(struct conversion *c, int index, unsigned int depth)
{
	const yaml_node_t *node = yaml_document_get_node(c->document, index);

	if (depth > YAML_MAX_DEPTH)
		return FAIL(c, node, "nested more than 32 deep");
	if (++c->nodes > YAML_MAX_NODES)
		return FAIL(c, node, "more than 8388608 values");
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return from_scalar(c, node);
	case YAML_SEQUENCE_NODE:
		return from_sequence(c, node, depth);
	case YAML_MAPPING_NODE:
		return from_mapping(c, node, depth);
	default:
		return FAIL(c, node, "not a value");
	}
}

static json_t *load(struct conversion *c, yaml_parser_t *parser)
{
	yaml_document_t document;
	json_t *value;

	if (!yaml_parser_load(parser, &document))
		return fail(c, parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "out of memory");
	c->document = &document;
	if (yaml_document_get_root_node(&document))
		value = from_node(c, 1, 0);
	else
		value = fail(c, 1, "is empty");
	yaml_document_delete(&document);
	return value;
}

json_t *yaml_to_json(const char *path, const char *text, size_t len, bool resolve, char *error,
	size_t error_bytes)
{
	struct conversion c = {
		.path = path, .error = error, .error_bytes = error_bytes, .resolve = resolve};
	FILE *file = text ? NULL : fopen(path, "re");
	yaml_parser_t parser;
	json_t *value;

	snprintf(error, error_bytes, "%.100s: out of memory", path);
	if (!text && !file) {
		snprintf(error, error_bytes, "%.200s: %s", path, strerror(errno));
		return NULL;
	}
	if (!yaml_parser_initialize(&parser)) {
		if (file)
			fclose(file);
		return NULL;
	}
	if (text)
		yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	else
		yaml_parser_set_input_file(&parser, file);
	value = load(&c, &parser);
	yaml_parser_delete(&parser);
	if (file)
		fclose(file);
	return value;
}
