// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/rate_limit.h"

#define SECOND_NS 1000000000ull

// What a bucket lets through when `units` are asked for every `step_ns`.
static uint64_t taken(struct rate_limit *bucket, uint64_t limit, uint64_t units,
	unsigned int workers, uint64_t from_ns, uint64_t until_ns, uint64_t step_ns)
{
	uint64_t sum = 0;

	for (uint64_t now = from_ns; now < until_ns; now += step_ns) {
		if (rate_limit_take(bucket, limit, units, workers, now))
			sum += units;
	}
	return sum;
}

static void should_let_a_tenth_of_a_second_through_at_once_and_then_the_limit(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_int_equal(taken(&bucket, 1000, 1, 1, 5, 105, 1), 100);
	assert_false(rate_limit_take(&bucket, 1000, 1, 1, 106));
	assert_true(rate_limit_take(&bucket, 1000, 1, 1, 5 + 1000000));
	assert_false(rate_limit_take(&bucket, 1000, 1, 1, 6 + 1000000));
	assert_in_range(
		taken(&bucket, 1000, 1, 1, SECOND_NS, 11 * SECOND_NS, 100000), 10099, 10101);
}

static void should_keep_what_is_left_when_it_refuses(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_true(rate_limit_take(&bucket, 1000, 60, 1, 1));
	assert_false(rate_limit_take(&bucket, 1000, 60, 1, 1));
	assert_true(rate_limit_take(&bucket, 1000, 40, 1, 1));
	assert_false(rate_limit_take(&bucket, 1000, 1, 1, 1));
}

static void should_share_the_limit_between_workers(void **state)
{
	struct rate_limit one = {.used = false}, four = {.used = false};

	(void)state;
	assert_in_range(taken(&one, 10000, 1, 1, 0, 10 * SECOND_NS, 10000), 100990, 101010);
	assert_in_range(
		taken(&four, 10000, 1, 4, 0, 10 * SECOND_NS, 10000), 100990 / 4, 101010 / 4);
}

static void should_let_one_through_at_a_time_below_ten_a_second(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_true(rate_limit_take(&bucket, 1, 1, 2, 0));
	assert_false(rate_limit_take(&bucket, 1, 1, 2, 2 * SECOND_NS - 1));
	assert_true(rate_limit_take(&bucket, 1, 1, 2, 2 * SECOND_NS));
}

static void should_not_lose_a_fraction_however_often_it_is_asked(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_int_equal(taken(&bucket, 3, 1, 1, 0, 10 * SECOND_NS, 1009), 1 + 29);
}

// 12,000 bits against a burst of 100: at once when it is full, and then only after 12 s.
static void should_pass_a_packet_greater_than_the_burst_and_keep_to_the_limit(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_true(rate_limit_take(&bucket, 1000, 12000, 1, 0));
	assert_false(rate_limit_take(&bucket, 1000, 1, 1, SECOND_NS));
	assert_false(rate_limit_take(&bucket, 1000, 12000, 1, 12 * SECOND_NS - 1));
	assert_true(rate_limit_take(&bucket, 1000, 12000, 1, 12 * SECOND_NS));
	assert_in_range(taken(&bucket, 1000, 12000, 1, 12 * SECOND_NS, 1212 * SECOND_NS, 1000000),
		1188000, 1212000);
}

static void should_not_overflow_at_the_greatest_limit_after_years(void **state)
{
	struct rate_limit bucket = {.used = false};
	const uint64_t year_ns = 365 * 86400 * SECOND_NS;
	const uint64_t burst = RATE_LIMIT_MAX / 10;

	(void)state;
	assert_true(rate_limit_take(&bucket, RATE_LIMIT_MAX, burst, 1, 1));
	assert_false(rate_limit_take(&bucket, RATE_LIMIT_MAX, 1, 1, 1));
	assert_true(rate_limit_take(&bucket, RATE_LIMIT_MAX, 1000, 1, 2));
	assert_false(rate_limit_take(&bucket, RATE_LIMIT_MAX, 1, 1, 2));
	for (uint64_t i = 1; i <= 500; i++) {
		assert_true(rate_limit_take(&bucket, RATE_LIMIT_MAX, burst, 1, i * year_ns));
		assert_false(rate_limit_take(&bucket, RATE_LIMIT_MAX, 1, 1, i * year_ns));
	}
	assert_true(rate_limit_take(&bucket, RATE_LIMIT_MAX, UINT64_MAX, 64, UINT64_MAX));
	assert_false(rate_limit_take(&bucket, RATE_LIMIT_MAX, 1, 64, UINT64_MAX));
}

static void should_stand_still_when_time_steps_back(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_int_equal(taken(&bucket, 100, 1, 1, SECOND_NS, SECOND_NS + 20, 1), 10);
	assert_false(rate_limit_take(&bucket, 100, 1, 1, SECOND_NS / 2));
}

static void should_follow_a_limit_that_changes(void **state)
{
	struct rate_limit bucket = {.used = false};

	(void)state;
	assert_true(rate_limit_take(&bucket, 1000000, 1, 1, 1));
	assert_int_equal(taken(&bucket, 100, 1, 1, 2, 1002, 1), 10); // not the old burst
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_let_a_tenth_of_a_second_through_at_once_and_then_the_limit),
		cmocka_unit_test(should_keep_what_is_left_when_it_refuses),
		cmocka_unit_test(should_share_the_limit_between_workers),
		cmocka_unit_test(should_let_one_through_at_a_time_below_ten_a_second),
		cmocka_unit_test(should_not_lose_a_fraction_however_often_it_is_asked),
		cmocka_unit_test(should_pass_a_packet_greater_than_the_burst_and_keep_to_the_limit),
		cmocka_unit_test(should_not_overflow_at_the_greatest_limit_after_years),
		cmocka_unit_test(should_stand_still_when_time_steps_back),
		cmocka_unit_test(should_follow_a_limit_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
