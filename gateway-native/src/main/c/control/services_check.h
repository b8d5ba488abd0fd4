// SPDX-License-Identifier: Apache-2.0
//
// What a VIP must not be beside the others.
#ifndef DYETRACE_SERVICES_CHECK_H
#define DYETRACE_SERVICES_CHECK_H

#include "services.h"

#define SERVICES_NO_INDEX (-1)

// Always false.
bool services_refuse(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Whose keys an error names.
struct services_request {
	char vip[24];            // "vip", or "vips[3]" in a configuration
	int backend;             // the only one of the request: "backend"; or SERVICES_NO_INDEX
	int replaced;            // index of the VIP that goes, or SERVICES_NO_INDEX
	struct vip *const *vips; // the others, and the one that goes
	unsigned int count;
};

// false, with *error filled in.
bool services_check(const struct services_config *config, const struct services_request *request,
	const struct vip *vip, char error[SERVICES_ERROR_BYTES]);

// "vips[3].backends[7]" or "backend".
const char *services_backend_key(
	const struct services_request *request, uint32_t index, char key[64]);

#endif
