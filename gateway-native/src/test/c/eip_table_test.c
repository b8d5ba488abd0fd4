// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/eip_table.h"
#include "../../main/c/packet/checksum.h"

#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CAPACITY = 1024, MODEL_NAMES = 4 * CAPACITY };

static struct ip_address public_of(uint32_t n)
{
	return ip_from_v4(htonl(0xc6120000 + n));
}

static struct ip_address private_of(uint32_t n)
{
	return ip_from_v4(htonl(0x0a000000 + n));
}

static struct ip_address v6_of(uint8_t net, uint32_t n)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8, net}};

	a.words[3] = htonl(n);
	return a;
}

static struct eip numbered(uint32_t n)
{
	return (struct eip){
		.public_address = public_of(n),
		.private_address = private_of(n),
		.slot = n,
		.tunnel = 3,
		.enabled = true,
	};
}

static const struct eip *by_public(const struct eip_table *t, struct ip_address a)
{
	return eip_find_public(t, eip_hash(t, &a), &a);
}

static const struct eip *by_private(const struct eip_table *t, struct ip_address a)
{
	return eip_find_private(t, eip_hash(t, &a), &a);
}

static int setup(void **state)
{
	*state = eip_table_create(CAPACITY, 42, NULL);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	eip_table_free(*state);
	return 0;
}

static void add(struct eip_table *t, uint32_t n)
{
	struct eip eip = numbered(n);

	assert_int_equal(eip_table_add(t, &eip), 0);
}

static void remove_one(struct eip_table *t, uint32_t n)
{
	struct ip_address a = public_of(n);

	assert_int_equal(eip_table_remove(t, &a), 0);
}

static void should_find_both_addresses_until_removed(void **state)
{
	struct eip_table *t = *state;

	for (uint32_t n = 0; n < CAPACITY; n++)
		add(t, n);
	for (uint32_t n = 0; n < CAPACITY; n += 2)
		remove_one(t, n);
	for (uint32_t n = 0; n < CAPACITY; n++) {
		const struct eip *eip = by_public(t, public_of(n));

		assert_ptr_equal(by_private(t, private_of(n)), eip);
		assert_int_equal(eip != NULL, n % 2);
		if (eip) {
			assert_int_equal(eip->slot, n);
			assert_int_equal(eip->tunnel, 3);
			assert_true(eip->enabled);
		}
	}
	assert_int_equal(eip_table_count(t), CAPACITY / 2);
}

static void should_refuse_when_full_and_take_again_after_a_removal(void **state)
{
	struct eip_table *t = *state;
	struct eip one_more = numbered(CAPACITY);

	for (uint32_t n = 0; n < CAPACITY; n++)
		add(t, n);
	assert_int_equal(eip_table_add(t, &one_more), -ENOSPC);
	assert_null(by_public(t, public_of(CAPACITY)));
	assert_null(by_private(t, private_of(CAPACITY)));
	one_more = numbered(17);
	one_more.tunnel = 9; // a full table can still be changed
	assert_int_equal(eip_table_set(t, &one_more), 0);
	assert_int_equal(by_public(t, public_of(17))->tunnel, 9);
	remove_one(t, 17);
	add(t, CAPACITY);
}

static void should_refuse_what_is_in_use_or_contradicts_itself(void **state)
{
	struct eip_table *t = *state;
	struct ip_address nobody = public_of(99);
	struct eip eip;

	add(t, 1);
	add(t, 2);
	eip = numbered(1);
	eip.private_address = private_of(3);
	assert_int_equal(eip_table_add(t, &eip), -EEXIST);
	eip = numbered(3);
	eip.private_address = private_of(1);
	assert_int_equal(eip_table_add(t, &eip), -EEXIST);
	eip = numbered(1);
	eip.private_address = private_of(2);
	assert_int_equal(eip_table_set(t, &eip), -EEXIST);
	eip = numbered(3);
	assert_int_equal(eip_table_set(t, &eip), -ENOENT);
	eip.private_address = v6_of(1, 1);
	assert_int_equal(eip_table_add(t, &eip), -EINVAL);
	eip.private_address = (struct ip_address){0};
	assert_int_equal(eip_table_add(t, &eip), -EINVAL);
	assert_int_equal(eip_table_remove(t, &nobody), -ENOENT);
	assert_int_equal(eip_table_count(t), 2);
	assert_ptr_equal(by_public(t, public_of(1)), by_private(t, private_of(1)));
}

