// SPDX-License-Identifier: Apache-2.0
#include "quic.h"

#include "aes.h"
#include "bytes.h"

enum {
	LONG_HEADER = 0x80,
	TYPE_MASK = 0x30,
	CID_LEN_OFFSET = 5,
	CID_OFFSET = 6,
	CID_MAX_BYTES = 20,
	KATRAN_CID_BYTES = 8, // it reads no shorter ones
};

// The types whose destination id the client has chosen. QUIC 2 renumbered them (RFC 9369, 3.2).
enum { INITIAL_1 = 0x00, ZERO_RTT_1 = 0x10, INITIAL_2 = 0x10, ZERO_RTT_2 = 0x20 };

enum version { VERSION_UNKNOWN, VERSION_1, VERSION_2 };

// Drafts and Meta's mvfst have version 1's types.
static enum version version_of(uint32_t number)
{
	if (number == 0x6b3343cf)
		return VERSION_2;
	if (number == 1 || number >> 8 == 0xff0000 || number >> 8 == 0xfaceb0)
		return VERSION_1;
	return VERSION_UNKNOWN;
}

static bool client_has_chosen(enum version version, uint8_t first)
{
	uint8_t type = first & TYPE_MASK;

	if (version == VERSION_2)
		return type == INITIAL_2 || type == ZERO_RTT_2;
	return type == INITIAL_1 || type == ZERO_RTT_1;
}

// One set of numbers, whichever layout carries them.
static enum quic_outcome set_katran(struct quic_server_id *id, uint32_t value)
{
	if (value == 0) // nobody's, as in Katran
		return QUIC_NO_SERVER;
	id->len = QUIC_KATRAN_ID_BYTES;
	store_be32(id->bytes, value);
	return QUIC_SERVER;
}

static enum quic_outcome read_katran(const uint8_t *cid, struct quic_server_id *id)
{
	switch (cid[0] >> 6) {
	case 1:
		return set_katran(
			id, (uint32_t)(cid[0] & 0x3f) << 10 | (uint32_t)cid[1] << 2 | cid[2] >> 6);
	case 2:
		return set_katran(id, load_be32(cid) & 0xffffff);
	case 3:
		return set_katran(id, load_be32(cid + 1));
	default:
		return QUIC_NO_SERVER;
	}
}

// The two halves of an encrypted block. Of an odd length they share the middle byte: the left one
// has its high bits.
struct halves {
	uint8_t left[CID_MAX_BYTES / 2];
	uint8_t right[CID_MAX_BYTES / 2];
};

static void feistel(const struct quic_lb_config *lb, uint8_t len, uint8_t pass, const uint8_t *from,
	uint8_t *to)
{
	uint8_t block[16] = {0}, half = (uint8_t)((len + 1) / 2);

	memcpy(block, from, half);
	block[14] = len;
	block[15] = pass;
	aes128_encrypt(lb->round_keys, block, block);
	for (int i = 0; i < half; i++)
		to[i] ^= block[i];
}

static void trim(struct halves *halves, uint8_t len)
{
	if (len % 2 == 0)
		return;
	halves->left[len / 2] &= 0xf0;
	halves->right[0] &= 0x0f;
}

// The first pass is undone last, and only for a server id that is longer than the left half.
static void decrypt_four_passes(
	const struct quic_lb_config *lb, const uint8_t *cipher, uint8_t len, uint8_t *plain)
{
	uint8_t half = (uint8_t)((len + 1) / 2);
	struct halves h;

	memcpy(h.left, cipher, half);
	memcpy(h.right, cipher + len - half, half);
	trim(&h, len);
	for (uint8_t pass = 4; pass >= 1; pass--) {
		if (pass == 1 && lb->server_id_bytes <= len / 2)
			break;
		feistel(lb, len, pass, pass % 2 ? h.left : h.right, pass % 2 ? h.right : h.left);
		trim(&h, len);
	}
	memcpy(plain, h.left, half);
	if (len % 2)
		plain[len / 2] |= h.right[0];
	memcpy(plain + half, h.right + len % 2, len / 2);
}

