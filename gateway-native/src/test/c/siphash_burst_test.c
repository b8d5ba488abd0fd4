// SPDX-License-Identifier: Apache-2.0
//
// Eight at once hash as one alone does, each way that this processor knows.
#include "test.h"

#include "../../main/c/packet/siphash_burst.h"

#include <endian.h>
#include <string.h>

enum { ROUNDS = 2000, MAX_BYTES = DT_SIPHASH_LANE_WORDS * 8 - 1 };

static uint64_t state_of_random = 0x5eed;

static uint64_t next_random(void)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return state_of_random;
}

struct message {
	struct dt_siphash_key key;
	uint8_t bytes[DT_SIPHASH_LANE_WORDS * 8]; // zeros behind its end
};

static void put(struct dt_siphash_burst *burst, unsigned int lane, const struct message *m)
{
	burst->k0[lane] = m->key.k0;
	burst->k1[lane] = m->key.k1;
	for (size_t i = 0; i < DT_SIPHASH_LANE_WORDS; i++) {
		uint64_t word;

		memcpy(&word, m->bytes + 8 * i, sizeof(word));
		burst->words[i][lane] = le64toh(word);
	}
}

static struct message random_message(size_t len)
{
	struct message m = {.key = {next_random(), next_random()}};

	for (size_t i = 0; i < len; i++)
		m.bytes[i] = (uint8_t)next_random();
	return m;
}

static void check_a_burst(enum dt_siphash_way way, size_t len, unsigned int count)
{
	struct message messages[DT_SIPHASH_LANES];
	struct dt_siphash_burst burst;

	memset(&burst, 0xa5, sizeof(burst)); // of columns that are not asked for
	for (unsigned int i = 0; i < count; i++) {
		messages[i] = random_message(len);
		put(&burst, i, &messages[i]);
	}
	if (!dt_siphash24_burst_by(way, &burst, count, len))
		return;
	for (unsigned int i = 0; i < count; i++)
		assert_true(
			burst.hashes[i] == dt_siphash24(&messages[i].key, messages[i].bytes, len));
}

static void should_hash_random_messages_as_one_alone(void **state)
{
	(void)state;
	for (int way = 0; way < DT_SIPHASH_WAYS; way++) {
		for (unsigned int i = 0; i < ROUNDS; i++)
			check_a_burst((enum dt_siphash_way)way, i % (MAX_BYTES + 1),
				1 + (unsigned int)(next_random() % DT_SIPHASH_LANES));
	}
}

// Appendix A of the paper, in each column beside others.
static void should_hold_the_vector_printed_in_the_paper(void **state)
{
	struct message paper = {.key = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull}};

	(void)state;
	for (uint8_t i = 0; i < 15; i++)
		paper.bytes[i] = i;
	for (int way = 0; way < DT_SIPHASH_WAYS; way++) {
		for (unsigned int lane = 0; lane < DT_SIPHASH_LANES; lane++) {
			struct dt_siphash_burst burst;

			for (unsigned int i = 0; i < DT_SIPHASH_LANES; i++) {
				struct message m = random_message(15);

				put(&burst, i, i == lane ? &paper : &m);
			}
			if (dt_siphash24_burst_by(
				    (enum dt_siphash_way)way, &burst, DT_SIPHASH_LANES, 15))
				assert_true(burst.hashes[lane] == 0xa129ca6149be45e5ull);
		}
	}
}

static void should_choose_a_way_that_is_right(void **state)
{
	struct message m = random_message(26);
	struct dt_siphash_burst burst;

	(void)state;
	memset(&burst, 0, sizeof(burst));
	put(&burst, 0, &m);
	dt_siphash24_burst(&burst, 1, 26);
	assert_true(burst.hashes[0] == dt_siphash24(&m.key, m.bytes, 26));
}

static void should_know_the_scalar_way_everywhere(void **state)
{
	struct dt_siphash_burst burst;

	(void)state;
	memset(&burst, 0, sizeof(burst));
	assert_true(dt_siphash24_burst_by(DT_SIPHASH_SCALAR, &burst, 8, 26));
	for (int way = 0; way < DT_SIPHASH_WAYS; way++)
		print_message("way %d: %s\n", way,
			dt_siphash24_burst_by((enum dt_siphash_way)way, &burst, 8, 26)
				? "checked"
				: "not known to this processor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_hash_random_messages_as_one_alone),
		cmocka_unit_test(should_hold_the_vector_printed_in_the_paper),
		cmocka_unit_test(should_choose_a_way_that_is_right),
		cmocka_unit_test(should_know_the_scalar_way_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
