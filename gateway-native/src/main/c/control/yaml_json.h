// SPDX-License-Identifier: Apache-2.0
//
// YAML read into JSON values, so that a file and a request of the control socket meet the same
// checks.
#ifndef DYETRACE_YAML_JSON_H
#define DYETRACE_YAML_JSON_H

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

#define YAML_MAX_DEPTH 32
#define YAML_MAX_NODES (8u << 20) // aliases counted as often as they are used

// The first document of a file, or of (text, len) when text is given: path then only stands in
// errors. resolve: plain scalars that look like numbers or booleans become such, otherwise every
// scalar is a string. NULL, with *error filled in.
json_t *yaml_to_json(const char *path, const char *text, size_t len, bool resolve, char *error,
	size_t error_bytes);

#endif
