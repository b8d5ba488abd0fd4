// SPDX-License-Identifier: Apache-2.0
#include "colour.h"

#include <errno.h>
#include <string.h>

enum { TCP_OPTION_END = 0, TCP_OPTION_NOP = 1, TCP_OPTION_TOA = 254 };

static inline uint16_t read_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t read_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint8_t *write_be(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

static inline uint8_t *write_bytes(uint8_t *p, const uint8_t *from, size_t len)
{
	memcpy(p, from, len);
	return p + len;
}

static void parse(const uint8_t *option, size_t offset, struct dt_colour_option *out)
{
	out->present = true;
	out->offset = (uint8_t)offset;
	out->version = option[4];
	out->flags = option[5];
	out->prober_id = read_be16(option + 6);
	out->probe_sequence = read_be32(option + 8);
	memcpy(out->signed_bytes, option + 4, DT_COLOUR_SIGNED_BYTES);
	out->mac = 0;
	for (int i = 7; i >= 0; i--)
		out->mac = out->mac << 8 | option[12 + i];
}

static inline bool looks_like_colour(const uint8_t *option, size_t option_len)
{
	return option[0] == DT_COLOUR_KIND && option_len >= 4 &&
	       read_be16(option + 2) == DT_COLOUR_EXID;
}

// 1: it is the first colour.
static int note_experiment(const uint8_t *option, size_t offset, size_t option_len, bool first,
	struct dt_colour_option *out)
{
	if (option[0] == TCP_OPTION_TOA)
		out->to_erase |= DT_COLOUR_ERASE_TOA;
	if (!looks_like_colour(option, option_len))
		return 0;
	out->to_erase |= DT_COLOUR_ERASE_COLOUR;
	if (!first || option_len != DT_COLOUR_BYTES)
		return 0;
	parse(option, offset, out);
	return 1;
}

int dt_colour_find(const uint8_t *options, size_t len, struct dt_colour_option *out)
{
	int found = 0;
	size_t i = 0;

	out->present = false;
	out->to_erase = 0;
	if (len > 40) // a TCP header has no room for more
		return -EINVAL;
	while (i < len && options[i] != TCP_OPTION_END) {
		size_t option_len;

		if (options[i] == TCP_OPTION_NOP) {
			i++;
			continue;
		}
		if (len - i < 2)
			return -EINVAL;
		option_len = options[i + 1];
		if (option_len < 2 || option_len > len - i)
			return -EINVAL;
		// Both experimental kinds, in one step for all that are neither.
		if (options[i] >= DT_COLOUR_KIND)
			found |= note_experiment(options + i, i, option_len, !found, out);
		i += option_len;
	}
	for (; i < len; i++)
		out->to_erase |= options[i] != 0 ? DT_COLOUR_ERASE_COLOUR : 0;
	return found;
}

bool dt_colour_erase(uint8_t *options, size_t len)
{
	bool changed = false;
	size_t i = 0;

	while (i < len && options[i] != TCP_OPTION_END) {
		size_t option_len = 1;

		if (options[i] != TCP_OPTION_NOP) {
			option_len = len - i < 2 ? 0 : options[i + 1];
			if (option_len < 2 || option_len > len - i)
				return changed;
			if (looks_like_colour(options + i, option_len)) {
				memset(options + i, TCP_OPTION_NOP, option_len);
				changed = true;
			}
		}
		i += option_len;
	}
	for (; i < len; i++) {
		changed = changed || options[i] != 0;
		options[i] = 0;
	}
	return changed;
}

void dt_colour_write(const struct dt_colour_option *option, uint8_t out[DT_COLOUR_BYTES])
{
	out[0] = DT_COLOUR_KIND;
	out[1] = DT_COLOUR_BYTES;
	write_be(out + 2, DT_COLOUR_EXID, 2);
	out[4] = option->version;
	out[5] = option->flags;
	write_be(out + 6, option->prober_id, 2);
	write_be(out + 8, option->probe_sequence, 4);
	for (int i = 0; i < 8; i++)
		out[12 + i] = (uint8_t)(option->mac >> (8 * i));
}

struct dt_siphash_key dt_colour_derive_key(const struct dt_siphash_key *key, uint16_t prober_id)
{
	uint8_t message[3];
	struct dt_siphash_key derived;

	write_be(message, prober_id, 2);
	message[2] = 1;
	derived.k0 = dt_siphash24(key, message, sizeof(message));
	message[2] = 2;
	derived.k1 = dt_siphash24(key, message, sizeof(message));
	return derived;
}

void dt_colour_epochs(uint64_t now_ns, uint64_t *first, uint64_t *last)
{
	uint64_t epoch = dt_colour_epoch(now_ns);
	uint64_t into_ns = now_ns - epoch * DT_COLOUR_EPOCH_NS;

	*first = into_ns < DT_COLOUR_EPOCH_SLACK_NS && epoch > 0 ? epoch - 1 : epoch;
	*last = into_ns >= DT_COLOUR_EPOCH_NS - DT_COLOUR_EPOCH_SLACK_NS ? epoch + 1 : epoch;
}

uint64_t dt_colour_mac(const struct dt_siphash_key *derived_key,
	const uint8_t signed_bytes[DT_COLOUR_SIGNED_BYTES], uint64_t epoch, const uint8_t *source,
	size_t address_len, uint16_t source_port, uint32_t syn_sequence)
{
	uint64_t words[5];
	size_t len = dt_colour_message(
		words, signed_bytes, epoch, source, address_len, source_port, syn_sequence);

	return dt_siphash24_words(derived_key, words, len);
}

uint32_t dt_colour_isn(const struct dt_siphash_key *derived_key, const uint8_t *prober,
	const uint8_t *vip, size_t address_len, uint16_t prober_port, uint16_t vip_port,
	uint64_t epoch)
{
	size_t bytes = address_len == 16 ? 16 : 4;
	uint8_t message[16 + 2 + 16 + 2 + 8];
	uint8_t *p = message;

	p = write_bytes(p, prober, bytes);
	p = write_be(p, prober_port, 2);
	p = write_bytes(p, vip, bytes);
	p = write_be(p, vip_port, 2);
	p = write_be(p, epoch, 8);
	return (uint32_t)dt_siphash24(derived_key, message, (size_t)(p - message));
}
