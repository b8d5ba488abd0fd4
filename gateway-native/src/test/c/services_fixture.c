// SPDX-License-Identifier: Apache-2.0
#include "services_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fixture fixture;

int slot_of(void *context, const char *name)
{
	(void)context;
	assert_non_null(name);
	for (int i = 0; name && i < DT_MAX_NAMES; i++) {
		if (fixture.names[i][0] == '\0')
			snprintf(fixture.names[i], DT_NAME_LEN, "%s", name);
		if (strcmp(fixture.names[i], name) == 0)
			return i;
	}
	return -ENOSPC;
}

static bool is_own(void *context, const struct ip_address *address)
{
	(void)context;
	return ip_is_v4(address) && ip_v4(address) == inet_addr("10.0.0.1");
}

static uint64_t service_sessions(void *context, uint16_t id)
{
	(void)context;
	return fixture.sessions_of_service[id];
}

static uint64_t target_sessions(void *context, uint16_t id)
{
	(void)context;
	return fixture.sessions_of_target[id];
}

struct ip_address address(const char *text)
{
	struct ip_address a = {.bytes = {0}};
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_from_v4(v4.s_addr);
	assert_int_equal(inet_pton(AF_INET6, text, a.bytes), 1);
	return a;
}

struct backend backend_of(const char *name, const char *text)
{
	struct backend b = {
		.address = address(text),
		.port = 8080,
		.weight = 10,
		.enabled = true,
	};

	snprintf(b.name, sizeof(b.name), "%s", name);
	return b;
}

struct vip *vip_of(const char *name, const char *text, uint32_t backends)
{
	struct vip *vip = vip_new(backends);

	snprintf(vip->name, sizeof(vip->name), "%s", name);
	vip->address = address(text);
	vip->port = 80;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	for (uint32_t i = 0; i < backends; i++) {
		char backend[16], at[20];

		snprintf(backend, sizeof(backend), "rs-%u", i + 1);
		snprintf(at, sizeof(at), "10.1.%u.%u", i / 250, i % 250 + 1);
		vip->backends[i] = backend_of(backend, at);
	}
	return vip;
}

struct services *create(struct vip *const *vips, unsigned int count)
{
	const struct services_config config = {
		.names = {slot_of, slot_of, NULL},
		.published = &fixture.published,
		.qsbr = fixture.qsbr,
		.is_own_address = is_own,
		.service_sessions = service_sessions,
		.target_sessions = target_sessions,
	};
	struct services *s = services_create(&config, vips, count, 7, fixture.error);

	if (s)
		services_step(s, fixture.now_ns);
	return s;
}

struct services *create_one(uint32_t backends)
{
	struct vip *vip = vip_of("a", "198.19.0.1", backends);
	struct services *s = create(&vip, 1);

	assert_non_null(s);
	return s;
}

void step_by(struct services *s, uint64_t ns)
{
	fixture.now_ns += ns;
	services_step(s, fixture.now_ns);
}

const struct vip *seen(const char *text)
{
	struct ip_address a = address(text);
	const struct vip *vip;

	vip_lookup(atomic_load(&fixture.published), &a, 80, PROTOCOL_TCP, &vip);
	return vip;
}

void expect_error(const char *text)
{
	if (!strstr(fixture.error, text))
		fail_msg("'%s' does not say '%s'", fixture.error, text);
}

int services_set_up(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	fixture.now_ns = 1000 * SECOND_NS;
	return 0;
}