static void should_tell_a_public_from_a_private_address(void **state)
{
	struct eip_table *t = *state;
	struct eip same = numbered(1), crossed = numbered(2);

	same.private_address = same.public_address; // only the tunnel is of interest
	crossed.public_address = private_of(5);
	crossed.private_address = public_of(5);
	assert_int_equal(eip_table_add(t, &same), 0);
	assert_int_equal(eip_table_add(t, &crossed), 0);
	add(t, 5);
	assert_int_equal(by_public(t, public_of(1))->slot, 1);
	assert_int_equal(by_private(t, public_of(1))->slot, 1);
	assert_int_equal(by_public(t, public_of(5))->slot, 5);
	assert_int_equal(by_private(t, public_of(5))->slot, 2);
	assert_int_equal(by_public(t, private_of(5))->slot, 2);
	assert_int_equal(by_private(t, private_of(5))->slot, 5);
}

static void should_hold_both_families(void **state)
{
	struct eip_table *t = *state;
	struct eip eip = {.public_address = v6_of(1, 7), .private_address = v6_of(2, 7), .slot = 6};

	add(t, 7);
	assert_int_equal(eip_table_add(t, &eip), 0);
	assert_int_equal(by_public(t, v6_of(1, 7))->slot, 6);
	assert_int_equal(by_private(t, v6_of(2, 7))->slot, 6);
	assert_null(by_public(t, v6_of(2, 7)));
	assert_int_equal(by_public(t, public_of(7))->slot, 7);
}

static void expect_delta(const struct eip *eip)
{
	size_t from = ip_is_v4(&eip->public_address) ? 12 : 0;
	const uint8_t *before = eip->public_address.bytes + from;
	const uint8_t *after = eip->private_address.bytes + from;
	uint16_t field = checksum(before, 16 - from);

	assert_int_equal(checksum_apply(field, eip->address_delta), checksum(after, 16 - from));
}

static void should_know_what_the_change_does_to_a_checksum(void **state)
{
	struct eip_table *t = *state;
	struct eip eip = {
		.public_address = v6_of(0xff, 0x12345678), .private_address = v6_of(2, 3)};

	add(t, 7);
	assert_int_equal(eip_table_add(t, &eip), 0);
	expect_delta(by_public(t, public_of(7)));
	expect_delta(by_public(t, eip.public_address));
	eip.private_address = v6_of(3, 0xdeadbeef);
	assert_int_equal(eip_table_set(t, &eip), 0);
	expect_delta(by_public(t, eip.public_address));
}

static void should_replace_an_entry(void **state)
{
	struct eip_table *t = *state;
	struct eip eip = numbered(1);
	const struct eip *before;

	add(t, 1);
	add(t, 2);
	before = by_public(t, public_of(1));
	eip.private_address = private_of(77);
	eip.enabled = false;
	assert_int_equal(eip_table_set(t, &eip), 0);
	// A reader that found it before still reads it whole.
	assert_true(before->enabled);
	assert_int_equal(ip_v4(&before->private_address), htonl(0x0a000001));
	assert_false(by_public(t, public_of(1))->enabled);
	assert_ptr_equal(by_public(t, public_of(1)), by_private(t, private_of(77)));
	assert_null(by_private(t, private_of(1)));
	eip = numbered(3); // the private address that was given up is free
	eip.private_address = private_of(1);
	assert_int_equal(eip_table_add(t, &eip), 0);
	assert_int_equal(eip_table_count(t), 3);
}

static void should_know_which_way_a_packet_goes(void **state)
{
	struct eip_table *t = *state;
	struct eip eip = {.public_address = v6_of(1, 7), .private_address = v6_of(2, 7)};
	struct ip_address near = private_of(0xfffe), far = private_of(0x10000);
	struct ip_address near6 = v6_of(2, 9), far6 = v6_of(1, 9);

	assert_false(eip_near_private(t, &near));
	add(t, 1);
	assert_true(eip_near_private(t, &near));
	assert_false(eip_near_private(t, &far));
	assert_false(eip_near_private(t, &near6));
	assert_int_equal(eip_table_add(t, &eip), 0);
	assert_true(eip_near_private(t, &near6));
	assert_false(eip_near_private(t, &far6));
	remove_one(t, 1); // others of its network may be there
	assert_true(eip_near_private(t, &near));
}

static void should_list_every_entry_once(void **state)
{
	struct eip_table *t = *state;
	bool seen[CAPACITY] = {false};
	const struct eip *eip;
	uint32_t cursor = 0, count = 0;

	for (uint32_t n = 0; n < 100; n++)
		add(t, n);
	for (uint32_t n = 0; n < 100; n += 3)
		remove_one(t, n);
	while ((eip = eip_table_next(t, &cursor))) {
		assert_false(seen[eip->slot]);
		seen[eip->slot] = true;
		count++;
	}
	assert_int_equal(count, eip_table_count(t));
	for (uint32_t n = 0; n < 100; n++)
		assert_int_equal(seen[n], n % 3 != 0);
}

