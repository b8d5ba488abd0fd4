// SPDX-License-Identifier: Apache-2.0
#include "session_fixture.h"

#include <stdlib.h>

int fixture_removed;

static const uint32_t timeouts[SESSION_CLASSES] = {
	[SESSION_CLASS_SYN] = 80,
	[SESSION_CLASS_ESTABLISHED] = 8000,
	[SESSION_CLASS_CLOSING] = 160,
	[SESSION_CLASS_RESET] = 40,
	[SESSION_CLASS_UDP] = 240,
	[SESSION_CLASS_SCTP] = 4000,
	[SESSION_CLASS_HALF_CLOSED] = 1600,
};

struct ip_address fixture_v4(uint32_t n)
{
	return ip_from_v4(htonl(0x0a000000 + n));
}

struct ip_address fixture_v6(uint32_t n)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8}};

	a.words[3] = htonl(n);
	return a;
}

static void count_removed(void *context, const struct session *session)
{
	(void)context;
	(void)session;
	fixture_removed++;
}

int fixture_setup(void **state)
{
	struct session_table *table = malloc(sizeof(*table));
	struct target *targets = calloc(TARGET_MAX, sizeof(*targets));

	fixture_removed = 0;
	targets[FIXTURE_TARGET] = (struct target){.address = fixture_v4(9), .port = 8080};
	targets[FIXTURE_OTHER_TARGET] = (struct target){.address = fixture_v4(10), .port = 8080};
	targets[FIXTURE_TARGET_V6] = (struct target){.address = fixture_v6(9), .port = 8080};
	session_table_init(table, aligned_alloc(64, session_table_bytes(FIXTURE_CAPACITY)),
		FIXTURE_CAPACITY, 42, targets, timeouts);
	table->on_remove = count_removed;
	*state = table;
	return 0;
}

int fixture_teardown(void **state)
{
	struct session_table *table = *state;

	free((void *)(uintptr_t)table->targets);
	free(table->sessions);
	free(table);
	return 0;
}

struct session fixture_session(uint32_t n)
{
	return (struct session){
		.client = fixture_v4(n),
		.client_port = (uint16_t)n,
		.local_port = (uint16_t)n,
		.service = FIXTURE_SERVICE,
		.target = FIXTURE_TARGET,
		.protocol = PROTOCOL_TCP,
		.state = SESSION_SYN_SENT,
		.class = SESSION_CLASS_SYN,
	};
}

uint64_t fixture_forward_hash(const struct session_table *table, const struct session *s)
{
	struct ip_address vip = fixture_v4(1);

	return session_forward_hash(table, &s->client, &vip, s->client_port, 80, s->protocol);
}

uint64_t fixture_reply_hash(const struct session_table *table, const struct session *s)
{
	const struct target *target = &table->targets[s->target];
	struct ip_address local = fixture_v4(7 + s->local_index);

	return session_reply_hash(table, &target->address,
		s->local_index == SESSION_LOCAL_CLIENT ? &s->client : &local, target->port,
		s->local_port, s->protocol);
}

struct session *fixture_insert(struct session_table *table, const struct session *s, uint32_t tick)
{
	return session_insert(
		table, s, fixture_forward_hash(table, s), fixture_reply_hash(table, s), tick);
}

struct session *fixture_forward(const struct session_table *table, uint32_t n)
{
	struct session s = fixture_session(n);

	return session_find_forward(
		table, fixture_forward_hash(table, &s), &s.client, s.client_port, s.service);
}

struct session *fixture_reply(const struct session_table *table, uint32_t n)
{
	struct session s = fixture_session(n);
	const struct target *target = &table->targets[s.target];

	return session_find_reply(table, fixture_reply_hash(table, &s), &target->address,
		target->port, s.local_index, NULL, s.local_port, s.protocol);
}

void fixture_age(struct session_table *table, uint32_t tick)
{
	while (session_table_age(table, tick, 8) > 0)
		;
}
