// SPDX-License-Identifier: Apache-2.0
//
// Flows as they come, not random ones: neighbouring addresses, ports in turn. Each use of the hash
// has to find them spread about as evenly as chance does.
#include "test.h"

#include "../../main/c/datapath/flow_hash.h"

#include <stdlib.h>
#include <string.h>

enum { FLOWS = 200000, CELLS = 4096 };

typedef uint64_t (*hash_of)(uint64_t seed, uint32_t flow);

static struct ip_address v6(uint32_t prefix, uint32_t host)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8}};

	a.words[1] = htonl(prefix);
	a.words[3] = htonl(host);
	return a;
}

static uint64_t hash(uint64_t seed, struct ip_address client, struct ip_address vip, uint32_t port)
{
	return flow_hash(seed, &client, &vip, (uint16_t)port, 443, 6);
}

static uint64_t of_one_client(uint64_t seed, uint32_t n) // and several VIPs
{
	return hash(
		seed, ip_from_v4(0x0100000a), ip_from_v4(htonl(0xc6336400 + n / 60000)), n % 60000);
}

static uint64_t of_neighbours(uint64_t seed, uint32_t n)
{
	return hash(seed, ip_from_v4(htonl(0x0a000000 + n)), ip_from_v4(0x010200c0), 40000);
}

static uint64_t of_many_clients(uint64_t seed, uint32_t n)
{
	return hash(seed, ip_from_v4(htonl(0x0a000000 + n / 64)), ip_from_v4(0x010200c0), n % 64);
}

static uint64_t of_v6_hosts(uint64_t seed, uint32_t n)
{
	return hash(seed, v6(7, n), v6(0, 1), 40000);
}

static uint64_t of_v6_prefixes(uint64_t seed, uint32_t n)
{
	return hash(seed, v6(n, 1), v6(0, 1), 40000);
}

static uint64_t of_one_end(uint64_t seed, uint32_t n)
{
	struct ip_address a = ip_from_v4(htonl(0x0a000000 + n / 64));

	return flow_hash_end(seed, &a, (uint16_t)(n % 64));
}

static uint64_t of_a_balanced_end(uint64_t seed, uint32_t n) // address and port change alike
{
	struct ip_address a = v6(7, n / 65536);

	memcpy(&a.bytes[8], &(uint16_t){(uint16_t)n}, 2);
	return flow_hash_end(seed, &a, (uint16_t)n);
}

// Of a bucket as session_index.h chooses it.
static uint32_t cell_of_bucket(uint64_t h)
{
	return (uint32_t)((h & UINT32_MAX) * CELLS >> 32);
}

static uint32_t cell_of_tag(uint64_t h)
{
	return (uint32_t)(h >> 33) % CELLS;
}

static uint32_t cell_of_owner(uint64_t h)
{
	return flow_hash_owner(h, CELLS);
}

// Both at once: those of one bucket have to differ in their tags.
static uint32_t cell_of_both(uint64_t h)
{
	return cell_of_bucket(h) / 64 * 64 + cell_of_tag(h) % 64;
}

// chi² has mean CELLS and deviation sqrt(2 CELLS) = 90: eight of them are no chance.
static void assert_spread(hash_of function, uint32_t (*cell_of)(uint64_t), uint64_t seed)
{
	uint32_t *counts = calloc(CELLS, sizeof(*counts));
	double expected = (double)FLOWS / CELLS, chi2 = 0;

	for (uint32_t n = 0; n < FLOWS; n++)
		counts[cell_of(function(seed, n))]++;
	for (uint32_t i = 0; i < CELLS; i++)
		chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
	assert_in_range((uint64_t)chi2, 0, CELLS + 8 * 90);
	free(counts);
}

static void should_spread_what_comes_in_turn(void **state)
{
	static const hash_of functions[] = {of_one_client, of_neighbours, of_many_clients,
		of_v6_hosts, of_v6_prefixes, of_one_end, of_a_balanced_end};
	uint64_t seed = FLOW_HASH_FIXED_SEED;

	(void)state;
	for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
		for (int i = 0; i < 40; i++) { // some seeds are worse than others
			assert_spread(functions[f], cell_of_bucket, seed);
			assert_spread(functions[f], cell_of_tag, seed);
			assert_spread(functions[f], cell_of_owner, seed);
			assert_spread(functions[f], cell_of_both, seed);
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		}
	}
}

static void should_depend_on_every_part(void **state)
{
	struct ip_address a = v6(1, 2), b = v6(3, 4);
	uint64_t h = flow_hash(9, &a, &b, 5, 6, 17);

	(void)state;
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct ip_address other = a, another = b;

		other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		another.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(flow_hash(9, &other, &b, 5, 6, 17) != h);
		assert_true(flow_hash(9, &a, &another, 5, 6, 17) != h);
	}
	for (unsigned int bit = 0; bit < 16; bit++) {
		assert_true(flow_hash(9, &a, &b, (uint16_t)(5 ^ 1 << bit), 6, 17) != h);
		assert_true(flow_hash(9, &a, &b, 5, (uint16_t)(6 ^ 1 << bit), 17) != h);
	}
	assert_true(flow_hash(9, &a, &b, 5, 6, 6) != h);
	assert_true(flow_hash(8, &a, &b, 5, 6, 17) != h);
	assert_true(flow_hash(9, &b, &a, 6, 5, 17) != h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_spread_what_comes_in_turn),
		cmocka_unit_test(should_depend_on_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
