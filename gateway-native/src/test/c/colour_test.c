// SPDX-License-Identifier: Apache-2.0
//
// The colour on the vectors that Java reads too.
#include "test.h"

#include "../../main/c/packet/colour.h"
#include "../../main/c/packet/siphash_burst.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FIELDS 12
#define MAX_BYTES 256

struct field {
	uint8_t bytes[MAX_BYTES];
	size_t len;
};

struct vector {
	char kind[16];
	struct field fields[MAX_FIELDS];
	size_t count;
	int line;
};

static const uint8_t source[4] = {198, 18, 11, 2};

static struct dt_siphash_key test_key(void)
{
	uint8_t bytes[DT_SIPHASH_KEY_BYTES];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	return dt_siphash_key_read(bytes);
}

static uint64_t number(const struct field *f)
{
	uint64_t v = 0;

	for (size_t i = 0; i < f->len; i++)
		v = v << 8 | f->bytes[i];
	return v;
}

static void write_le64(uint64_t v, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

static void parse_hex(const char *text, struct field *out)
{
	size_t digits = strlen(text);

	assert_true(digits % 2 == 0 && digits / 2 <= MAX_BYTES);
	out->len = digits / 2;
	for (size_t i = 0; i < out->len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		out->bytes[i] = (uint8_t)byte;
	}
}

// Runs a check on every vector of a kind; a kind without a vector is a failure.
static void for_each(const char *kind, void (*check)(const struct vector *))
{
	const char *path = getenv("COLOUR_VECTORS");
	char line[4096];
	int line_number = 0, checked = 0;
	FILE *file;

	assert_non_null(path);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct vector v = {.line = ++line_number};
		char *rest = line, *text;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		text = strsep(&rest, "\t");
		if (strcmp(text, kind) != 0)
			continue;
		while ((text = strsep(&rest, "\t")) != NULL) {
			assert_true(v.count < MAX_FIELDS);
			parse_hex(text, &v.fields[v.count++]);
		}
		check(&v);
		checked++;
	}
	fclose(file);
	assert_true(checked > 0);
	print_message("%d vectors of kind %s\n", checked, kind);
}

static void assert_expected(const struct vector *v, const uint8_t *actual, size_t len)
{
	const struct field *expected = &v->fields[v->count - 1];

	if (expected->len != len || memcmp(expected->bytes, actual, len) != 0)
		fail_msg("vector in line %d", v->line);
}

// In the last column of a burst, as long as it fits.
static void check_siphash_burst(
	const struct vector *v, const struct dt_siphash_key *key, enum dt_siphash_way way)
{
	const unsigned int lane = DT_SIPHASH_LANES - 1;
	uint8_t message[DT_SIPHASH_LANE_WORDS * 8] = {0}, out[8];
	size_t len = v->fields[1].len;
	struct dt_siphash_burst burst;

	if (len >= sizeof(message))
		return;
	memcpy(message, v->fields[1].bytes, len);
	memset(&burst, 0, sizeof(burst));
	burst.k0[lane] = key->k0;
	burst.k1[lane] = key->k1;
	for (size_t i = 0; i < DT_SIPHASH_LANE_WORDS; i++) {
		memcpy(out, message + 8 * i, sizeof(out));
		for (int byte = 7; byte >= 0; byte--)
			burst.words[i][lane] = burst.words[i][lane] << 8 | out[byte];
	}
	if (!dt_siphash24_burst_by(way, &burst, DT_SIPHASH_LANES, len))
		return;
	write_le64(burst.hashes[lane], out);
	assert_expected(v, out, sizeof(out));
}

static void check_siphash(const struct vector *v)
{
	struct dt_siphash_key key = dt_siphash_key_read(v->fields[0].bytes);
	uint8_t out[8];

	write_le64(dt_siphash24(&key, v->fields[1].bytes, v->fields[1].len), out);
	assert_expected(v, out, sizeof(out));
	for (int way = 0; way < DT_SIPHASH_WAYS; way++)
		check_siphash_burst(v, &key, (enum dt_siphash_way)way);
}

