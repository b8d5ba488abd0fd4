// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/blacklist.h"

#include <rte_rcu_qsbr.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
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

static int add(struct blacklist *list, const char *text, uint8_t bits, uint64_t expires_ns)
{
	struct ip_address a = address(text);

	return blacklist_add(list, &a, bits, expires_ns);
}

static int drop(struct blacklist *list, const char *text, uint8_t bits)
{
	struct ip_address a = address(text);

	return blacklist_remove(list, &a, bits);
}

static bool matches(const struct blacklist *list, const char *text)
{
	struct ip_address a = address(text);

	return blacklist_matches(list, &a);
}

static void should_match_what_is_inside_a_prefix_and_nothing_else(void **state)
{
	struct blacklist *list = blacklist_create(100, NULL);

	(void)state;
	assert_false(matches(list, "192.0.2.1"));
	assert_int_equal(add(list, "192.0.2.1", 32, 0), 0);
	assert_int_equal(add(list, "198.51.100.77", 24, 0), 0); // as 198.51.100.0
	assert_int_equal(add(list, "203.0.113.64", 27, 0), 0);
	assert_int_equal(add(list, "10.0.0.0", 9, 0), 0);
	assert_int_equal(add(list, "2001:db8:1::", 48, 0), 0);
	assert_int_equal(add(list, "2001:db8:2::5", 128, 0), 0);
	assert_int_equal(add(list, "2001:db8:3:0:8000::", 65, 0), 0);
	assert_int_equal(blacklist_count(list), 7);
	assert_true(matches(list, "192.0.2.1"));
	assert_false(matches(list, "192.0.2.0"));
	assert_false(matches(list, "192.0.2.2"));
	assert_true(matches(list, "198.51.100.0"));
	assert_true(matches(list, "198.51.100.255"));
	assert_false(matches(list, "198.51.101.0"));
	assert_false(matches(list, "203.0.113.63"));
	assert_true(matches(list, "203.0.113.64"));
	assert_true(matches(list, "203.0.113.95"));
	assert_false(matches(list, "203.0.113.96"));
	assert_true(matches(list, "10.127.255.255"));
	assert_false(matches(list, "10.128.0.0"));
	assert_true(matches(list, "2001:db8:1:ffff::1"));
	assert_false(matches(list, "2001:db8:0:ffff::1"));
	assert_true(matches(list, "2001:db8:2::5"));
	assert_false(matches(list, "2001:db8:2::4"));
	assert_true(matches(list, "2001:db8:3:0:ffff::"));
	assert_false(matches(list, "2001:db8:3:0:7fff::"));
	blacklist_free(list);
}

static void should_take_prefixes_of_every_length_in_both_families(void **state)
{
	struct blacklist *list = blacklist_create(200, NULL);

	(void)state;
	for (uint8_t bits = 0; bits <= 32; bits++) {
		assert_int_equal(add(list, "85.85.85.85", bits, 0), 0);
		assert_true(matches(list, "85.85.85.85"));
		assert_int_equal(matches(list, "170.1.2.3"), bits == 0);
		assert_false(matches(list, "5555:5555::1"));
		assert_int_equal(drop(list, "85.85.85.85", bits), 0);
		assert_false(matches(list, "85.85.85.85"));
	}
	for (unsigned int bits = 0; bits <= 128; bits++) {
		const char *text = "5555:5555:5555:5555:5555:5555:5555:5555";

		assert_int_equal(add(list, text, (uint8_t)bits, 0), 0);
		assert_true(matches(list, text));
		assert_int_equal(matches(list, "aaaa::1"), bits == 0);
		assert_false(matches(list, "85.85.85.85"));
		assert_int_equal(drop(list, text, (uint8_t)bits), 0);
		assert_false(matches(list, text));
	}
	assert_int_equal(blacklist_count(list), 0);
	blacklist_free(list);
}

static void should_keep_what_other_prefixes_cover_when_one_goes(void **state)
{
	struct blacklist *list = blacklist_create(100, NULL);

	(void)state;
	add(list, "10.0.0.0", 8, 0);
	add(list, "10.1.0.0", 16, 0);
	add(list, "10.1.2.0", 24, 0);
	add(list, "10.1.2.3", 32, 0);
	assert_int_equal(drop(list, "10.1.0.0", 16), 0);
	assert_true(matches(list, "10.1.9.9"));
	assert_int_equal(drop(list, "10.0.0.0", 8), 0);
	assert_false(matches(list, "10.1.9.9"));
	assert_true(matches(list, "10.1.2.9"));
	assert_int_equal(drop(list, "10.1.2.0", 24), 0);
	assert_false(matches(list, "10.1.2.9"));
	assert_true(matches(list, "10.1.2.3"));
	blacklist_free(list);
}

