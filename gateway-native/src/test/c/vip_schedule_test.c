// SPDX-License-Identifier: Apache-2.0
//
// Which backend a new session gets.
#include "test.h"

#include "../../main/c/datapath/vip_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 100000 };

#define SECOND_NS 1000000000ull

static uint32_t sessions[TARGET_MAX];
static uint32_t cursor;
static const struct schedule_state of_worker = {&cursor, sessions};

static int forget(void **state)
{
	(void)state;
	memset(sessions, 0, sizeof(sessions));
	cursor = 0;
	return 0;
}

static struct vip *vip_of(enum vip_scheduler scheduler, uint32_t backends)
{
	struct vip *vip = vip_new(backends);

	assert_non_null(vip);
	vip->address = ip_from_v4(htonl(0xc6130001));
	vip->port = 80;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	vip->scheduler = (uint8_t)scheduler;
	for (uint32_t i = 0; i < backends; i++) {
		struct backend *b = &vip->backends[i];

		snprintf(b->name, sizeof(b->name), "rs-%u", i + 1);
		b->weight = 1;
		b->enabled = true;
		b->slot = (uint16_t)i;
		b->target = (uint16_t)(i + 100);
	}
	assert_int_equal(vip_finish(vip), 0);
	return vip;
}

static const struct backend *choose(const struct vip *vip, uint32_t flow)
{
	struct ip_address client = ip_from_v4(flow * 2654435761u);
	const struct backend *backend = NULL;

	assert_int_equal(vip_choose_backend(vip, &client, (uint16_t)flow, &of_worker, &backend),
		BACKEND_CHOSEN);
	return backend;
}

static void should_share_flows_by_weight(void **state)
{
	static const enum vip_scheduler schedulers[] = {
		SCHEDULER_MAGLEV, SCHEDULER_ROUND_ROBIN, SCHEDULER_LEAST_CONNECTIONS};

	for (int s = 0; s < 3; s++) {
		struct vip *vip = vip_of(schedulers[s], 3);
		int counts[3] = {0};

		forget(state);
		vip->backends[0].weight = 1;
		vip->backends[1].weight = 2;
		vip->backends[2].weight = 7;
		assert_int_equal(vip_finish(vip), 0);
		for (uint32_t flow = 0; flow < FLOWS; flow++) {
			const struct backend *b = choose(vip, flow);

			counts[b->slot]++;
			sessions[b->target]++;
		}
		assert_in_range(counts[0], FLOWS / 10 * 95 / 100, FLOWS / 10 * 105 / 100);
		assert_in_range(counts[1], FLOWS / 5 * 95 / 100, FLOWS / 5 * 105 / 100);
		assert_in_range(counts[2], FLOWS * 7 / 10 * 95 / 100, FLOWS * 7 / 10 * 105 / 100);
		vip_free(vip);
	}
}

static void should_share_flows_evenly_among_the_greatest_number_of_backends(void **state)
{
	static const enum vip_scheduler schedulers[] = {
		SCHEDULER_MAGLEV, SCHEDULER_ROUND_ROBIN, SCHEDULER_LEAST_CONNECTIONS};
	static uint32_t counts[VIP_MAX_BACKENDS];
	const uint32_t each = 500;

	for (int s = 0; s < 3; s++) {
		struct vip *vip = vip_of(schedulers[s], VIP_MAX_BACKENDS);

		forget(state);
		memset(counts, 0, sizeof(counts));
		for (uint32_t flow = 0; flow < VIP_MAX_BACKENDS * each; flow++) {
			const struct backend *b = choose(vip, flow);

			counts[b->slot]++;
			sessions[b->target]++;
		}
		for (int i = 0; i < VIP_MAX_BACKENDS; i++)
			assert_in_range(counts[i], each * 70 / 100, each * 130 / 100);
		vip_free(vip);
	}
}

static void should_move_few_flows_when_a_backend_goes(void **state)
{
	struct vip *before = vip_of(SCHEDULER_MAGLEV, 5), *after = vip_of(SCHEDULER_MAGLEV, 5);
	int moved = 0;

	(void)state;
	after->backends[2].enabled = false;
	assert_int_equal(vip_finish(after), 0);
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		uint16_t old = choose(before, flow)->slot, new = choose(after, flow)->slot;

		assert_int_not_equal(new, 2);
		moved += old != 2 && old != new;
	}
	assert_in_range(moved, 0, FLOWS / 20);
	vip_free(before);
	vip_free(after);
}