static void should_hash_like_the_reference(void **state)
{
	(void)state;
	for_each("siphash", check_siphash);
}

static void should_hold_the_vector_printed_in_the_paper(void **state)
{
	struct dt_siphash_key key = test_key();
	uint8_t message[15];

	(void)state;
	for (unsigned int i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	assert_true(dt_siphash24(&key, message, sizeof(message)) == 0xa129ca6149be45e5ull);
}

static void check_derive(const struct vector *v)
{
	struct dt_siphash_key key = dt_siphash_key_read(v->fields[0].bytes);
	struct dt_siphash_key derived = dt_colour_derive_key(&key, (uint16_t)number(&v->fields[1]));
	uint8_t out[16];

	write_le64(derived.k0, out);
	write_le64(derived.k1, out + 8);
	assert_expected(v, out, sizeof(out));
}

static void should_derive_the_key_of_a_prober(void **state)
{
	(void)state;
	for_each("derive", check_derive);
}

static void check_mac(const struct vector *v)
{
	struct dt_siphash_key key = dt_siphash_key_read(v->fields[0].bytes);
	uint8_t out[8];

	assert_int_equal(v->fields[1].len, DT_COLOUR_SIGNED_BYTES);
	write_le64(dt_colour_mac(&key, v->fields[1].bytes, number(&v->fields[2]),
			   v->fields[3].bytes, v->fields[3].len, (uint16_t)number(&v->fields[4]),
			   (uint32_t)number(&v->fields[5])),
		out);
	assert_expected(v, out, sizeof(out));
}

static void should_compute_the_mac(void **state)
{
	(void)state;
	for_each("mac", check_mac);
}

static uint64_t mac_of_option(const struct vector *v, const uint8_t *signed_bytes)
{
	struct dt_siphash_key key = dt_siphash_key_read(v->fields[0].bytes);

	return dt_colour_mac(&key, signed_bytes, number(&v->fields[4]), v->fields[5].bytes,
		v->fields[5].len, (uint16_t)number(&v->fields[6]), (uint32_t)number(&v->fields[7]));
}

static void check_encode(const struct vector *v)
{
	struct dt_colour_option option = {
		.version = DT_COLOUR_VERSION,
		.flags = (uint8_t)number(&v->fields[1]),
		.prober_id = (uint16_t)number(&v->fields[2]),
		.probe_sequence = (uint32_t)number(&v->fields[3]),
	};
	uint8_t out[DT_COLOUR_BYTES];

	dt_colour_write(&option, out);
	option.mac = mac_of_option(v, out + 4);
	dt_colour_write(&option, out);
	assert_expected(v, out, sizeof(out));
}

static void should_encode_the_whole_option(void **state)
{
	(void)state;
	for_each("option", check_encode);
}

static void check_decode(const struct vector *v)
{
	const struct field *whole = &v->fields[v->count - 1];
	struct dt_colour_option option;

	assert_int_equal(dt_colour_find(whole->bytes, whole->len, &option), 1);
	assert_int_equal(option.version, DT_COLOUR_VERSION);
	assert_int_equal(option.flags, number(&v->fields[1]));
	assert_int_equal(option.prober_id, number(&v->fields[2]));
	assert_int_equal(option.probe_sequence, number(&v->fields[3]));
	assert_true(option.mac == mac_of_option(v, option.signed_bytes));
}

static void should_decode_and_verify_the_whole_option(void **state)
{
	(void)state;
	for_each("option", check_decode);
}

static void check_isn(const struct vector *v)
{
	struct dt_siphash_key key = dt_siphash_key_read(v->fields[0].bytes);
	uint32_t isn;
	uint8_t out[4];

	assert_int_equal(v->fields[1].len, v->fields[3].len);
	isn = dt_colour_isn(&key, v->fields[1].bytes, v->fields[3].bytes, v->fields[1].len,
		(uint16_t)number(&v->fields[2]), (uint16_t)number(&v->fields[4]),
		number(&v->fields[5]));
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(isn >> (24 - 8 * i));
	assert_expected(v, out, sizeof(out));
}

static void should_compute_the_initial_sequence_number(void **state)
{
	(void)state;
	for_each("isn", check_isn);
}

static struct dt_colour_option sealed(void)
{
	struct dt_siphash_key key = test_key();
	struct dt_colour_option option = {
		.version = DT_COLOUR_VERSION, .prober_id = 1, .probe_sequence = 7};
	uint8_t bytes[DT_COLOUR_BYTES];

	dt_colour_write(&option, bytes);
	memcpy(option.signed_bytes, bytes + 4, DT_COLOUR_SIGNED_BYTES);
	option.mac = dt_colour_mac(&key, option.signed_bytes, 100, source, 4, 20000, 42);
	return option;
}

static bool verifies(const struct dt_colour_option *o, struct dt_siphash_key key, uint64_t epoch,
	const uint8_t *address, uint16_t port, uint32_t sequence)
{
	return o->mac == dt_colour_mac(&key, o->signed_bytes, epoch, address, 4, port, sequence);
}

static void should_not_verify_when_any_authenticated_thing_changes(void **state)
{
	static const uint8_t other[4] = {10, 0, 0, 1};
	struct dt_siphash_key key = test_key();
	struct dt_colour_option o = sealed();
	uint8_t bytes[DT_COLOUR_BYTES];

	(void)state;
	assert_true(verifies(&o, key, 100, source, 20000, 42));
	assert_false(verifies(&o, dt_colour_derive_key(&key, 1), 100, source, 20000, 42));
	assert_false(verifies(&o, key, 101, source, 20000, 42));
	assert_false(verifies(&o, key, 100, other, 20000, 42));
	assert_false(verifies(&o, key, 100, source, 20001, 42));
	assert_false(verifies(&o, key, 100, source, 20000, 43));
	dt_colour_write(&o, bytes);
	for (unsigned int bit = 4 * 8; bit < DT_COLOUR_BYTES * 8; bit++) {
		uint8_t flipped[DT_COLOUR_BYTES];
		struct dt_colour_option forged;

		memcpy(flipped, bytes, sizeof(flipped));
		flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(dt_colour_find(flipped, sizeof(flipped), &forged), 1);
		assert_false(verifies(&forged, key, 100, source, 20000, 42));
	}
}

static void should_not_decode_another_option(void **state)
{
	struct dt_colour_option o = sealed(), out;
	uint8_t bytes[DT_COLOUR_BYTES + 4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		dt_colour_write(&o, bytes);
		bytes[i] ^= 1; // the length is 21 then, and there are as many bytes
		assert_int_equal(dt_colour_find(bytes, sizeof(bytes), &out), 0);
	}
	assert_int_equal(dt_colour_find(bytes, 0, &out), 0);
}

static void should_decode_what_it_encodes(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 1000; i++) {
		struct dt_colour_option in = {
			.version = (uint8_t)random(),
			.flags = (uint8_t)random(),
			.prober_id = (uint16_t)random(),
			.probe_sequence = (uint32_t)random() * 2 + (uint32_t)(random() & 1),
			.mac = (uint64_t)random() << 33 ^ (uint64_t)random(),
		};
		struct dt_colour_option out;
		uint8_t bytes[DT_COLOUR_BYTES];

		dt_colour_write(&in, bytes);
		assert_int_equal(dt_colour_find(bytes, sizeof(bytes), &out), 1);
		assert_int_equal(in.version, out.version);
		assert_int_equal(in.flags, out.flags);
		assert_int_equal(in.prober_id, out.prober_id);
		assert_int_equal(in.probe_sequence, out.probe_sequence);
		assert_true(in.mac == out.mac);
	}
}

