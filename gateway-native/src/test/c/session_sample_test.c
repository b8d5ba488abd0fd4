// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/session_sample.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY 4000

static struct target targets[TARGET_MAX];
static struct session_table table;
static void *memory;

static int set_up(void **state)
{
	static const uint32_t timeouts[SESSION_CLASSES] = {100, 100, 100, 100, 100, 100, 100};
	size_t bytes = session_table_bytes(CAPACITY);

	(void)state;
	memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (!memory)
		return -1;
	session_table_init(&table, memory, CAPACITY, 1, targets, timeouts);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static void add(uint32_t n, uint16_t service)
{
	struct session s = {
		.client = ip_from_v4(n),
		.client_port = 1,
		.service = service,
		.state = SESSION_UDP,
		.class = SESSION_CLASS_UDP,
		.local_index = SESSION_LOCAL_NONE,
	};

	assert_non_null(session_insert(&table, &s, n * 0x9e3779b97f4a7c15ull, 0, 1));
}

// Asks once; returns after how many polls it was served.
static int ask(struct session_sample *sample)
{
	int polls = 0;

	sample->wanted++;
	while (sample->served != sample->wanted) {
		session_sample_serve(sample, &table, 7);
		polls++;
	}
	return polls;
}

static void should_give_every_session_once_page_by_page(void **state)
{
	static uint8_t seen[101];
	struct session_sample sample = {.cursor = 0};
	int total = 0, pages = 0;

	(void)state;
	for (uint32_t n = 1; n <= 100; n++)
		add(n, 3);
	do {
		ask(&sample);
		assert_int_equal(sample.tick, 7);
		for (uint32_t i = 0; i < sample.count; i++) {
			seen[ip_v4(&sample.sessions[i].client)]++;
			total++;
		}
		pages++;
	} while (!sample.ended);
	assert_int_equal(total, 100);
	assert_int_equal(pages, 4);
	for (int n = 1; n <= 100; n++)
		assert_int_equal(seen[n], 1);
}

static void should_give_those_of_a_service_or_client_only(void **state)
{
	struct session_sample sample = {.filter = {.by_service = true, .service = 5}};

	(void)state;
	for (uint32_t n = 1; n <= 100; n++)
		add(n, n % 50 == 0 ? 5 : 4);
	ask(&sample);
	assert_true(sample.ended);
	assert_int_equal(sample.count, 2);
	sample.filter.by_client = true;
	sample.filter.client = ip_from_v4(50);
	sample.cursor = 0;
	ask(&sample);
	assert_int_equal(sample.count, 1);
	sample.filter.client = ip_from_v4(51);
	sample.cursor = 0;
	ask(&sample);
	assert_int_equal(sample.count, 0);
}

static void should_spread_a_look_at_an_empty_table_over_polls(void **state)
{
	struct session_sample sample = {.cursor = 0};

	(void)state;
	assert_int_equal(ask(&sample),
		(CAPACITY + SESSION_SAMPLE_POLL_STEPS - 1) / SESSION_SAMPLE_POLL_STEPS);
	assert_true(sample.ended);
	assert_int_equal(sample.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_give_every_session_once_page_by_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			should_give_those_of_a_service_or_client_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			should_spread_a_look_at_an_empty_table_over_polls, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
