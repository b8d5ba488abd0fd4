// SPDX-License-Identifier: Apache-2.0
//
// A VIP as JSON, with the keys of the YAML configuration.
#ifndef DYETRACE_VIP_JSON_H
#define DYETRACE_VIP_JSON_H

#include "settings.h"

#include <jansson.h>

// Strict, with the configuration's checks. NULL, with *error filled in.
struct vip *vip_from_json(const json_t *json, char error[SETTINGS_ERROR_BYTES]);

json_t *vip_to_json(const struct vip *vip);

#endif