static void should_find_the_colour_among_other_options(void **state)
{
	// MSS, NOP, somebody else's experiment, the colour, end, rubbish after the end
	uint8_t options[40] = {2, 4, 5, 180, 1, 253, 4, 0x12, 0x34};
	struct dt_colour_option o = sealed(), out;

	(void)state;
	dt_colour_write(&o, options + 9);
	options[29] = 0;
	options[30] = 253;
	options[31] = 255;
	assert_int_equal(dt_colour_find(options, sizeof(options), &out), 1);
	assert_int_equal(out.offset, 9);
	assert_int_equal(out.probe_sequence, 7);

	assert_true(dt_colour_erase(options, sizeof(options)));
	assert_int_equal(dt_colour_find(options, sizeof(options), &out), 0);
	for (int i = 9; i < 29; i++)
		assert_int_equal(options[i], 1);
	assert_int_equal(options[8], 0x34);
	for (int i = 29; i < 40; i++)
		assert_int_equal(options[i], 0);
	assert_false(dt_colour_erase(options, sizeof(options)));
}

static void should_erase_whatever_looks_like_a_colour(void **state)
{
	// shorter and longer than a colour, twice, somebody else's between
	uint8_t options[40] = {253, 4, 0x44, 0x59, 253, 6, 0x12, 0x34, 0x44, 0x59, 254, 4, 0x44,
		0x59, 253, 22, 0x44, 0x59};

	(void)state;
	options[38] = 0; // the end
	options[39] = 253;
	for (int i = 36; i < 38; i++)
		options[i] = 1;
	assert_true(dt_colour_erase(options, sizeof(options)));
	for (int i = 0; i < 4; i++)
		assert_int_equal(options[i], 1);
	assert_memory_equal(options + 4, "\xfd\x06\x12\x34\x44\x59\xfe\x04\x44\x59", 10);
	for (int i = 14; i < 38; i++)
		assert_int_equal(options[i], 1);
	assert_int_equal(options[38], 0);
	assert_int_equal(options[39], 0);
	assert_false(dt_colour_erase((uint8_t[]){253, 3, 0x44, 1}, 4)); // too short for an ExID
	assert_false(dt_colour_erase((uint8_t[]){253, 6, 0x44, 0x59}, 4));
}