// No more than the new one gets and a few beside, however many there are.
static void should_move_few_flows_when_a_backend_comes(void **state)
{
	static const uint32_t counts[] = {1, 10, 40, 163, 511};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct vip *before = vip_of(SCHEDULER_MAGLEV, counts[i]);
		struct vip *after = vip_of(SCHEDULER_MAGLEV, counts[i] + 1);
		uint32_t moved = 0;

		for (uint32_t flow = 0; flow < FLOWS; flow++)
			moved += choose(before, flow)->slot != choose(after, flow)->slot;
		assert_in_range(moved, 1, FLOWS / (counts[i] + 1) + FLOWS / 12);
		vip_free(before);
		vip_free(after);
	}
}

static void should_not_depend_on_the_order_of_backends(void **state)
{
	static const enum vip_scheduler schedulers[] = {SCHEDULER_MAGLEV, SCHEDULER_ROUND_ROBIN};

	for (int s = 0; s < 2; s++) {
		struct vip *a = vip_of(schedulers[s], 3), *b = vip_of(schedulers[s], 3);
		struct backend first = b->backends[0];

		b->backends[0] = b->backends[2];
		b->backends[2] = first;
		assert_int_equal(vip_finish(b), 0);
		for (uint32_t flow = 0; flow < 1000; flow++) {
			uint16_t slot;

			forget(state);
			cursor = flow;
			slot = choose(a, flow)->slot;
			cursor = flow;
			assert_int_equal(slot, choose(b, flow)->slot);
		}
		vip_free(a);
		vip_free(b);
	}
}

// Recorded: nodes of two versions stand in one cluster while it is upgraded, and must agree.
static void should_fill_maglevs_table_as_it_always_has(void **state)
{
	static const uint16_t recorded[] = {
		1, 0, 1, 4, 5, 5, 5, 5, 2, 5, 2, 3, 4, 6, 3, 2, 5, 5, 2, 6, 3, 2, 0, 3};
	struct vip *vip = vip_of(SCHEDULER_MAGLEV, 7);
	uint32_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 7; i++)
		vip->backends[i].weight = (uint16_t)(i % 3 + 1);
	assert_int_equal(vip_finish(vip), 0);
	assert_int_equal(vip->schedule_size, 16381);
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
		assert_int_equal(vip->schedule[i], recorded[i]);
	for (uint32_t i = 0; i < vip->schedule_size; i++)
		sum = sum * 31 + vip->schedule[i];
	assert_int_equal(sum, 704465368);
	vip_free(vip);
}

static void should_say_why_no_backend_takes_a_flow(void **state)
{
	for (int s = SCHEDULER_MAGLEV; s <= SCHEDULER_LEAST_CONNECTIONS; s++) {
		struct vip *none = vip_of((enum vip_scheduler)s, 0),
			   *down = vip_of((enum vip_scheduler)s, 3);
		const struct backend *backend;
		struct ip_address client = ip_from_v4(1);

		(void)state;
		assert_int_equal(
			vip_choose_backend(none, &client, 1, &of_worker, &backend), BACKEND_NONE);
		down->backends[0].enabled = false;
		down->backends[1].weight = 0;
		down->backends[2].draining = true;
		assert_int_equal(vip_finish(down), 0);
		assert_int_equal(vip_choose_backend(down, &client, 1, &of_worker, &backend),
			BACKEND_NONE_HEALTHY);
		vip_free(none);
		vip_free(down);
	}
}

static void should_give_no_flow_to_who_takes_none(void **state)
{
	for (int s = SCHEDULER_MAGLEV; s <= SCHEDULER_LEAST_CONNECTIONS; s++) {
		struct vip *vip = vip_of((enum vip_scheduler)s, 100);

		forget(state);
		for (uint32_t i = 0; i < 99; i += 3) {
			vip->backends[i].enabled = false;
			vip->backends[i + 1].draining = true;
		}
		assert_int_equal(vip_finish(vip), 0);
		for (uint32_t flow = 0; flow < 10000; flow++) {
			uint16_t slot = choose(vip, flow)->slot;

			assert_true(slot == 99 || slot % 3 == 2);
		}
		vip_free(vip);
	}
}

static void should_interleave_turns_instead_of_serving_one_backend_in_a_row(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_ROUND_ROBIN, 3);
	int in_a_row = 0, longest = 0, counts[3] = {0};
	uint16_t last = UINT16_MAX;

	(void)state;
	vip->backends[0].weight = 50;
	vip->backends[1].weight = 30;
	vip->backends[2].weight = 20;
	assert_int_equal(vip_finish(vip), 0);
	assert_int_equal(vip->schedule_size, 10);
	for (uint32_t flow = 0; flow < 1000; flow++) {
		uint16_t slot = choose(vip, 7)->slot; // the flow itself does not matter

		counts[slot]++;
		in_a_row = slot == last ? in_a_row + 1 : 1;
		longest = in_a_row > longest ? in_a_row : longest;
		last = slot;
	}
	assert_int_equal(counts[0], 500);
	assert_int_equal(counts[1], 300);
	assert_int_equal(counts[2], 200);
	assert_in_range(longest, 1, 2);
	vip_free(vip);
}

