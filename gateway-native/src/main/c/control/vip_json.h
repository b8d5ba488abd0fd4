// SPDX-License-Identifier: Apache-2.0
//
// What the gateway runs as JSON, with the keys of the YAML configuration.
#ifndef DYETRACE_VIP_JSON_H
#define DYETRACE_VIP_JSON_H

#include "settings.h"

#include <jansson.h>

// In the place of a key that is not shown: no configuration takes it for one.
#define SECRET_TEXT "secret"

json_t *address_json(const struct ip_address *address);
json_t *prefix_json(const struct ip_address *prefix, unsigned int bits);
json_t *duration_json(uint64_t ns);
json_t *hex_json(const uint8_t *bytes, size_t len, bool secrets);
const char *protocol_name(uint8_t protocol);

json_t *vip_json(const struct vip *vip, bool secrets);
json_t *tunnel_json(const struct settings_tunnel *tunnel);
json_t *eip_json(const struct settings *settings, const struct settings_eip *eip);
// expires_ns: monotonic, as now_ns; 0: never.
json_t *blacklist_entry_json(
	const struct ip_address *prefix, unsigned int bits, uint64_t expires_ns, uint64_t now_ns);

#endif