static const struct quic_lb_config *lb_config(const struct quic_config *config, uint8_t first)
{
	unsigned int rotation = first >> 5;
	const struct quic_lb_config *lb;

	if (rotation >= QUIC_LB_CONFIGS)
		return NULL;
	lb = &config->lb[rotation];
	if (!lb->used || lb->server_id_bytes == 0 ||
		lb->server_id_bytes > QUIC_MAX_SERVER_ID_BYTES || lb->nonce_bytes < 4 ||
		lb->server_id_bytes + lb->nonce_bytes >= CID_MAX_BYTES)
		return NULL;
	return lb;
}

static void read_lb(const struct quic_lb_config *lb, const uint8_t *cid, struct quic_server_id *id)
{
	uint8_t len = (uint8_t)(lb->server_id_bytes + lb->nonce_bytes), plain[CID_MAX_BYTES];

	if (!lb->encrypted)
		memcpy(plain, cid + 1, len);
	else if (len == 16)
		aes128_decrypt(lb->decrypt_keys, cid + 1, plain);
	else
		decrypt_four_passes(lb, cid + 1, len, plain);
	id->len = lb->server_id_bytes;
	memcpy(id->bytes, plain, id->len);
}

// len: bytes that may belong to the id. too_short: the answer when they cannot hold one.
static enum quic_outcome read_cid(const uint8_t *cid, size_t len, enum quic_outcome too_short,
	const struct quic_config *config, struct quic_server_id *id)
{
	const struct quic_lb_config *lb;

	switch (config->layout) {
	case QUIC_LAYOUT_KATRAN:
		return len < KATRAN_CID_BYTES ? too_short : read_katran(cid, id);
	case QUIC_LAYOUT_LB:
		if (len == 0)
			return too_short;
		lb = lb_config(config, cid[0]);
		if (lb == NULL)
			return QUIC_NO_SERVER;
		if (len < 1u + lb->server_id_bytes + lb->nonce_bytes)
			return too_short;
		read_lb(lb, cid, id);
		return QUIC_SERVER;
	default:
		return QUIC_NO_SERVER;
	}
}

// The ids of a version that nobody knows may be the client's own, whatever the type bits are.
static enum quic_outcome read_long(const uint8_t *payload, size_t len,
	const struct quic_config *config, struct quic_server_id *id)
{
	enum version version;
	size_t cid_len;

	if (len <= CID_LEN_OFFSET)
		return QUIC_MALFORMED;
	version = version_of(load_be32(payload + 1));
	cid_len = payload[CID_LEN_OFFSET];
	if (len - CID_OFFSET <= cid_len) // the source's length follows
		return QUIC_MALFORMED;
	if (len - CID_OFFSET - cid_len - 1 < payload[CID_OFFSET + cid_len])
		return QUIC_MALFORMED;
	if (version == VERSION_UNKNOWN)
		return QUIC_NO_SERVER;
	// The fixed bit may have any value (RFC 9287).
	if (cid_len > CID_MAX_BYTES || payload[CID_OFFSET + cid_len] > CID_MAX_BYTES)
		return QUIC_MALFORMED;
	if (client_has_chosen(version, payload[0]))
		return QUIC_NO_SERVER;
	return read_cid(payload + CID_OFFSET, cid_len, QUIC_NO_SERVER, config, id);
}

enum quic_outcome quic_read(const uint8_t *payload, size_t len, const struct quic_config *config,
	struct quic_server_id *server_id)
{
	*server_id = (struct quic_server_id){0};
	if (len == 0)
		return QUIC_MALFORMED;
	if (payload[0] & LONG_HEADER)
		return read_long(payload, len, config, server_id);
	return read_cid(payload + 1, len - 1, QUIC_MALFORMED, config, server_id);
}

void quic_lb_set_key(struct quic_lb_config *config, const uint8_t key[16])
{
	aes128_expand(key, config->round_keys, config->decrypt_keys);
	config->encrypted = true;
}