static void should_refuse_options_that_contradict_themselves(void **state)
{
	struct dt_colour_option o = sealed(), out;
	uint8_t options[60] = {0};

	(void)state;
	assert_int_equal(dt_colour_find((uint8_t[]){253}, 1, &out), -EINVAL);
	assert_int_equal(dt_colour_find((uint8_t[]){253, 0}, 2, &out), -EINVAL);
	assert_int_equal(dt_colour_find((uint8_t[]){253, 1}, 2, &out), -EINVAL);
	assert_int_equal(dt_colour_find((uint8_t[]){253, 20, 0x44, 0x59}, 4, &out), -EINVAL);
	assert_int_equal(dt_colour_find((uint8_t[]){1, 1, 2, 5, 0, 0}, 6, &out), -EINVAL);
	dt_colour_write(&o, options);
	options[20] = 3; // after the colour
	options[21] = 255;
	assert_int_equal(dt_colour_find(options, 24, &out), -EINVAL);
	assert_true(out.present);
	assert_int_equal(out.probe_sequence, 7);
	assert_int_equal(dt_colour_find(options, 19, &out), -EINVAL);
	assert_false(out.present);
	assert_int_equal(dt_colour_find(options, sizeof(options), &out), -EINVAL);
}

static void should_take_every_hostile_option_list(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 200000; i++) {
		size_t len = (size_t)random() % 41;
		uint8_t *options = malloc(len + 1); // its end is guarded in the sanitizer build
		struct dt_colour_option out = {0};
		int ret;

		assert_non_null(options);
		options = realloc(options, len > 0 ? len : 1);
		for (size_t k = 0; k < len; k++) {
			static const uint8_t likely[] = {0, 1, 2, 3, 4, 20, 253, 0x44, 0x59, 40};

			options[k] = random() % 4 == 0 ? (uint8_t)random()
						       : likely[(size_t)random() % sizeof(likely)];
		}
		ret = dt_colour_find(options, len, &out);
		dt_colour_erase(options, len);
		assert_true(ret == 0 || ret == 1 || ret == -EINVAL);
		if (ret == 1)
			assert_true(out.offset + (size_t)DT_COLOUR_BYTES <= len);
		if (ret >= 0)
			assert_int_equal(dt_colour_find(options, len, &out), 0);
		free(options);
	}
}