static void should_take_turns_from_any_cursor(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_ROUND_ROBIN, 3);
	int counts[3] = {0};

	(void)state;
	cursor = UINT32_MAX;
	for (uint32_t flow = 0; flow < 300; flow++)
		counts[choose(vip, flow)->slot]++;
	for (int i = 0; i < 3; i++)
		assert_int_equal(counts[i], 100);
	vip_free(vip);
}

static void should_round_weights_when_the_order_would_be_too_long(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_ROUND_ROBIN, VIP_MAX_BACKENDS);
	uint64_t seven = 0;

	(void)state;
	for (uint32_t i = 0; i < VIP_MAX_BACKENDS; i++)
		vip->backends[i].weight = (uint16_t)(i % 97 + 4);
	assert_int_equal(vip_finish(vip), 0);
	assert_in_range(vip->schedule_size, 50000, 66560);
	for (uint32_t i = 0; i < vip->schedule_size; i++)
		seven += vip->backends[vip->schedule[i]].weight == 100;
	// 10 backends of weight 100 among a sum of weights of about 53,000.
	assert_in_range(seven, vip->schedule_size * 17 / 1000, vip->schedule_size * 21 / 1000);
	vip_free(vip);
}

static void should_choose_the_fewest_sessions_by_weight(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_LEAST_CONNECTIONS, VIP_EXACT_CANDIDATES);

	(void)state;
	for (uint32_t i = 0; i < VIP_EXACT_CANDIDATES; i++)
		sessions[100 + i] = 10;
	sessions[100 + 37] = 9;
	for (uint32_t flow = 0; flow < 1000; flow++)
		assert_int_equal(choose(vip, flow)->slot, 37);
	vip->backends[5].weight = 4;
	sessions[100 + 5] = 38; // 39 / 4 < 10 / 1
	assert_int_equal(vip_finish(vip), 0);
	for (uint32_t flow = 0; flow < 1000; flow++)
		assert_int_equal(choose(vip, flow)->slot, 5);
	sessions[100 + 5] = 41;
	for (uint32_t flow = 0; flow < 1000; flow++)
		assert_int_equal(choose(vip, flow)->slot, 37);
	vip_free(vip);
}

static void should_share_flows_among_backends_that_are_equally_idle(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_LEAST_CONNECTIONS, 4);
	int counts[4] = {0};

	(void)state;
	for (uint32_t flow = 0; flow < 40000; flow++)
		counts[choose(vip, flow)->slot]++;
	for (int i = 0; i < 4; i++)
		assert_in_range(counts[i], 9000, 11000);
	vip_free(vip);
}

static void should_keep_sessions_level_among_many_backends_that_end_them_unevenly(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_LEAST_CONNECTIONS, 500);
	uint32_t least = UINT32_MAX, most = 0;

	(void)state;
	for (uint32_t flow = 0; flow < 500000; flow++) {
		sessions[choose(vip, flow)->target]++;
		// A tenth of the backends lose a session far more often.
		if (flow % 4 == 3 && sessions[100 + flow % 50])
			sessions[100 + flow % 50]--;
	}
	for (uint32_t i = 0; i < 500; i++) {
		least = sessions[100 + i] < least ? sessions[100 + i] : least;
		most = sessions[100 + i] > most ? sessions[100 + i] : most;
	}
	assert_in_range(most, 1, least * 13 / 10);
	vip_free(vip);
}

static void should_start_a_backend_slowly(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_ROUND_ROBIN, 2);

	(void)state;
	vip->slow_start_ns = 10 * SECOND_NS;
	vip->backends[1].up_since_ns = 100 * SECOND_NS;
	vip->backends[0].weight = vip->backends[1].weight = 10;
	for (unsigned int tenth = 0; tenth < 10; tenth++) {
		int counts[2] = {0};

		assert_true(vip_slow_start_due(vip, (100 + tenth) * SECOND_NS));
		assert_true(vip_slow_start(vip, (100 + tenth) * SECOND_NS));
		assert_false(vip_slow_start(vip, (101 + tenth) * SECOND_NS - 1));
		assert_int_equal(vip->backends[1].effective_weight, 10 * (tenth + 1));
		assert_int_equal(vip_finish(vip), 0);
		for (uint32_t flow = 0; flow < 11000; flow++)
			counts[choose(vip, flow)->slot]++;
		assert_in_range(counts[1], 11000 * (tenth + 1) / (tenth + 11) - 10,
			11000 * (tenth + 1) / (tenth + 11) + 10);
	}
	assert_false(vip_slow_start(vip, 1000 * SECOND_NS));
	assert_int_equal(vip->backends[0].effective_weight, 100);
	vip_free(vip);
}

