// SPDX-License-Identifier: Apache-2.0
//
// Any datagram under any configuration; and an id that a server has made is read back.
//
//   0 mode: bit 0 encode, bits 1 and 2 layout, bit 3 with a key, bits 5 to 7 rotation | 1 server
//   id's and nonce's length, four bits each | 2 key | 18 the datagram, or server id and nonce
#include "fuzz.h"

#include "../c/quic_lb_encode.h"

enum { MODE_ENCODE = 1, MODE_KEY = 8 };

static void read_any(struct input *in, const struct quic_config *config)
{
	uint8_t *payload = copy_of(in->at, in->left);
	struct quic_server_id id;
	enum quic_outcome outcome = quic_read(payload, in->left, config, &id);

	CHECK(outcome <= QUIC_MALFORMED);
	CHECK(outcome != QUIC_MALFORMED || in->left < 1 + 20 || (payload[0] & 0x80));
	CHECK((id.len != 0) == (outcome == QUIC_SERVER));
	CHECK(id.len <= QUIC_MAX_SERVER_ID_BYTES);
	CHECK(outcome != QUIC_SERVER || config->layout != QUIC_LAYOUT_KATRAN ||
		(id.len >= 2 && id.len <= 4));
	CHECK(outcome != QUIC_SERVER || config->layout != QUIC_LAYOUT_NONE);
	free(payload);
}

static void encode_and_read(struct input *in, const struct quic_config *config, uint8_t rotation)
{
	const struct quic_lb_config *lb = &config->lb[rotation];
	uint8_t server_id[QUIC_MAX_SERVER_ID_BYTES], nonce[18], cid[20], cid_len, *packet;
	struct quic_server_id id;

	take_bytes(in, server_id, sizeof(server_id));
	take_bytes(in, nonce, sizeof(nonce));
	cid_len = quic_lb_encode(lb, rotation, server_id, nonce, cid);
	packet = block(1u + cid_len);
	packet[0] = 0x40;
	memcpy(packet + 1, cid, cid_len);
	CHECK(quic_read(packet, 1u + cid_len, config, &id) == QUIC_SERVER);
	CHECK(id.len == lb->server_id_bytes && memcmp(id.bytes, server_id, id.len) == 0);
	CHECK(quic_read(packet, cid_len, config, &id) == QUIC_MALFORMED);
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in), lengths = take8(&in), key[16];
	uint8_t rotation = (uint8_t)((mode >> 5) % QUIC_LB_CONFIGS);
	struct quic_config config = {.layout = (uint8_t)((mode >> 1 & 3) % 3)};
	struct quic_lb_config *lb = &config.lb[rotation];

	lb->used = true;
	lb->server_id_bytes = lengths & 0x0f;
	lb->nonce_bytes = (uint8_t)(4 + (lengths >> 4));
	take_bytes(&in, key, sizeof(key));
	if (mode & MODE_KEY)
		quic_lb_set_key(lb, key);
	if (!(mode & MODE_ENCODE)) {
		read_any(&in, &config);
	} else if (lb->server_id_bytes != 0 && lb->server_id_bytes + lb->nonce_bytes <= 19) {
		config.layout = QUIC_LAYOUT_LB;
		encode_and_read(&in, &config, rotation);
	}
	return 0;
}
