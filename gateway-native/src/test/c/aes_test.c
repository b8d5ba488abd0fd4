// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/packet/aes.h"

#include <stdlib.h>
#include <string.h>

// FIPS 197, appendices B and C.1.
static const struct {
	uint8_t key[17];
	uint8_t plain[17];
	uint8_t cipher[17];
} vectors[] = {
	{"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c",
		"\x32\x43\xf6\xa8\x88\x5a\x30\x8d\x31\x31\x98\xa2\xe0\x37\x07\x34",
		"\x39\x25\x84\x1d\x02\xdc\x09\xfb\xdc\x11\x85\x97\x19\x6a\x0b\x32"},
	{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
		"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
		"\x69\xc4\xe0\xd8\x6a\x7b\x04\x30\xd8\xcd\xb7\x80\x70\xb4\xc5\x5a"},
};

static void should_agree_with_the_standard(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t keys[AES128_KEYS_BYTES], decrypt_keys[AES128_KEYS_BYTES], out[16];

		aes128_expand(vectors[i].key, keys, decrypt_keys);
		aes128_encrypt(keys, vectors[i].plain, out);
		assert_memory_equal(out, vectors[i].cipher, 16);
		aes128_decrypt(decrypt_keys, out, out);
		assert_memory_equal(out, vectors[i].plain, 16);
		aes128_encrypt_portable(keys, vectors[i].plain, out);
		assert_memory_equal(out, vectors[i].cipher, 16);
		aes128_decrypt_portable(decrypt_keys, out, out);
		assert_memory_equal(out, vectors[i].plain, 16);
	}
}

static void should_agree_with_and_without_the_processors_help(void **state)
{
	(void)state;
	srand(1);
	for (int n = 0; n < 10000; n++) {
		uint8_t keys[AES128_KEYS_BYTES], decrypt_keys[AES128_KEYS_BYTES];
		uint8_t key[16], plain[16], a[16], b[16];

		for (int i = 0; i < 16; i++) {
			key[i] = (uint8_t)rand();
			plain[i] = (uint8_t)rand();
		}
		aes128_expand(key, keys, decrypt_keys);
		aes128_encrypt(keys, plain, a);
		aes128_encrypt_portable(keys, plain, b);
		assert_memory_equal(a, b, 16);
		aes128_decrypt(decrypt_keys, a, a);
		assert_memory_equal(a, plain, 16);
		aes128_decrypt_portable(decrypt_keys, b, b);
		assert_memory_equal(b, plain, 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_agree_with_the_standard),
		cmocka_unit_test(should_agree_with_and_without_the_processors_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
