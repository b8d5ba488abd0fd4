// SPDX-License-Identifier: Apache-2.0
//
// What a server does: a QUIC-LB connection id from its id and a nonce, as the draft's section 5.4.2
// describes it, in half bytes instead of masks.
#ifndef DYETRACE_TEST_QUIC_LB_ENCODE_H
#define DYETRACE_TEST_QUIC_LB_ENCODE_H

#include "../../main/c/packet/aes.h"
#include "../../main/c/packet/quic.h"

#include <string.h>

static inline void quic_lb_pass(const struct quic_lb_config *lb, uint8_t pass, int len,
	const uint8_t *from_nibbles, uint8_t *to_nibbles, bool from_left)
{
	uint8_t block[16] = {0};
	// A left half begins at a whole byte; a right one of an odd length in its middle.
	int from_skip = from_left ? 0 : len % 2, to_skip = from_left ? len % 2 : 0;

	for (int i = 0; i < len; i++)
		block[(i + from_skip) / 2] |=
			(uint8_t)(from_nibbles[i] << ((i + from_skip) % 2 ? 0 : 4));
	block[14] = (uint8_t)len;
	block[15] = pass;
	aes128_encrypt_portable(lb->round_keys, block, block);
	for (int i = 0; i < len; i++)
		to_nibbles[i] ^= block[(i + to_skip) / 2] >> ((i + to_skip) % 2 ? 0 : 4) & 0x0f;
}

// Returns the id's length.
static inline uint8_t quic_lb_encode(const struct quic_lb_config *lb, uint8_t rotation,
	const uint8_t *server_id, const uint8_t *nonce, uint8_t cid[20])
{
	int len = lb->server_id_bytes + lb->nonce_bytes;
	uint8_t nibbles[40];

	cid[0] = (uint8_t)(rotation << 5 | len);
	memcpy(cid + 1, server_id, lb->server_id_bytes);
	memcpy(cid + 1 + lb->server_id_bytes, nonce, lb->nonce_bytes);
	if (!lb->encrypted)
		return (uint8_t)(len + 1);
	if (len == 16) {
		aes128_encrypt_portable(lb->round_keys, cid + 1, cid + 1);
		return 17;
	}
	for (int i = 0; i < 2 * len; i++)
		nibbles[i] = cid[1 + i / 2] >> (i % 2 ? 0 : 4) & 0x0f;
	quic_lb_pass(lb, 1, len, nibbles, nibbles + len, true);
	quic_lb_pass(lb, 2, len, nibbles + len, nibbles, false);
	quic_lb_pass(lb, 3, len, nibbles, nibbles + len, true);
	quic_lb_pass(lb, 4, len, nibbles + len, nibbles, false);
	for (int i = 0; i < len; i++)
		cid[1 + i] = (uint8_t)(nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
	return (uint8_t)(len + 1);
}

#endif
