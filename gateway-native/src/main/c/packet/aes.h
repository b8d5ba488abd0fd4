// SPDX-License-Identifier: Apache-2.0
//
// AES-128 (FIPS 197), one block at a time: QUIC-LB needs no more. With the processor's instructions
// where it has them.
#ifndef DYETRACE_AES_H
#define DYETRACE_AES_H

#include <stdint.h>

enum { AES128_ROUNDS = 10, AES128_KEYS_BYTES = (AES128_ROUNDS + 1) * 16 };

// decrypt_keys: of the equivalent inverse cipher (FIPS 197, 5.3.5), the last round first.
void aes128_expand(const uint8_t key[16], uint8_t round_keys[AES128_KEYS_BYTES],
	uint8_t decrypt_keys[AES128_KEYS_BYTES]);

// in and out may be the same.
void aes128_encrypt(
	const uint8_t round_keys[AES128_KEYS_BYTES], const uint8_t in[16], uint8_t out[16]);
void aes128_decrypt(
	const uint8_t decrypt_keys[AES128_KEYS_BYTES], const uint8_t in[16], uint8_t out[16]);

// What the two above do without the processor's help. Their tables are read by secret indices.
void aes128_encrypt_portable(
	const uint8_t round_keys[AES128_KEYS_BYTES], const uint8_t in[16], uint8_t out[16]);
void aes128_decrypt_portable(
	const uint8_t decrypt_keys[AES128_KEYS_BYTES], const uint8_t in[16], uint8_t out[16]);

#endif
