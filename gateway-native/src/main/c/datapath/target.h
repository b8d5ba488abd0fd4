// SPDX-License-Identifier: Apache-2.0
//
// Where sessions lead. A target is one backend of one VIP with the address it has; a session names
// it by its id, and keeps it over every change of the configuration. The control thread fills a
// slot in before a table that names it is published, and gives it to another target only when no
// session of any worker is left on it and no table names it.
#ifndef DYETRACE_TARGET_H
#define DYETRACE_TARGET_H

#include "../packet/ip_address.h"

#include <stdint.h>

#define TARGET_MAX 16384

struct target {
	struct ip_address address;
	uint16_t port;         // host order
	uint16_t backend_slot; // of its name
	uint16_t service;      // id of the VIP it serves
	bool used;             // the control thread's
	uint8_t reserved[9];
};

_Static_assert(sizeof(struct target) == 32, "two targets a cache line");

#endif
