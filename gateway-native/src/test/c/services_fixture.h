// SPDX-License-Identifier: Apache-2.0
//
// Services without workers: who has sessions, what the time is and which names have a slot is the
// test's.
#ifndef DYETRACE_TEST_SERVICES_FIXTURE_H
#define DYETRACE_TEST_SERVICES_FIXTURE_H

#include "test.h"

#include "../../main/c/control/services.h"

#include <rte_rcu_qsbr.h>

#define SECOND_NS 1000000000ull
#define MILLISECOND_NS 1000000ull

struct fixture {
	char error[SERVICES_ERROR_BYTES];
	_Atomic(const struct vip_table *) published;
	uint64_t sessions_of_service[SERVICE_MAX];
	uint64_t sessions_of_target[TARGET_MAX];
	char names[DT_MAX_NAMES][DT_NAME_LEN]; // of VIPs and backends alike
	struct rte_rcu_qsbr *qsbr;
	uint64_t now_ns;
};

extern struct fixture fixture;

// cmocka's: before each test.
int services_set_up(void **state);

int slot_of(void *context, const char *name);
struct ip_address address(const char *text);
struct backend backend_of(const char *name, const char *text);

// Backends rs-1 … with 10.1.0.1 …
struct vip *vip_of(const char *name, const char *text, uint32_t backends);

// NULL: fixture.error says why.
struct services *create(struct vip *const *vips, unsigned int count);

// Of one VIP, "a" at 198.19.0.1.
struct services *create_one(uint32_t backends);

void step_by(struct services *services, uint64_t ns);

// The VIP that a packet to this address and port 80 meets.
const struct vip *seen(const char *text);

void expect_error(const char *text);

#endif