static void should_refuse_what_it_cannot_do(void **state)
{
	struct blacklist *list = blacklist_create(2, NULL);

	(void)state;
	assert_int_equal(add(list, "10.0.0.1", 33, 0), -EINVAL);
	assert_int_equal(add(list, "2001:db8::", 129, 0), -EINVAL);
	assert_int_equal(drop(list, "10.0.0.1", 33), -EINVAL);
	assert_int_equal(drop(list, "10.0.0.1", 32), -ENOENT);
	assert_int_equal(add(list, "10.0.0.1", 32, 0), 0);
	assert_int_equal(drop(list, "10.0.0.1", 31), -ENOENT);
	assert_int_equal(add(list, "2001:db8::", 32, 0), 0);
	assert_int_equal(add(list, "10.0.0.2", 32, 0), -ENOSPC);
	assert_int_equal(add(list, "10.0.0.1", 32, 5), 0); // is there already
	assert_int_equal(blacklist_count(list), 2);
	assert_int_equal(drop(list, "10.0.0.1", 32), 0);
	assert_int_equal(add(list, "10.0.0.2", 32, 0), 0);
	blacklist_free(list);
}

static void should_remove_what_has_run_out_and_no_more(void **state)
{
	struct blacklist *list = blacklist_create(1000, NULL);
	char text[20];

	(void)state;
	for (unsigned int i = 0; i < 250; i++) { // 1000, 1007, 1014 … in some order
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		assert_int_equal(add(list, text, 32, 1000 + i * 7 % 250), 0);
	}
	assert_int_equal(add(list, "10.0.1.1", 32, 0), 0);
	assert_int_equal(add(list, "10.0.0.0", 32, 5000), 0);   // later than before
	assert_int_equal(add(list, "10.0.0.249", 32, 0), 0);    // never now
	assert_int_equal(add(list, "10.0.0.100", 32, 1001), 0); // sooner (it was 1200)
	assert_int_equal(blacklist_expire(list, 999, 1000), 0);
	assert_int_equal(blacklist_expire(list, 1100, 10), 10);
	assert_int_equal(blacklist_expire(list, 1100, 1000) + 10, 101);
	assert_false(matches(list, "10.0.0.100"));
	assert_true(matches(list, "10.0.0.0"));
	for (unsigned int i = 1; i < 249; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		assert_int_equal(matches(list, text), i != 100 && 1000 + i * 7 % 250 > 1100);
	}
	blacklist_expire(list, UINT64_MAX, 1000);
	assert_int_equal(blacklist_count(list), 2);
	assert_true(matches(list, "10.0.1.1"));
	assert_true(matches(list, "10.0.0.249"));
	blacklist_free(list);
}

static void should_find_an_exact_prefix_with_its_expiry(void **state)
{
	struct blacklist *list = blacklist_create(10, NULL);
	struct ip_address a = address("10.1.0.0"), b = address("2001:db8::");
	uint64_t expires_ns = 0;

	(void)state;
	add(list, "10.1.0.0", 16, 77);
	add(list, "2001:db8::", 32, 0);
	assert_true(blacklist_find(list, &a, 16, &expires_ns));
	assert_int_equal(expires_ns, 77);
	assert_true(blacklist_find(list, &b, 32, &expires_ns));
	assert_int_equal(expires_ns, 0);
	assert_false(blacklist_find(list, &a, 17, &expires_ns));
	assert_false(blacklist_find(list, &a, 32, &expires_ns));
	assert_false(blacklist_find(list, &a, 64, &expires_ns));
	drop(list, "10.1.0.0", 16);
	assert_false(blacklist_find(list, &a, 16, &expires_ns));
	blacklist_free(list);
}

static void should_list_its_entries(void **state)
{
	struct blacklist *list = blacklist_create(10, NULL);
	struct blacklist_entry entry;
	struct ip_address first = address("10.1.0.0"), second = address("2001:db8::");
	uint32_t cursor = 0;

	(void)state;
	assert_false(blacklist_next(list, &cursor, &entry));
	add(list, "10.1.255.255", 16, 77);
	add(list, "10.2.0.0", 16, 0);
	add(list, "2001:db8::1", 32, 88);
	drop(list, "10.2.0.0", 16);
	assert_true(blacklist_next(list, &cursor, &entry));
	assert_true(ip_equal(&entry.prefix, &first));
	assert_int_equal(entry.prefix_bits, 16);
	assert_int_equal(entry.expires_ns, 77);
	assert_true(blacklist_next(list, &cursor, &entry));
	assert_true(ip_equal(&entry.prefix, &second));
	assert_int_equal(entry.prefix_bits, 32);
	assert_int_equal(entry.expires_ns, 88);
	assert_false(blacklist_next(list, &cursor, &entry));
	blacklist_free(list);
}