static void should_stay_within_128_bytes_an_entry(void **state)
{
	(void)state;
	for (uint32_t capacity = 1024; capacity < EIP_MAX; capacity += capacity / 7)
		assert_true(eip_table_bytes(capacity) <= (size_t)capacity * 128 + 24576);
	assert_true(eip_table_bytes(EIP_MAX) <= (size_t)EIP_MAX * 128);
	assert_null(eip_table_create(EIP_MAX + 1, 1, NULL));
}

// The naive one: what each name's private number is, 0 for none.
static void should_agree_with_a_model_over_many_changes(void **state)
{
	static uint32_t model[MODEL_NAMES], holder[MODEL_NAMES];
	struct eip_table *t = *state;
	uint32_t count = 0;

	srand(3);
	for (int i = 0; i < 1000000; i++) {
		uint32_t n = 1 + (uint32_t)rand() % (MODEL_NAMES - 1);
		uint32_t p = 1 + (uint32_t)rand() % (MODEL_NAMES - 1);
		struct eip eip = numbered(n);
		int expected;

		eip.private_address = private_of(p);
		switch (rand() % 3) {
		case 0:
			expected = model[n] || holder[p] ? -EEXIST
				   : count == CAPACITY   ? -ENOSPC
							 : 0;
			assert_int_equal(eip_table_add(t, &eip), expected);
			break;
		case 1:
			expected = !model[n] ? -ENOENT : holder[p] && holder[p] != n ? -EEXIST : 0;
			assert_int_equal(eip_table_set(t, &eip), expected);
			break;
		default:
			expected = model[n] ? 0 : -ENOENT;
			assert_int_equal(eip_table_remove(t, &eip.public_address), expected);
			p = 0;
		}
		if (expected == 0) {
			count += (model[n] == 0) - 1u * (p == 0) * (model[n] != 0);
			holder[model[n]] = 0;
			model[n] = p;
			holder[p] = p ? n : 0;
		}
		n = 1 + (uint32_t)rand() % (MODEL_NAMES - 1);
		assert_int_equal(by_public(t, public_of(n)) != NULL, model[n] != 0);
		assert_int_equal(by_private(t, private_of(n)) != NULL, holder[n] != 0);
		if (model[n])
			assert_ptr_equal(
				by_private(t, private_of(model[n])), by_public(t, public_of(n)));
		assert_int_equal(eip_table_count(t), count);
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void should_take_a_million_changes_in_about_a_second(void **state)
{
	enum { MILLION = 1000000 };
	struct eip_table *t = eip_table_create(MILLION, 7, NULL);
	uint64_t begin = now_ns(), added, changed, removed;

	(void)state;
	assert_non_null(t);
	for (uint32_t n = 0; n < MILLION; n++)
		add(t, n);
	added = now_ns();
	for (uint32_t n = 0; n < MILLION; n++) {
		struct eip eip = numbered(n);

		eip.private_address = private_of(MILLION + n);
		assert_int_equal(eip_table_set(t, &eip), 0);
	}
	changed = now_ns();
	for (uint32_t n = 0; n < MILLION; n++)
		remove_one(t, n);
	removed = now_ns();
	assert_int_equal(eip_table_count(t), 0);
	printf("a million: added in %.2f s, changed in %.2f s, removed in %.2f s\n",
		(double)(added - begin) / 1e9, (double)(changed - added) / 1e9,
		(double)(removed - changed) / 1e9);
	assert_true(removed - begin < 30000000000ull); // a busy machine under sanitizers, too
	eip_table_free(t);
}

static struct rte_rcu_qsbr *qsbr_new(void)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(2);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(64, (bytes + 63) / 64 * 64);

	assert_non_null(qsbr);
	assert_int_equal(rte_rcu_qsbr_init(qsbr, 2), 0);
	rte_rcu_qsbr_thread_register(qsbr, 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	return qsbr;
}

static void should_not_use_a_place_again_while_a_worker_may_read_it(void **state)
{
	struct rte_rcu_qsbr *qsbr = qsbr_new();
	struct eip_table *t = eip_table_create(16, 1, qsbr);
	const struct eip *seen;
	struct eip eip;
	int ret;

	(void)state;
	add(t, 0);
	seen = by_public(t, public_of(0));
	remove_one(t, 0);
	// Places come and go until none is left but those that wait for the worker.
	for (uint32_t n = 1;; n++) {
		eip = numbered(n);
		ret = eip_table_add(t, &eip);
		if (ret != 0)
			break;
		assert_ptr_not_equal(by_public(t, public_of(n)), seen);
		remove_one(t, n);
		assert_true(n < 1000);
	}
	assert_int_equal(ret, -ENOSPC);
	assert_int_equal(seen->slot, 0);
	rte_rcu_qsbr_quiescent(qsbr, 0);
	eip_table_collect(t);
	assert_int_equal(eip_table_add(t, &eip), 0);
	eip_table_free(t);
	free(qsbr);
}

struct churn {
	struct eip_table *table;
	struct rte_rcu_qsbr *qsbr;
	_Atomic bool stop;
	uint64_t rounds;
	uint64_t found;
	uint64_t missing; // a stable entry that was not found
	uint64_t torn;    // an entry whose parts are of two
	uint64_t wrong;   // found by an address that is not its own
};

enum { STABLE = 512, CHURNING = 8192 };

// slot and private address go together in whatever the writer makes.
static void look(struct churn *c, uint32_t n, bool stable)
{
	struct ip_address public = public_of(n), private = private_of(n);
	const struct eip *a = by_public(c->table, public), *b = by_private(c->table, private);

	if (stable && (!a || !b))
		c->missing++;
	if (a && !ip_equal(&a->public_address, &public))
		c->wrong++;
	if (b && !ip_equal(&b->private_address, &private))
		c->wrong++;
	if (a && ip_v4(&a->private_address) != htonl(0x0a000000 + a->slot))
		c->torn++;
	if (b && b->slot != n)
		c->torn++;
	c->found += (a != NULL) + (b != NULL);
}

static void *read_for_ever(void *context)
{
	struct churn *c = context;
	uint32_t random = 1;

	while (!atomic_load_explicit(&c->stop, memory_order_relaxed)) {
		for (int i = 0; i < 32; i++) {
			random = random * 1664525 + 1013904223;
			look(c, (random >> 8) % STABLE, true);
			look(c, STABLE + (random >> 8) % CHURNING, false);
		}
		c->rounds++;
		rte_rcu_qsbr_quiescent(c->qsbr, 0);
	}
	rte_rcu_qsbr_thread_offline(c->qsbr, 0);
	return NULL;
}

// Changes stable entries too: their tunnel only, so they must always be found.
static void churn_once(struct churn *c, uint32_t i)
{
	uint32_t n = STABLE + (uint32_t)rand() % CHURNING;
	struct eip eip = numbered(n);

	switch (rand() % 4) {
	case 0:
		eip_table_remove(c->table, &eip.public_address);
		break;
	case 1: // another private address, and the slot that goes with it
		eip.slot = STABLE + (uint32_t)rand() % CHURNING;
		eip.private_address = private_of(eip.slot);
		eip_table_set(c->table, &eip);
		break;
	case 2:
		eip = numbered(i % STABLE);
		eip.tunnel = (uint8_t)i;
		assert_int_equal(eip_table_set(c->table, &eip), 0);
		break;
	default:
		eip_table_add(c->table, &eip);
	}
}

static void should_never_lose_or_tear_an_entry_beside_a_writer(void **state)
{
	struct rte_rcu_qsbr *qsbr = qsbr_new();
	struct churn c = {.table = eip_table_create(STABLE + CHURNING / 2, 5, qsbr), .qsbr = qsbr};
	uint64_t end = now_ns() + 2000000000ull;
	pthread_t reader;

	(void)state;
	srand(11);
	for (uint32_t n = 0; n < STABLE; n++)
		add(c.table, n);
	assert_int_equal(pthread_create(&reader, NULL, read_for_ever, &c), 0);
	for (uint32_t i = 0; now_ns() < end; i++) {
		churn_once(&c, i);
		if (i % 64 == 0)
			eip_table_collect(c.table);
	}
	atomic_store(&c.stop, true);
	pthread_join(reader, NULL);
	assert_true(c.rounds > 10);
	assert_true(c.found > c.rounds * 64);
	assert_int_equal(c.missing, 0);
	assert_int_equal(c.torn, 0);
	assert_int_equal(c.wrong, 0);
	eip_table_free(c.table);
	free(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_find_both_addresses_until_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_refuse_when_full_and_take_again_after_a_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_refuse_what_is_in_use_or_contradicts_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_tell_a_public_from_a_private_address, setup, teardown),
		cmocka_unit_test_setup_teardown(should_hold_both_families, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_know_what_the_change_does_to_a_checksum, setup, teardown),
		cmocka_unit_test_setup_teardown(should_replace_an_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_know_which_way_a_packet_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(should_list_every_entry_once, setup, teardown),
		cmocka_unit_test(should_stay_within_128_bytes_an_entry),
		cmocka_unit_test_setup_teardown(
			should_agree_with_a_model_over_many_changes, setup, teardown),
		cmocka_unit_test(should_take_a_million_changes_in_about_a_second),
		cmocka_unit_test(should_not_use_a_place_again_while_a_worker_may_read_it),
		cmocka_unit_test(should_never_lose_or_tear_an_entry_beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
