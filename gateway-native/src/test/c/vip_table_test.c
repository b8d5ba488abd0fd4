// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/datapath/vip_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 100000 };

static struct vip *vip_of(const char *name, const char *address, uint16_t port, uint32_t backends)
{
	struct vip *vip = vip_new(backends);

	assert_non_null(vip);
	snprintf(vip->name, sizeof(vip->name), "%s", name);
	vip->address = frame_address(address);
	vip->port = port;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	for (uint32_t i = 0; i < backends; i++) {
		snprintf(vip->backends[i].name, DT_NAME_LEN, "rs-%u", i + 1);
		vip->backends[i].weight = 1;
		vip->backends[i].enabled = true;
		vip->backends[i].slot = (uint16_t)i;
	}
	assert_int_equal(vip_finish(vip), 0);
	return vip;
}

static uint32_t choose(const struct vip *vip, uint32_t flow)
{
	const struct backend *backend = NULL;

	assert_int_equal(vip_choose_backend(vip, flow * 2654435761u, (uint16_t)flow, &backend),
		BACKEND_CHOSEN);
	return backend->slot;
}

static void should_share_flows_by_weight(void **state)
{
	struct vip *vip = vip_of("v", "198.19.0.1", 80, 3);
	int counts[3] = {0};

	(void)state;
	vip->backends[0].weight = 1;
	vip->backends[1].weight = 2;
	vip->backends[2].weight = 7;
	assert_int_equal(vip_finish(vip), 0);
	for (uint32_t flow = 0; flow < FLOWS; flow++)
		counts[choose(vip, flow)]++;
	assert_in_range(counts[0], FLOWS / 10 * 95 / 100, FLOWS / 10 * 105 / 100);
	assert_in_range(counts[1], FLOWS / 5 * 95 / 100, FLOWS / 5 * 105 / 100);
	assert_in_range(counts[2], FLOWS * 7 / 10 * 95 / 100, FLOWS * 7 / 10 * 105 / 100);
	vip_free(vip);
}

static void should_move_few_flows_when_a_backend_goes(void **state)
{
	struct vip *before = vip_of("v", "198.19.0.1", 80, 5),
		   *after = vip_of("v", "198.19.0.1", 80, 5);
	int moved = 0;

	(void)state;
	after->backends[2].enabled = false;
	assert_int_equal(vip_finish(after), 0);
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		uint32_t old = choose(before, flow), new = choose(after, flow);

		assert_int_not_equal(new, 2);
		moved += old != 2 && old != new;
	}
	assert_in_range(moved, 0, FLOWS / 20);
	vip_free(before);
	vip_free(after);
}

static void should_not_depend_on_the_order_of_backends(void **state)
{
	struct vip *a = vip_of("v", "198.19.0.1", 80, 3), *b = vip_of("v", "198.19.0.1", 80, 3);
	struct backend first = b->backends[0];

	(void)state;
	b->backends[0] = b->backends[2];
	b->backends[2] = first;
	assert_int_equal(vip_finish(b), 0);
	for (uint32_t flow = 0; flow < 1000; flow++)
		assert_int_equal(choose(a, flow), choose(b, flow));
	vip_free(a);
	vip_free(b);
}

static void should_say_why_no_backend_takes_a_flow(void **state)
{
	struct vip *none = vip_of("v", "198.19.0.1", 80, 0),
		   *down = vip_of("v", "198.19.0.1", 80, 2);
	const struct backend *backend;

	(void)state;
	assert_int_equal(vip_choose_backend(none, 1, 1, &backend), BACKEND_NONE);
	down->backends[0].enabled = false;
	down->backends[1].weight = 0;
	assert_int_equal(vip_finish(down), 0);
	assert_int_equal(vip_choose_backend(down, 1, 1, &backend), BACKEND_NONE_HEALTHY);
	vip_free(none);
	vip_free(down);
}

static void should_find_every_vip_and_nothing_else(void **state)
{
	struct vip *vips[300];
	struct vip_table *table;
	const struct vip *found;

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		char name[32], address[32];

		snprintf(name, sizeof(name), "v%u", i);
		snprintf(address, sizeof(address), "198.19.1.%u", i / 3 + 1);
		vips[i] = vip_of(name, address, (uint16_t)(80 + i % 3), 1);
		vips[i]->slot = (uint16_t)i;
	}
	vips[7]->enabled = false;
	table = vip_table_new(vips, 300, 5);
	assert_non_null(table);
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(
			vip_lookup(table, vips[i]->address, vips[i]->port, PROTOCOL_TCP, &found),
			i == 7 ? VIP_DISABLED : VIP_FOUND);
		assert_ptr_equal(found, vips[i]);
		assert_ptr_equal(table->by_slot[i], vips[i]);
	}
	assert_int_equal(vip_lookup(table, vips[0]->address, 80, PROTOCOL_UDP, &found),
		VIP_PROTOCOL_UNSUPPORTED);
	assert_int_equal(
		vip_lookup(table, vips[0]->address, 99, PROTOCOL_TCP, &found), VIP_UNKNOWN);
	assert_null(found);
	assert_true(vip_address_known(table, frame_address("198.19.1.100")));
	assert_false(vip_address_known(table, frame_address("198.19.1.101")));
	vip_table_free(table);
}

static void should_share_vips_between_tables(void **state)
{
	struct vip *vips[2] = {vip_of("a", "198.19.0.1", 80, 1), vip_of("b", "198.19.0.2", 80, 1)};
	struct vip_table *first = vip_table_new(vips, 2, 1), *second = vip_table_new(vips, 1, 2);
	const struct vip *found;

	(void)state;
	vip_table_free(first); // frees b and keeps a: the sanitizer would tell
	assert_int_equal(vip_lookup(second, vips[0]->address, 80, PROTOCOL_TCP, &found), VIP_FOUND);
	assert_string_equal(found->name, "a");
	vip_table_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_share_flows_by_weight),
		cmocka_unit_test(should_move_few_flows_when_a_backend_goes),
		cmocka_unit_test(should_not_depend_on_the_order_of_backends),
		cmocka_unit_test(should_say_why_no_backend_takes_a_flow),
		cmocka_unit_test(should_find_every_vip_and_nothing_else),
		cmocka_unit_test(should_share_vips_between_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
