// SPDX-License-Identifier: Apache-2.0
//
// A session table with two targets and sessions that are named by a number.
#ifndef DYETRACE_SESSION_FIXTURE_H
#define DYETRACE_SESSION_FIXTURE_H

#include "test.h"

#include "../../main/c/datapath/session_table.h"
#include "../../main/c/packet/parse.h"

enum {
	FIXTURE_CAPACITY = 1024,
	FIXTURE_SERVICE = 3,
	FIXTURE_TARGET = 1,       // IPv4
	FIXTURE_OTHER_TARGET = 2, // the same port, another address
	FIXTURE_TARGET_V6 = 3,
};

extern int fixture_removed; // calls of on_remove

int fixture_setup(void **state);
int fixture_teardown(void **state);

struct ip_address fixture_v4(uint32_t n);
struct ip_address fixture_v6(uint32_t n);

// Half-open TCP of client n, port n, by local address 0, port n, to FIXTURE_TARGET.
struct session fixture_session(uint32_t n);
struct session *fixture_insert(struct session_table *table, const struct session *s, uint32_t tick);
struct session *fixture_forward(const struct session_table *table, uint32_t n);
struct session *fixture_reply(const struct session_table *table, uint32_t n);

uint64_t fixture_forward_hash(const struct session_table *table, const struct session *s);
uint64_t fixture_reply_hash(const struct session_table *table, const struct session *s);

// To the end of what is due.
void fixture_age(struct session_table *table, uint32_t tick);

#endif