// ---- against a list ----

enum { MODEL_ENTRIES = 300, MODEL_STEPS = 60000 };

static struct blacklist_entry model[MODEL_ENTRIES];
static unsigned int model_count;
static uint64_t random_state;

static uint32_t draw(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static bool bit_of(const struct ip_address *a, unsigned int bit)
{
	return a->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool inside(const struct ip_address *a, const struct blacklist_entry *e)
{
	unsigned int bits = e->prefix_bits + (ip_is_v4(&e->prefix) ? 96u : 0);

	if (ip_is_v4(a) != ip_is_v4(&e->prefix))
		return false;
	for (unsigned int i = 0; i < bits; i++) {
		if (bit_of(a, i) != bit_of(&e->prefix, i))
			return false;
	}
	return true;
}

static unsigned int model_find(const struct ip_address *a, uint8_t bits)
{
	struct blacklist_entry *e;

	for (unsigned int i = 0; i < model_count; i++) {
		e = &model[i];
		if (e->prefix_bits == bits && inside(a, e))
			return i;
	}
	return model_count;
}

// Few different bits, so that prefixes cover each other.
static struct ip_address draw_address(void)
{
	struct ip_address a = {.bytes = {0}};

	if (draw(2)) {
		for (int i = 0; i < 4; i++)
			a.bytes[12 + i] = (uint8_t)(draw(2) ? 0x80 >> draw(8) : 0);
		return ip_from_v4(a.words[3]);
	}
	for (int i = 0; i < 16; i++)
		a.bytes[i] = (uint8_t)(draw(4) ? 0 : 1 << draw(8));
	a.bytes[0] |= 0x20;
	return a;
}

static void change_both(struct blacklist *list, uint64_t now)
{
	struct ip_address a = draw_address();
	uint8_t bits = (uint8_t)draw(ip_is_v4(&a) ? 33 : 129);
	unsigned int at;

	if (ip_is_v4(&a) && bits < 12 && draw(50)) // wide ones are slow to remove
		bits = 32;
	at = model_find(&a, bits);
	if (draw(2)) {
		uint64_t expires = draw(3) ? now + draw(2000) : 0;
		int status = blacklist_add(list, &a, bits, expires);

		assert_int_equal(status, at == model_count && at == MODEL_ENTRIES ? -ENOSPC : 0);
		if (status != 0)
			return;
		model[at] = (struct blacklist_entry){a, bits, expires};
		model_count += at == model_count;
	} else {
		assert_int_equal(blacklist_remove(list, &a, bits), at == model_count ? -ENOENT : 0);
		if (at < model_count)
			model[at] = model[--model_count];
	}
}

static void expire_both(struct blacklist *list, uint64_t now)
{
	unsigned int expected = 0;

	for (unsigned int i = 0; i < model_count;) {
		if (model[i].expires_ns && model[i].expires_ns <= now) {
			model[i] = model[--model_count];
			expected++;
		} else {
			i++;
		}
	}
	assert_int_equal(blacklist_expire(list, now, UINT32_MAX), expected);
}

static void should_answer_as_a_plain_list_does(void **state)
{
	struct blacklist *list = blacklist_create(MODEL_ENTRIES, NULL);
	const char *seed = getenv("SEED");
	unsigned int hits = 0;

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15ull;
	print_message("SEED=%#llx\n", (unsigned long long)random_state);
	model_count = 0;
	for (unsigned int step = 0; step < MODEL_STEPS; step++) {
		struct ip_address a = draw_address();
		bool expected = false;

		change_both(list, step);
		if (draw(10) == 0)
			expire_both(list, step);
		if (model_count && draw(2)) { // near an entry
			a = model[draw(model_count)].prefix;
			a.bytes[12 + draw(4)] ^= (uint8_t)(draw(2) << draw(8));
		}
		for (unsigned int i = 0; i < model_count && !expected; i++)
			expected = inside(&a, &model[i]);
		assert_int_equal(blacklist_matches(list, &a), expected);
		assert_int_equal(blacklist_count(list), model_count);
		hits += expected;
	}
	assert_in_range(hits, MODEL_STEPS / 10, MODEL_STEPS * 9 / 10);
	blacklist_free(list);
}

static struct ip_address numbered(uint32_t i, bool v4)
{
	struct ip_address a = ip_from_v4(htonl(i * 2654435761u));

	if (v4)
		return a;
	a.halves[0] = 0x2001ull | (uint64_t)i << 32;
	a.halves[1] = i * 0x9e3779b97f4a7c15ull;
	return a;
}

static void should_hold_a_million_hosts_of_both_families(void **state)
{
	struct blacklist *list = blacklist_create(BLACKLIST_MAX, NULL);
	struct ip_address a;

	(void)state;
	for (uint32_t i = 0; i < BLACKLIST_MAX; i++) {
		a = numbered(i, i % 2);
		assert_int_equal(blacklist_add(list, &a, i % 2 ? 32 : 128, 1 + i), 0);
	}
	a = numbered(BLACKLIST_MAX, true);
	assert_int_equal(blacklist_add(list, &a, 32, 0), -ENOSPC);
	for (uint32_t i = 0; i < BLACKLIST_MAX; i++) {
		a = numbered(i, i % 2);
		assert_true(blacklist_matches(list, &a));
		a = numbered(i, i % 2 == 0);
		assert_false(blacklist_matches(list, &a));
	}
	// More than enough for a new map, and slots that were removed are used again.
	for (uint32_t i = 0; i < BLACKLIST_MAX; i++) {
		assert_int_equal(blacklist_expire(list, 1 + i, 2), 1);
		a = numbered(BLACKLIST_MAX + i, i % 2);
		assert_int_equal(blacklist_add(list, &a, i % 2 ? 32 : 128, UINT64_MAX), 0);
	}
	for (uint32_t i = 0; i < BLACKLIST_MAX; i++) {
		a = numbered(i, i % 2);
		assert_false(blacklist_matches(list, &a));
		a = numbered(BLACKLIST_MAX + i, i % 2);
		assert_true(blacklist_matches(list, &a));
	}
	assert_int_equal(blacklist_expire(list, UINT64_MAX, UINT32_MAX), BLACKLIST_MAX);
	assert_false(blacklist_matches(list, &a));
	blacklist_free(list);
}

// ---- while it changes ----

enum { STAYING = 1000, CHANGING = 20000, SPARE = 500 };

struct reader {
	const struct blacklist *list;
	struct rte_rcu_qsbr *qsbr;
	_Atomic bool stop;
	uint64_t wrong;
	uint64_t rounds;
};

static void *read_on(void *context)
{
	struct reader *r = context;

	while (!atomic_load(&r->stop)) {
		for (uint32_t i = 0; i < STAYING; i++) {
			struct ip_address stays = numbered(i, i % 2);
			struct ip_address never = numbered(1u << 24 | i, i % 2);

			r->wrong += !blacklist_matches(r->list, &stays);
			r->wrong += blacklist_matches(r->list, &never);
		}
		rte_rcu_qsbr_quiescent(r->qsbr, 0);
		r->rounds++;
	}
	rte_rcu_qsbr_thread_offline(r->qsbr, 0);
	return NULL;
}

static void should_answer_right_while_it_changes(void **state)
{
	struct rte_rcu_qsbr *qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) / 64 * 64);
	struct blacklist *list;
	struct reader reader = {.qsbr = qsbr};
	pthread_t thread;
	int retries = 0;

	(void)state;
	assert_int_equal(rte_rcu_qsbr_init(qsbr, 1), 0);
	rte_rcu_qsbr_thread_register(qsbr, 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	// Nearly full, so that every place is used again and again.
	list = blacklist_create(STAYING + CHANGING + SPARE, qsbr);
	for (uint32_t i = 0; i < STAYING; i++) {
		struct ip_address a = numbered(i, i % 2);

		assert_int_equal(blacklist_add(list, &a, i % 2 ? 32 : 128, 0), 0);
	}
	reader.list = list;
	assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (uint32_t i = 0; i < 10 * CHANGING; i++) {
		struct ip_address a = numbered(STAYING + i, i % 2);

		// A reader that the machine stops for long holds every place that it may be at.
		while (blacklist_add(list, &a, i % 2 ? 32 : 128, 1 + i) != 0)
			assert_true(retries++ < 100);
		if (i >= CHANGING - 1)
			assert_int_equal(blacklist_expire(list, 2 + i - CHANGING, 10), 1);
	}
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(reader.wrong, 0);
	assert_true(reader.rounds > 1);
	blacklist_free(list);
	free(qsbr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_match_what_is_inside_a_prefix_and_nothing_else),
		cmocka_unit_test(should_take_prefixes_of_every_length_in_both_families),
		cmocka_unit_test(should_keep_what_other_prefixes_cover_when_one_goes),
		cmocka_unit_test(should_refuse_what_it_cannot_do),
		cmocka_unit_test(should_remove_what_has_run_out_and_no_more),
		cmocka_unit_test(should_find_an_exact_prefix_with_its_expiry),
		cmocka_unit_test(should_list_its_entries),
		cmocka_unit_test(should_answer_as_a_plain_list_does),
		cmocka_unit_test(should_hold_a_million_hosts_of_both_families),
		cmocka_unit_test(should_answer_right_while_it_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
