// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/colour_guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull
#define START_NS (1767225600ull * SECOND_NS) // an epoch's first nanosecond
#define PORT 20000
#define ISN 42

static const uint8_t source[16] = {198, 18, 11, 2};
static const uint8_t elsewhere[16] = {198, 18, 12, 2};
static const uint8_t source6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

static const struct dt_colour_prober_config probers[] = {
	{.id = 2, .address_len = 4, .prefix_bits = 24, .prefix = {198, 18, 12, 0}},
	{.id = 1, .address_len = 4, .prefix_bits = 24, .prefix = {198, 18, 11, 0}},
	{.id = 1, .address_len = 16, .prefix_bits = 47, .prefix = {0x20, 0x01, 0x0d, 0xb8, 0, 0}},
};
static const struct dt_colour_key_config keys[] = {
	{.id = 0, .bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
	{.id = 3, .bytes = {9, 9, 9}},
};

static struct dt_colour_guard_config config(uint32_t stamp_rate_limit)
{
	return (struct dt_colour_guard_config){
		.probers = probers,
		.prober_count = 3,
		.keys = keys,
		.key_count = 2,
		.stamp_rate_limit = stamp_rate_limit,
	};
}

static int setup(void **state)
{
	struct dt_colour_guard_config c = config(1000000);
	struct dt_colour_guard *guard;

	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	*state = guard;
	return 0;
}

static int teardown(void **state)
{
	dt_colour_guard_free(*state);
	return 0;
}

static struct dt_colour_option seal(uint16_t prober_id, uint8_t flags, uint32_t sequence,
	uint64_t epoch, const uint8_t *address, size_t address_len)
{
	struct dt_colour_option o = {.version = DT_COLOUR_VERSION,
		.flags = flags,
		.prober_id = prober_id,
		.probe_sequence = sequence};
	const struct dt_colour_key_config *k = (flags & 3) == 3 ? &keys[1] : &keys[0];
	struct dt_siphash_key key = dt_siphash_key_read(k->bytes);
	struct dt_siphash_key derived = dt_colour_derive_key(&key, prober_id);
	uint8_t bytes[DT_COLOUR_BYTES];

	dt_colour_write(&o, bytes);
	memcpy(o.signed_bytes, bytes + 4, DT_COLOUR_SIGNED_BYTES);
	o.mac = dt_colour_mac(&derived, o.signed_bytes, epoch, address, address_len, PORT, ISN);
	return o;
}

static enum dt_colour_result check_at(
	const struct dt_colour_guard *guard, uint32_t sequence, uint64_t sealed_ns, uint64_t now_ns)
{
	struct dt_colour_option o = seal(1, 0, sequence, dt_colour_epoch(sealed_ns), source, 4);

	return dt_colour_guard_check(guard, &o, source, 4, PORT, ISN, now_ns, NULL);
}

static void should_verify_a_genuine_colour(void **state)
{
	int offset = 9;
	struct dt_colour_option o = seal(1, 0, 7, dt_colour_epoch(START_NS), source, 4);

	assert_int_equal(dt_colour_guard_check(*state, &o, source, 4, PORT, ISN, START_NS, &offset),
		DT_COLOUR_VERIFIED);
	assert_int_equal(offset, 0);
	assert_int_equal(dt_colour_guard_check(*state, NULL, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_NONE);
}

static void should_verify_an_ipv6_prober_and_another_key(void **state)
{
	struct dt_colour_option o = seal(1, 3, 7, dt_colour_epoch(START_NS), source6, 16);

	assert_int_equal(dt_colour_guard_check(*state, &o, source6, 16, PORT, ISN, START_NS, NULL),
		DT_COLOUR_VERIFIED);
}

static void should_call_forged_what_does_not_verify(void **state)
{
	uint64_t epoch = dt_colour_epoch(START_NS);
	struct dt_colour_option o = seal(1, 0, 7, epoch, source, 4), other;

	// a bit of the MAC, of the version, of the flags
	other = o;
	other.mac ^= 1ull << 63;
	assert_int_equal(
		dt_colour_guard_check(*state, &other, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	other = o;
	other.version = 2;
	assert_int_equal(
		dt_colour_guard_check(*state, &other, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	other = o;
	other.flags = 1; // no such key
	assert_int_equal(
		dt_colour_guard_check(*state, &other, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	// another port, another sequence number
	assert_int_equal(
		dt_colour_guard_check(*state, &o, source, 4, PORT + 1, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	assert_int_equal(
		dt_colour_guard_check(*state, &o, source, 4, PORT, ISN + 1, START_NS, NULL),
		DT_COLOUR_FORGED);
	// and none of these used its place in the window up
	assert_int_equal(dt_colour_guard_check(*state, &o, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_VERIFIED);
}

static void should_call_forged_what_comes_from_elsewhere(void **state)
{
	uint64_t epoch = dt_colour_epoch(START_NS);
	struct dt_colour_option o = seal(1, 0, 7, epoch, elsewhere, 4);

	// rightly sealed, but from another prober's prefix
	assert_int_equal(dt_colour_guard_check(*state, &o, elsewhere, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	o = seal(9, 0, 7, epoch, source, 4); // nobody's id
	assert_int_equal(dt_colour_guard_check(*state, &o, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	o = seal(2, 0, 7, epoch, source6, 16); // an id without an IPv6 prefix
	assert_int_equal(dt_colour_guard_check(*state, &o, source6, 16, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
	o = seal(1, 0, 7, epoch, (const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, 0, 2},
		16); // one bit outside the /47
	assert_int_equal(
		dt_colour_guard_check(*state, &o, (const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, 0, 2},
			16, PORT, ISN, START_NS, NULL),
		DT_COLOUR_FORGED);
}

static void should_not_stamp_a_replayed_colour(void **state)
{
	assert_int_equal(check_at(*state, 7, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, 7, START_NS, START_NS + SECOND_NS), DT_COLOUR_REPLAYED);
	assert_int_equal(check_at(*state, 8, START_NS, START_NS + SECOND_NS), DT_COLOUR_VERIFIED);
	// out of order, but new
	assert_int_equal(check_at(*state, 6, START_NS, START_NS + SECOND_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, 6, START_NS, START_NS + SECOND_NS), DT_COLOUR_REPLAYED);
}

static void should_call_an_old_colour_forged(void **state)
{
	assert_int_equal(
		check_at(*state, 7, START_NS, START_NS + 32 * SECOND_NS), DT_COLOUR_FORGED);
	assert_int_equal(
		check_at(*state, 7, START_NS, START_NS + 30 * 20 * SECOND_NS), DT_COLOUR_FORGED);
}

static void should_tell_the_epoch_a_neighbour_verified_in(void **state)
{
	struct dt_colour_option o = seal(1, 0, 7, dt_colour_epoch(START_NS) - 1, source, 4);
	int offset = 9;

	assert_int_equal(dt_colour_guard_check(
				 *state, &o, source, 4, PORT, ISN, START_NS + SECOND_NS, &offset),
		DT_COLOUR_VERIFIED);
	assert_int_equal(offset, -1);
	o = seal(1, 0, 8, dt_colour_epoch(START_NS) + 1, source, 4);
	assert_int_equal(dt_colour_guard_check(*state, &o, source, 4, PORT, ISN,
				 START_NS + 29 * SECOND_NS, &offset),
		DT_COLOUR_VERIFIED);
	assert_int_equal(offset, 1);
}

static void should_not_accept_a_replay_across_the_epoch_boundary(void **state)
{
	assert_int_equal(
		check_at(*state, 7, START_NS, START_NS + 29 * SECOND_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(
		check_at(*state, 7, START_NS, START_NS + 31 * SECOND_NS), DT_COLOUR_REPLAYED);
}

static void should_keep_resets_apart_from_syns(void **state)
{
	struct dt_colour_option reset =
		seal(1, DT_COLOUR_FLAG_RESET, 7, dt_colour_epoch(START_NS), source, 4);

	assert_int_equal(check_at(*state, 7, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(
		dt_colour_guard_check(*state, &reset, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_VERIFIED);
	assert_int_equal(
		dt_colour_guard_check(*state, &reset, source, 4, PORT, ISN, START_NS, NULL),
		DT_COLOUR_REPLAYED);
}

static void should_follow_sequences_around_their_end(void **state)
{
	uint32_t sequence = UINT32_MAX - 2;

	for (int i = 0; i < 6; i++, sequence++)
		assert_int_equal(
			check_at(*state, sequence, START_NS, START_NS), DT_COLOUR_VERIFIED);
	for (int i = 0; i < 6; i++)
		assert_int_equal(
			check_at(*state, --sequence, START_NS, START_NS), DT_COLOUR_REPLAYED);
}

static void should_hold_a_thousand_probes_a_second_for_as_long_as_they_are_valid(void **state)
{
	// 34 s: the epoch and 2 s on both sides
	for (uint32_t i = 0; i < 34000; i++) {
		uint64_t now_ns = START_NS - 2 * SECOND_NS + i * (SECOND_NS / 1000);

		assert_int_equal(check_at(*state, i, START_NS, now_ns), DT_COLOUR_VERIFIED);
	}
	for (uint32_t i = 0; i < 34000; i++)
		assert_int_equal(check_at(*state, i, START_NS, START_NS + 31 * SECOND_NS),
			DT_COLOUR_REPLAYED);
}

static void should_call_replayed_what_is_too_old_for_the_window(void **state)
{
	assert_int_equal(check_at(*state, 7 + 65536, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, 7, START_NS, START_NS), DT_COLOUR_REPLAYED);
}

static void should_welcome_a_prober_back_after_weeks(void **state)
{
	uint64_t later_ns = START_NS + 86400ull * 30 * SECOND_NS;
	uint32_t before = (uint32_t)(START_NS / 1000000), after = (uint32_t)(later_ns / 1000000);

	// by then the sequence, milliseconds modulo 2^32, seems to lie before
	assert_true((int32_t)(after - before) < 0);
	after += (before - after) % 65536; // the same slot
	assert_int_equal(check_at(*state, before, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, after, later_ns, later_ns), DT_COLOUR_VERIFIED);
}

static void should_welcome_a_prober_back_whose_clock_stepped_back(void **state)
{
	uint64_t day_ns = 86400ull * SECOND_NS;

	assert_int_equal(check_at(*state, 7 + 65536, START_NS + day_ns, START_NS + day_ns),
		DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, 7, START_NS, START_NS), DT_COLOUR_VERIFIED);
}

static void should_cap_what_is_stamped_in_a_second(void **state)
{
	struct dt_colour_guard_config c = config(10);
	struct dt_colour_guard *guard;

	(void)state;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(check_at(guard, i, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(guard, 10, START_NS, START_NS + SECOND_NS - 1), DT_COLOUR_CAPPED);
	// a replay does not use the allowance up, and is told as one though the second is full
	assert_int_equal(check_at(guard, 9, START_NS, START_NS), DT_COLOUR_REPLAYED);
	assert_int_equal(check_at(guard, 11, START_NS, START_NS + SECOND_NS), DT_COLOUR_VERIFIED);
	// what was capped was seen
	assert_int_equal(check_at(guard, 10, START_NS, START_NS + SECOND_NS), DT_COLOUR_REPLAYED);
	// a worker whose clock is a moment behind counts in the newest second
	for (uint32_t i = 12; i < 21; i++)
		assert_int_equal(
			check_at(guard, i, START_NS, START_NS + SECOND_NS - 1), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(guard, 21, START_NS, START_NS + SECOND_NS), DT_COLOUR_CAPPED);
	dt_colour_guard_free(guard);
}

static void should_not_stay_capped_after_the_clock_stepped_back(void **state)
{
	struct dt_colour_guard_config c = config(1);
	struct dt_colour_guard *guard;
	uint64_t later_ns = START_NS + 20 * SECOND_NS;

	(void)state;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	assert_int_equal(check_at(guard, 1, START_NS, later_ns), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(guard, 2, START_NS, later_ns), DT_COLOUR_CAPPED);
	assert_int_equal(check_at(guard, 3, START_NS, START_NS), DT_COLOUR_VERIFIED);
	dt_colour_guard_free(guard);
}

static void should_stamp_nothing_with_a_cap_of_zero(void **state)
{
	struct dt_colour_guard_config c = config(0);
	struct dt_colour_guard *guard;

	(void)state;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	assert_int_equal(check_at(guard, 1, START_NS, START_NS), DT_COLOUR_CAPPED);
	dt_colour_guard_free(guard);
}

static void should_remember_replays_over_a_change_of_configuration(void **state)
{
	struct dt_colour_guard_config c = config(1000);
	struct dt_colour_guard *next, *after;

	assert_int_equal(check_at(*state, 7, START_NS, START_NS), DT_COLOUR_VERIFIED);
	c.prober_count = 2; // without the IPv6 prefix
	assert_int_equal(dt_colour_guard_create(&c, *state, &next), 0);
	assert_int_equal(check_at(next, 7, START_NS, START_NS), DT_COLOUR_REPLAYED);
	// while both are in use, each knows what the other saw
	assert_int_equal(check_at(next, 8, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_int_equal(check_at(*state, 8, START_NS, START_NS), DT_COLOUR_REPLAYED);
	// the old one goes first
	assert_int_equal(dt_colour_guard_create(&c, next, &after), 0);
	dt_colour_guard_free(next);
	assert_int_equal(check_at(after, 8, START_NS, START_NS), DT_COLOUR_REPLAYED);
	dt_colour_guard_free(after);
}

static void should_refuse_a_configuration_out_of_range(void **state)
{
	const struct dt_colour_key_config twice[] = {{.id = 1}, {.id = 1}}, beyond[] = {{.id = 4}};
	struct dt_colour_prober_config prober = {.id = 1, .address_len = 4, .prefix_bits = 33};
	struct dt_colour_guard_config c = config(1);
	struct dt_colour_guard *guard;

	(void)state;
	c.keys = twice;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), -EINVAL);
	c.keys = beyond;
	c.key_count = 1;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), -EINVAL);
	c = config(1);
	c.probers = &prober;
	c.prober_count = 1;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), -EINVAL);
	prober.prefix_bits = 32;
	prober.address_len = 5;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), -EINVAL);
	c = (struct dt_colour_guard_config){0};
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	assert_int_equal(check_at(guard, 1, START_NS, START_NS), DT_COLOUR_FORGED);
	dt_colour_guard_free(guard);
}

#define RACERS 4
#define RACE_SEQUENCES 20000

static struct {
	struct dt_colour_guard *guard;
	_Atomic unsigned int verified[RACE_SEQUENCES];
} race;

static void *racer(void *unused)
{
	(void)unused;
	for (uint32_t i = 0; i < RACE_SEQUENCES; i++) {
		if (check_at(race.guard, i, START_NS, START_NS) == DT_COLOUR_VERIFIED)
			atomic_fetch_add(&race.verified[i], 1);
	}
	return NULL;
}

static void should_verify_each_colour_once_on_all_workers_together(void **state)
{
	pthread_t threads[RACERS];

	race.guard = *state;
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, racer, NULL), 0);
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < RACE_SEQUENCES; i++)
		assert_int_equal(atomic_load(&race.verified[i]), 1);
}

static const uint8_t vip[16] = {203, 0, 113, 7};
static const uint8_t vip6[16] = {0x20, 0x01, 0x0d, 0xb8, 9};

#define VIP_PORT 443

// The initial sequence number that prober `id` gives a probe it sends at this time.
static uint32_t isn_at(uint16_t id, uint8_t key_id, const uint8_t *address, const uint8_t *to,
	size_t address_len, uint64_t sent_ns)
{
	const struct dt_colour_key_config *k = key_id == 3 ? &keys[1] : &keys[0];
	struct dt_siphash_key key = dt_siphash_key_read(k->bytes);
	struct dt_siphash_key derived = dt_colour_derive_key(&key, id);

	return dt_colour_isn(
		&derived, address, to, address_len, PORT, VIP_PORT, dt_colour_epoch(sent_ns));
}

static bool recognised(const struct dt_colour_guard *guard, uint32_t isn, uint64_t now_ns)
{
	return dt_colour_guard_recognise(guard, source, vip, 4, PORT, VIP_PORT, isn, now_ns);
}

static void should_recognise_the_reply_to_a_probe(void **state)
{
	const struct dt_colour_guard *guard = *state;

	assert_true(recognised(guard, isn_at(1, 0, source, vip, 4, START_NS), START_NS));
	assert_true(recognised(guard, isn_at(1, 3, source, vip, 4, START_NS), START_NS));
	assert_true(dt_colour_guard_recognise(guard, source6, vip6, 16, PORT, VIP_PORT,
		isn_at(1, 0, source6, vip6, 16, START_NS), START_NS));
	assert_true(dt_colour_guard_recognise(guard, elsewhere, vip, 4, PORT, VIP_PORT,
		isn_at(2, 0, elsewhere, vip, 4, START_NS), START_NS));
}

static void should_recognise_a_reply_one_epoch_later_and_no_more(void **state)
{
	const struct dt_colour_guard *guard = *state;
	uint32_t isn = isn_at(1, 0, source, vip, 4, START_NS);

	assert_true(recognised(guard, isn, START_NS - SECOND_NS)); // its clock is ahead
	assert_true(recognised(guard, isn, START_NS + 59 * SECOND_NS));
	assert_false(recognised(guard, isn, START_NS + 60 * SECOND_NS));
	assert_false(recognised(guard, isn, START_NS - 31 * SECOND_NS));
}

static void should_not_recognise_what_answers_no_probe(void **state)
{
	const struct dt_colour_guard *guard = *state;
	uint32_t isn = isn_at(1, 0, source, vip, 4, START_NS);
	const uint8_t stranger[4] = {198, 18, 13, 2};

	assert_false(recognised(guard, isn + 1, START_NS));
	assert_false(
		dt_colour_guard_recognise(guard, source, vip6, 4, PORT, VIP_PORT, isn, START_NS));
	assert_false(dt_colour_guard_recognise(
		guard, source, vip, 4, PORT + 1, VIP_PORT, isn, START_NS));
	assert_false(dt_colour_guard_recognise(
		guard, source, vip, 4, PORT, VIP_PORT + 1, isn, START_NS));
	// Another prober's key, and an address that is nobody's.
	assert_false(recognised(guard, isn_at(2, 0, source, vip, 4, START_NS), START_NS));
	assert_false(dt_colour_guard_recognise(guard, stranger, vip, 4, PORT, VIP_PORT,
		isn_at(1, 0, stranger, vip, 4, START_NS), START_NS));
}

static void should_recognise_probers_that_share_or_nest_their_prefixes(void **state)
{
	const struct dt_colour_prober_config nested[] = {
		{.id = 7, .address_len = 4, .prefix_bits = 0},
		{.id = 5, .address_len = 4, .prefix_bits = 24, .prefix = {198, 18, 11, 99}},
		{.id = 4, .address_len = 4, .prefix_bits = 24, .prefix = {198, 18, 11, 0}},
		{.id = 6, .address_len = 4, .prefix_bits = 32, .prefix = {198, 18, 11, 2}},
		{.id = 8, .address_len = 4, .prefix_bits = 32, .prefix = {198, 18, 11, 3}},
	};
	struct dt_colour_guard_config c = config(1000);
	struct dt_colour_guard *guard;

	(void)state;
	c.probers = nested;
	c.prober_count = 5;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	for (uint16_t id = 4; id <= 8; id++)
		assert_int_equal(
			recognised(guard, isn_at(id, 0, source, vip, 4, START_NS), START_NS),
			id != 8);
	dt_colour_guard_free(guard);
}

static void should_cap_replies_apart_from_probes(void **state)
{
	struct dt_colour_guard_config c = config(2);
	uint32_t isn = isn_at(1, 0, source, vip, 4, START_NS);
	struct dt_colour_guard *guard;

	(void)state;
	assert_int_equal(dt_colour_guard_create(&c, NULL, &guard), 0);
	assert_true(recognised(guard, isn, START_NS));
	assert_true(recognised(guard, isn, START_NS));
	assert_false(recognised(guard, isn, START_NS));
	assert_int_equal(check_at(guard, 1, START_NS, START_NS), DT_COLOUR_VERIFIED);
	assert_true(recognised(guard, isn, START_NS + SECOND_NS));
	dt_colour_guard_free(guard);
}

// A burst of packets of every kind, judged together and one by one.
struct judged {
	struct dt_colour_option option;
	uint8_t bytes[DT_COLOUR_BYTES];
	const uint8_t *source;
	uint8_t address_len;
	uint16_t port;
	uint8_t state;
};

static struct judged random_claim(uint64_t now_ns)
{
	static const int64_t epochs[] = {0, 0, 0, -1, 1, 2};
	static const uint8_t flags[] = {
		0, 0, DT_COLOUR_FLAG_RESET, DT_COLOUR_FLAG_EVERY_STAGE, 3, 1};
	const bool v6 = rand() % 3 == 0;
	struct judged j = {
		.source = v6                ? source6
			  : rand() % 8 == 0 ? elsewhere
					    : source,
		.address_len = v6 ? 16 : 4,
		.port = rand() % 10 == 0 ? PORT + 1 : PORT,
	};

	j.option = seal((uint16_t)(rand() % 10 == 0 ? rand() % 4 : 1), flags[rand() % 6],
		(uint32_t)(rand() % 40), dt_colour_epoch(now_ns) + (uint64_t)epochs[rand() % 6],
		j.source, j.address_len);
	if (rand() % 8 == 0)
		j.option.mac ^= 1ull << (rand() % 64);
	if (rand() % 16 == 0)
		j.option.version = 2;
	dt_colour_write(&j.option, j.bytes);
	memcpy(j.option.signed_bytes, j.bytes + 4, DT_COLOUR_SIGNED_BYTES);
	return j;
}

static struct dt_colour_claim claim_of(struct judged *j)
{
	return (struct dt_colour_claim){
		.option = j->bytes,
		.source = j->source,
		.state = &j->state,
		.syn_sequence = ISN,
		.source_port = j->port,
		.address_len = j->address_len,
	};
}

static void judge_a_burst(const struct dt_colour_guard *together,
	const struct dt_colour_guard *alone, uint64_t now_ns, unsigned int seen[])
{
	unsigned int count = 1 + (unsigned int)rand() % 32;
	const struct dt_colour_time now = dt_colour_time(now_ns);
	struct dt_colour_claims claims;
	struct judged packets[32];

	dt_colour_claims_begin(&claims, together, now_ns);
	for (unsigned int i = 0; i < count; i++) {
		struct dt_colour_claim claim;

		packets[i] = random_claim(now_ns);
		claim = claim_of(&packets[i]);
		dt_colour_claims_add(&claims, &claim);
	}
	dt_colour_claims_verify(&claims);
	for (unsigned int i = 0; i < count; i++) {
		const struct judged *j = &packets[i];
		int offset = 0;
		enum dt_colour_result one = dt_colour_guard_check(alone, &j->option, j->source,
			j->address_len, j->port, ISN, now_ns, &offset);

		assert_int_equal(dt_colour_guard_enter(together, (enum dt_colour_mac_state)j->state,
					 j->option.flags, j->option.prober_id,
					 j->option.probe_sequence, &now),
			one);
		if (one == DT_COLOUR_VERIFIED)
			assert_int_equal(j->state, DT_COLOUR_MAC_RIGHT + offset);
		seen[one]++;
	}
}

static void should_judge_a_burst_as_each_packet_alone(void **state)
{
	struct dt_colour_guard_config c = config(4);
	unsigned int seen[DT_COLOUR_CAPPED + 1] = {0};

	(void)state;
	srand(4711);
	for (unsigned int round = 0; round < 200; round++) {
		struct dt_colour_guard *together, *alone;

		assert_int_equal(dt_colour_guard_create(&c, NULL, &together), 0);
		assert_int_equal(dt_colour_guard_create(&c, NULL, &alone), 0);
		// At an epoch's boundary, where two are valid, and far from it.
		for (unsigned int burst = 0; burst < 3; burst++)
			judge_a_burst(together, alone,
				START_NS + (round * 3 / 2 + burst) * SECOND_NS, seen);
		dt_colour_guard_free(together);
		dt_colour_guard_free(alone);
	}
	for (int result = DT_COLOUR_VERIFIED; result <= DT_COLOUR_CAPPED; result++)
		assert_true(seen[result] > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_judge_a_burst_as_each_packet_alone),
		TEST(should_verify_a_genuine_colour),
		TEST(should_verify_an_ipv6_prober_and_another_key),
		TEST(should_call_forged_what_does_not_verify),
		TEST(should_call_forged_what_comes_from_elsewhere),
		TEST(should_not_stamp_a_replayed_colour),
		TEST(should_call_an_old_colour_forged),
		TEST(should_tell_the_epoch_a_neighbour_verified_in),
		TEST(should_not_accept_a_replay_across_the_epoch_boundary),
		TEST(should_keep_resets_apart_from_syns),
		TEST(should_follow_sequences_around_their_end),
		TEST(should_hold_a_thousand_probes_a_second_for_as_long_as_they_are_valid),
		TEST(should_call_replayed_what_is_too_old_for_the_window),
		TEST(should_welcome_a_prober_back_after_weeks),
		TEST(should_welcome_a_prober_back_whose_clock_stepped_back),
		TEST(should_cap_what_is_stamped_in_a_second),
		TEST(should_not_stay_capped_after_the_clock_stepped_back),
		TEST(should_stamp_nothing_with_a_cap_of_zero),
		TEST(should_remember_replays_over_a_change_of_configuration),
		TEST(should_refuse_a_configuration_out_of_range),
		TEST(should_verify_each_colour_once_on_all_workers_together),
		TEST(should_recognise_the_reply_to_a_probe),
		TEST(should_recognise_a_reply_one_epoch_later_and_no_more),
		TEST(should_not_recognise_what_answers_no_probe),
		TEST(should_recognise_probers_that_share_or_nest_their_prefixes),
		TEST(should_cap_replies_apart_from_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
