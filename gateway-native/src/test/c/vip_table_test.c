// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/vip_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ip_address address(const char *text)
{
	struct ip_address a = {.bytes = {0}};
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_from_v4(v4.s_addr);
	assert_int_equal(inet_pton(AF_INET6, text, a.bytes), 1);
	return a;
}

static struct vip *vip_of(const char *name, const char *text, uint16_t port, uint32_t backends)
{
	struct vip *vip = vip_new(backends);

	assert_non_null(vip);
	snprintf(vip->name, sizeof(vip->name), "%s", name);
	vip->address = address(text);
	vip->port = port;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	for (uint32_t i = 0; i < backends; i++) {
		snprintf(vip->backends[i].name, DT_NAME_LEN, "rs-%u", i + 1);
		vip->backends[i].weight = 1;
		vip->backends[i].enabled = true;
		vip->backends[i].slot = (uint16_t)i;
		vip->backends[i].target = (uint16_t)i;
	}
	assert_int_equal(vip_finish(vip), 0);
	return vip;
}

static void should_find_every_vip_and_nothing_else(void **state)
{
	struct vip *vips[300];
	struct vip_table *table;
	const struct vip *found;
	struct ip_address unknown = address("198.19.1.101"), known = address("198.19.1.100");

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		char name[32], text[40];

		snprintf(name, sizeof(name), "v%u", i);
		snprintf(text, sizeof(text), i % 2 ? "2001:db8::%u" : "198.19.1.%u", i / 3 + 1);
		vips[i] = vip_of(name, text, (uint16_t)(80 + i % 3), 1);
		vips[i]->service = (uint16_t)(SERVICE_MAX - 1 - i);
	}
	vips[7]->enabled = false;
	table = vip_table_new(vips, 300, 5);
	assert_non_null(table);
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(
			vip_lookup(table, &vips[i]->address, vips[i]->port, PROTOCOL_TCP, &found),
			i == 7 ? VIP_DISABLED : VIP_FOUND);
		assert_ptr_equal(found, vips[i]);
		assert_ptr_equal(table->by_service[SERVICE_MAX - 1 - i], vips[i]);
	}
	assert_null(table->by_service[0]);
	assert_int_equal(
		vip_lookup(table, &vips[0]->address, 99, PROTOCOL_TCP, &found), VIP_UNKNOWN);
	assert_null(found);
	assert_true(vip_address_known(table, &known));
	assert_true(vip_address_known(table, &vips[299]->address));
	assert_false(vip_address_known(table, &unknown));
	vip_table_free(table);
}

static void should_tell_another_protocol_from_an_unknown_port(void **state)
{
	struct vip *vips[3] = {vip_of("a", "198.19.0.1", 53, 0), vip_of("b", "198.19.0.1", 53, 0),
		vip_of("c", "198.19.0.2", 53, 0)};
	struct vip_table *table;
	const struct vip *found;

	(void)state;
	vips[1]->protocol = PROTOCOL_UDP;
	vips[1]->service = 1;
	vips[2]->protocol = PROTOCOL_SCTP;
	vips[2]->service = 2;
	table = vip_table_new(vips, 3, 1);
	assert_int_equal(vip_lookup(table, &vips[0]->address, 53, PROTOCOL_UDP, &found), VIP_FOUND);
	assert_ptr_equal(found, vips[1]);
	assert_int_equal(vip_lookup(table, &vips[0]->address, 53, PROTOCOL_SCTP, &found),
		VIP_PROTOCOL_UNSUPPORTED);
	assert_non_null(found);
	assert_int_equal(vip_lookup(table, &vips[2]->address, 53, PROTOCOL_TCP, &found),
		VIP_PROTOCOL_UNSUPPORTED);
	assert_ptr_equal(found, vips[2]);
	vip_table_free(table);
}

static void should_share_vips_between_tables(void **state)
{
	struct vip *vips[2] = {vip_of("a", "198.19.0.1", 80, 1), vip_of("b", "198.19.0.2", 80, 1)};
	struct vip_table *first = vip_table_new(vips, 2, 1), *second = vip_table_new(vips, 1, 2);
	const struct vip *found;

	(void)state;
	vip_table_free(first); // frees b and keeps a: the sanitizer would tell
	assert_int_equal(
		vip_lookup(second, &vips[0]->address, 80, PROTOCOL_TCP, &found), VIP_FOUND);
	assert_string_equal(found->name, "a");
	vip_table_free(second);
}

static void should_copy_a_vip_with_all_that_is_its_own(void **state)
{
	struct vip *vip = vip_of("a", "198.19.0.1", 80, 3), *copy;
	const struct backend *of_vip, *of_copy;

	(void)state;
	vip->quic = calloc(1, sizeof(*vip->quic));
	vip->quic->layout = QUIC_LAYOUT_KATRAN;
	vip->backends[1].server_id = (struct quic_server_id){2, {1, 2}};
	assert_int_equal(vip_finish(vip), 0);
	vip->references = 3;
	copy = vip_copy(vip);
	assert_int_equal(copy->references, 0);
	assert_ptr_not_equal(copy->quic, vip->quic);
	for (uint16_t port = 0; port < 1000; port++) {
		vip_choose_backend(vip, &vip->address, port, NULL, &of_vip);
		vip_choose_backend(copy, &vip->address, port, NULL, &of_copy);
		assert_int_equal(of_vip - vip->backends, of_copy - copy->backends);
	}
	vip_free(vip);
	assert_int_equal(copy->quic->layout, QUIC_LAYOUT_KATRAN);
	assert_int_equal(vip_choose_server(copy, &(struct quic_server_id){2, {1, 2}}, &of_copy),
		BACKEND_CHOSEN);
	assert_string_equal(of_copy->name, "rs-2");
	vip_free(copy);
}

static void should_know_whether_a_packet_limit_is_set(void **state)
{
	struct vip *vip = vip_of("a", "198.19.0.1", 80, 1);

	(void)state;
	assert_false(vip->limited);
	vip->limits = (struct vip_limits){.new_connections_per_second = 5};
	assert_int_equal(vip_finish(vip), 0);
	assert_false(vip->limited);
	vip->limits.bits_per_second = 1;
	assert_int_equal(vip_finish(vip), 0);
	assert_true(vip->limited);
	vip->limits = (struct vip_limits){.sessions = 1};
	assert_int_equal(vip_finish(vip), 0);
	assert_true(vip->limited);
	vip_free(vip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_find_every_vip_and_nothing_else),
		cmocka_unit_test(should_tell_another_protocol_from_an_unknown_port),
		cmocka_unit_test(should_share_vips_between_tables),
		cmocka_unit_test(should_copy_a_vip_with_all_that_is_its_own),
		cmocka_unit_test(should_know_whether_a_packet_limit_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
