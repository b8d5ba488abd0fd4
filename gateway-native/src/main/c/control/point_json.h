// SPDX-License-Identifier: Apache-2.0
//
// A point as a line of JSON, names instead of codes.
#ifndef DYETRACE_POINT_JSON_H
#define DYETRACE_POINT_JSON_H

#include "../telemetry/ring_layout.h"

#include <stdio.h>

// vip, backend: the names of the record's slots, or "".
void point_json_write(FILE *out, const char *node, const struct dt_record *record, const char *vip,
	const char *backend);

#endif
