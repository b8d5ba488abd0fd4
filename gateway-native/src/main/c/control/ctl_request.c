// SPDX-License-Identifier: Apache-2.0
//
// Arguments to requests.
#include "ctl.h"
#include "yaml_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...)
{
	va_list arguments;

	fputs("dyetrace-gatewayctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

// What stays a string even if it looks like a number.
static bool is_text(const char *key)
{
	static const char *const keys[] = {"name", "vip", "backend", "tunnel", "public", "private",
		"prefix", "client", "address", "state", "expires_after", "slow_start", NULL};

	for (size_t i = 0; keys[i]; i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

// A number, a boolean, an array or an object is what it looks like; everything else is a string.
static json_t *parse_value(const char *key, const char *text)
{
	json_t *value = NULL;

	if (!is_text(key) || text[0] == '{')
		value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	return value != NULL && !json_is_null(value) ? value : json_string(text);
}

// NAME,ADDRESS,PORT[,WEIGHT]
static json_t *parse_backend(const char *text)
{
	char *copy = strdup(text), *rest = copy, *fields[4] = {NULL}, *field;
	json_t *backend = NULL;
	size_t count = 0;

	while ((field = strsep(&rest, ",")) != NULL && count < 4)
		fields[count++] = field;
	if (field == NULL && count >= 3)
		backend = json_pack("{s:s,s:s,s:o,s:o}", "name", fields[0], "address", fields[1],
			"port", parse_value("port", fields[2]), "weight",
			count == 4 ? parse_value("weight", fields[3]) : json_integer(1));
	free(copy);
	return backend;
}

static bool add_backend(json_t *vip, const char *text)
{
	json_t *backends = json_object_get(vip, "backends"), *backend = parse_backend(text);

	if (!backend)
		return fail("'backend=%s' is not backend=NAME,ADDRESS,PORT[,WEIGHT]", text);
	if (!backends) {
		backends = json_array();
		json_object_set_new(vip, "backends", backends);
	}
	return json_array_append_new(backends, backend) == 0;
}

static bool add_value(json_t *object, const char *key, const char *text)
{
	if (json_object_get(object, key))
		return fail("'%s' is given twice", key);
	if (json_object_set_new(object, key, parse_value(key, text)) != 0)
		return fail("'%s' is not UTF-8", key);
	return true;
}

// To the first of the keys for it that has no value yet.
static bool add_bare(const struct ctl_command *command, json_t *object, const char *argument)
{
	const char *keys = command->bare ? command->bare : "";

	while (*keys) {
		char key[32];
		size_t len = strcspn(keys, " ");

		snprintf(key, sizeof(key), "%.*s", (int)len, keys);
		if (!json_object_get(object, key))
			return add_value(object, key, argument);
		keys += len + (keys[len] == ' ');
	}
	return fail("%s: '%s' is %s; see %s --help", command->name, argument,
		command->bare ? "one argument too many" : "not key=value", command->name);
}

static bool add_argument(const struct ctl_command *command, json_t *object, const char *argument)
{
	const char *equals = strchr(argument, '=');
	bool added;
	char *key;

	if (!equals)
		return add_bare(command, object, argument);
	if (equals == argument)
		return fail("%s: '%s' is not key=value", command->name, argument);
	if (command->shape == CTL_OBJECT && strncmp(argument, "backend=", 8) == 0)
		return add_backend(object, equals + 1);
	key = strndup(argument, (size_t)(equals - argument));
	added = key && add_value(object, key, equals + 1);
	free(key);
	return added;
}

static char *read_all(FILE *file, size_t *len)
{
	size_t capacity = 65536;
	char *text = malloc(capacity);

	*len = 0;
	while (text) {
		size_t n = fread(text + *len, 1, capacity - *len, file);

		*len += n;
		if (n == 0)
			return text;
		if (*len == capacity) {
			char *grown = realloc(text, capacity *= 2);

			if (!grown)
				free(text);
			text = grown;
		}
	}
	return NULL;
}

static json_t *read_file(const char *path)
{
	bool standard_input = strcmp(path, "-") == 0;
	char error[320], *text = NULL;
	json_t *value;
	size_t len = 0;

	if (standard_input) {
		text = read_all(stdin, &len);
		if (!text) {
			fail("out of memory");
			return NULL;
		}
	}
	value = yaml_to_json(
		standard_input ? "standard input" : path, text, len, true, error, sizeof(error));
	if (!value)
		fail("%s", error);
	free(text);
	return value;
}

static bool is_file(const char *argument)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t len = strlen(argument);

	if (strcmp(argument, "-") == 0)
		return true;
	for (size_t i = 0; i < 3; i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && strcmp(argument + len - ending, endings[i]) == 0)
			return strchr(argument, '=') == NULL;
	}
	return false;
}

// An object, or a list of them. NULL: said why.
static json_t *parse_arguments(const struct ctl_command *command, int argc, char **argv)
{
	json_error_t error;
	json_t *value;

	if (argc == 1 && (argv[0][0] == '{' || argv[0][0] == '[')) {
		value = json_loads(argv[0], JSON_REJECT_DUPLICATES, &error);
		if (!value)
			fail("not JSON: column %d: %s", error.column, error.text);
		return value;
	}
	if (argc == 1 && command->shape == CTL_OBJECT && is_file(argv[0]))
		return read_file(argv[0]);
	value = json_object();
	for (int i = 0; i < argc; i++) {
		if (!add_argument(command, value, argv[i])) {
			json_decref(value);
			return NULL;
		}
	}
	return value;
}

// {"vip":{…}} is as good as {…}, and so is {"eips":[…]} as […].
static json_t *unwrap(const struct ctl_command *command, json_t *value)
{
	json_t *inner = command->object ? json_object_get(value, command->object) : NULL;

	if (!inner && command->list)
		inner = json_object_get(value, command->list);
	if (command->shape != CTL_OBJECT || !(json_is_object(inner) || json_is_array(inner)))
		return value;
	json_incref(inner);
	json_decref(value);
	return inner;
}

static bool check_required(const struct ctl_command *command, const json_t *object)
{
	for (int i = 0; i < CTL_MAX_REQUIRED && command->required[i]; i++) {
		if (!json_object_get(object, command->required[i]))
			return fail("%s: %s is missing; see %s --help", command->name,
				command->required[i], command->name);
	}
	return true;
}

static bool is_moved(const struct ctl_command *command, const char *key)
{
	return strcmp(key, "vip") != 0 &&
	       (command->shape == CTL_BACKEND || strcmp(key, "new_connection_limit") != 0);
}

// Puts what belongs to the inner object there: all but the VIP's name and its own limit.
static json_t *move_inside(const struct ctl_command *command, json_t *flat)
{
	json_t *outer = json_object(), *inner = json_object(), *value;
	const char *key;

	json_object_foreach(flat, key, value)
	{
		json_object_set(is_moved(command, key) ? inner : outer, key, value);
	}
	if (json_object_size(inner) > 0)
		json_object_set(outer, command->object, inner);
	json_decref(inner);
	json_decref(flat);
	return outer;
}

// Takes the value.
static json_t *request_of(const struct ctl_command *command, const char *key, json_t *value)
{
	json_t *request = json_pack("{s:s}", "command", command->name);

	if (key) {
		json_object_set_new(request, key, value);
		return request;
	}
	json_object_update_missing(request, value);
	json_decref(value);
	return request;
}

static json_t *requests_of_list(const struct ctl_command *command, const json_t *list)
{
	json_t *requests = json_array(), *part = NULL, *entry;
	size_t i;

	json_array_foreach((json_t *)list, i, entry)
	{
		if (i % CTL_LIST_ENTRIES == 0) {
			part = json_array();
			json_array_append_new(requests, request_of(command, command->list, part));
		}
		json_array_append(part, entry);
	}
	return requests;
}

static bool is_whole(const struct ctl_command *command, const json_t *object)
{
	return json_is_object(json_object_get(object, command->object));
}

json_t *ctl_requests(const struct ctl_command *command, int argc, char **argv)
{
	json_t *value = parse_arguments(command, argc, argv), *requests = NULL;

	if (!value)
		return NULL;
	value = unwrap(command, value);
	if (json_is_array(value) && command->list) {
		requests = requests_of_list(command, value);
		json_decref(value);
		return requests;
	}
	if (!json_is_object(value))
		fail("%s: an object is expected%s", command->name,
			command->list ? ", or a list of them" : "");
	else if (command->object && command->shape != CTL_OBJECT && is_whole(command, value))
		return json_pack("[o]", request_of(command, NULL, value));
	else if (check_required(command, value)) {
		if (command->shape == CTL_BACKEND || command->shape == CTL_LIMITS)
			value = move_inside(command, value);
		return json_pack("[o]",
			request_of(command, command->shape == CTL_OBJECT ? command->object : NULL,
				value));
	}
	json_decref(value);
	return NULL;
}