#define SECOND_NS 1000000000ull
#define START_NS (1767225600ull * SECOND_NS)
#define EPOCH (1767225600ull / 30)

static bool accepts(uint64_t epoch, uint64_t now_ns)
{
	uint64_t first, last;

	dt_colour_epochs(now_ns, &first, &last);
	return first <= epoch && epoch <= last;
}

static void should_count_thirty_seconds_an_epoch(void **state)
{
	(void)state;
	assert_int_equal(dt_colour_epoch(START_NS), EPOCH);
	assert_int_equal(dt_colour_epoch(START_NS + 30 * SECOND_NS - 1), EPOCH);
	assert_int_equal(dt_colour_epoch(START_NS + 30 * SECOND_NS), EPOCH + 1);
}

static void should_accept_the_current_epoch_throughout(void **state)
{
	(void)state;
	for (unsigned int second = 0; second < 30; second++)
		assert_true(accepts(EPOCH, START_NS + second * SECOND_NS));
}

static void should_accept_the_epoch_before_for_two_seconds(void **state)
{
	(void)state;
	assert_true(accepts(EPOCH - 1, START_NS));
	assert_true(accepts(EPOCH - 1, START_NS + 2 * SECOND_NS - 1));
	assert_false(accepts(EPOCH - 1, START_NS + 2 * SECOND_NS));
}

static void should_accept_the_epoch_after_for_the_last_two_seconds(void **state)
{
	(void)state;
	assert_false(accepts(EPOCH + 1, START_NS + 28 * SECOND_NS - 1));
	assert_true(accepts(EPOCH + 1, START_NS + 28 * SECOND_NS));
	assert_true(accepts(EPOCH + 1, START_NS + 30 * SECOND_NS - 1));
}

static void should_accept_no_other_epoch(void **state)
{
	(void)state;
	for (unsigned int second = 0; second < 30; second++) {
		assert_false(accepts(EPOCH - 2, START_NS + second * SECOND_NS));
		assert_false(accepts(EPOCH + 2, START_NS + second * SECOND_NS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_hash_like_the_reference),
		cmocka_unit_test(should_hold_the_vector_printed_in_the_paper),
		cmocka_unit_test(should_derive_the_key_of_a_prober),
		cmocka_unit_test(should_compute_the_mac),
		cmocka_unit_test(should_encode_the_whole_option),
		cmocka_unit_test(should_decode_and_verify_the_whole_option),
		cmocka_unit_test(should_compute_the_initial_sequence_number),
		cmocka_unit_test(should_not_verify_when_any_authenticated_thing_changes),
		cmocka_unit_test(should_not_decode_another_option),
		cmocka_unit_test(should_decode_what_it_encodes),
		cmocka_unit_test(should_find_the_colour_among_other_options),
		cmocka_unit_test(should_erase_whatever_looks_like_a_colour),
		cmocka_unit_test(should_refuse_options_that_contradict_themselves),
		cmocka_unit_test(should_take_every_hostile_option_list),
		cmocka_unit_test(should_count_thirty_seconds_an_epoch),
		cmocka_unit_test(should_accept_the_current_epoch_throughout),
		cmocka_unit_test(should_accept_the_epoch_before_for_two_seconds),
		cmocka_unit_test(should_accept_the_epoch_after_for_the_last_two_seconds),
		cmocka_unit_test(should_accept_no_other_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