static void should_start_at_once_without_slow_start(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_MAGLEV, 2);

	(void)state;
	vip->backends[1].up_since_ns = 100 * SECOND_NS;
	assert_false(vip_slow_start(vip, 100 * SECOND_NS));
	assert_false(vip_slow_start_due(vip, 200 * SECOND_NS));
	assert_int_equal(vip->backends[1].effective_weight, VIP_WEIGHT_STEPS);
	vip_free(vip);
}

static struct quic_server_id server_id(uint32_t number, uint8_t len)
{
	struct quic_server_id id = {.len = len};

	memset(id.bytes, 0xee, sizeof(id.bytes)); // rubbish behind the id
	memset(id.bytes, 0x5a, len);
	memcpy(id.bytes, &number, len < 4 ? len : 4);
	return id;
}

static void should_find_every_server_by_its_id(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_MAGLEV, VIP_MAX_BACKENDS);
	const struct backend *found;
	struct quic_server_id id;

	(void)state;
	for (uint32_t i = 0; i < VIP_MAX_BACKENDS; i++)
		vip->backends[i].server_id = server_id(i, (uint8_t)(2 + i % 14));
	vip->backends[9].server_id.len = 0;
	vip->backends[10].draining = true;
	vip->backends[11].weight = 0;
	vip->backends[12].enabled = false;
	assert_int_equal(vip_finish(vip), 0);
	for (uint32_t i = 0; i < VIP_MAX_BACKENDS; i++) {
		id = server_id(i, (uint8_t)(2 + i % 14));
		memset(id.bytes + id.len, (int)i, sizeof(id.bytes) - id.len);
		if (i == 9) {
			assert_int_equal(
				vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
			continue;
		}
		assert_int_equal(vip_choose_server(vip, &id, &found),
			i == 12 ? BACKEND_NONE_HEALTHY : BACKEND_CHOSEN);
		assert_ptr_equal(found, &vip->backends[i]);
	}
	id = server_id(VIP_MAX_BACKENDS, 4);
	assert_int_equal(vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
	id = server_id(0, 3); // the same bytes, another length
	assert_int_equal(vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
	id.len = 255;
	assert_int_equal(vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
	id.len = 0;
	assert_int_equal(vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
	vip_free(vip);
}

static void should_know_no_server_where_none_has_an_id(void **state)
{
	struct vip *vip = vip_of(SCHEDULER_MAGLEV, 3), *none = vip_of(SCHEDULER_MAGLEV, 0);
	struct quic_server_id id = server_id(1, 2);
	const struct backend *found;

	(void)state;
	assert_int_equal(vip_choose_server(vip, &id, &found), BACKEND_UNKNOWN_SERVER);
	assert_int_equal(vip_choose_server(none, &id, &found), BACKEND_NONE);
	vip_free(vip);
	vip_free(none);
}

#define CASE(f) cmocka_unit_test_setup(f, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(should_share_flows_by_weight),
		CASE(should_share_flows_evenly_among_the_greatest_number_of_backends),
		CASE(should_move_few_flows_when_a_backend_goes),
		CASE(should_move_few_flows_when_a_backend_comes),
		CASE(should_not_depend_on_the_order_of_backends),
		CASE(should_fill_maglevs_table_as_it_always_has),
		CASE(should_say_why_no_backend_takes_a_flow),
		CASE(should_give_no_flow_to_who_takes_none),
		CASE(should_interleave_turns_instead_of_serving_one_backend_in_a_row),
		CASE(should_take_turns_from_any_cursor),
		CASE(should_round_weights_when_the_order_would_be_too_long),
		CASE(should_choose_the_fewest_sessions_by_weight),
		CASE(should_share_flows_among_backends_that_are_equally_idle),
		CASE(should_keep_sessions_level_among_many_backends_that_end_them_unevenly),
		CASE(should_start_a_backend_slowly),
		CASE(should_start_at_once_without_slow_start),
		CASE(should_find_every_server_by_its_id),
		CASE(should_know_no_server_where_none_has_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
