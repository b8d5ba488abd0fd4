// SPDX-License-Identifier: Apache-2.0
#include "tcp_option.h"

#include "bytes.h"
#include "checksum.h"

#include <errno.h>

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_MSS_BYTES = 4 };

// Where the next option ends; 0: it is broken, or the list has ended.
static size_t option_end(const uint8_t *tcp, size_t at, size_t header_len)
{
	size_t len;

	if (tcp[at] == OPTION_END)
		return 0;
	if (tcp[at] == OPTION_NOP)
		return at + 1;
	len = header_len - at < 2 ? 0 : tcp[at + 1];
	return len < 2 || len > header_len - at ? 0 : at + len;
}

static bool is_header(const uint8_t *tcp, size_t header_len)
{
	return header_len >= TCP_MIN_BYTES && header_len <= TCP_MAX_BYTES &&
	       tcp[TCP_DATA_OFFSET] >> 4 == header_len / 4;
}

// At an odd offset the two bytes lie in two words of the sum, each in the other half.
static uint64_t delta_at(size_t at, uint16_t old_raw, uint16_t new_raw)
{
	if (at % 2 == 0)
		return checksum_delta16(old_raw, new_raw);
	return checksum_delta16(
		(uint16_t)(old_raw >> 8 | old_raw << 8), (uint16_t)(new_raw >> 8 | new_raw << 8));
}

bool tcp_clamp_mss(uint8_t *tcp, size_t header_len, uint16_t max)
{
	uint64_t delta = 0;
	bool lowered = false;

	if (!is_header(tcp, header_len) || !(tcp[TCP_FLAGS] & TCP_SYN))
		return false;
	for (size_t at = TCP_MIN_BYTES, end; at < header_len; at = end) {
		end = option_end(tcp, at, header_len);
		if (end == 0)
			break;
		if (tcp[at] != OPTION_MSS || end - at != OPTION_MSS_BYTES ||
			load_be16(tcp + at + 2) <= max)
			continue;
		delta += delta_at(at, load_raw16(tcp + at + 2), htons(max));
		store_be16(tcp + at + 2, max);
		lowered = true;
	}
	if (lowered)
		store_raw16(tcp + TCP_CHECKSUM,
			checksum_apply(load_raw16(tcp + TCP_CHECKSUM), checksum_fold(delta)));
	return lowered;
}

static size_t toa_bytes(const struct ip_address *client)
{
	return ip_is_v4(client) ? TOA_V4_BYTES : TOA_V6_BYTES;
}

// A TOA that the client sent itself: the server would believe it.
static bool is_toa(const uint8_t *option, size_t len)
{
	return option[0] == TOA_KIND && (len == TOA_V4_BYTES || len == TOA_V6_BYTES);
}

struct run {
	size_t at;
	size_t len;
};

static struct run longer(struct run a, struct run b)
{
	return b.len > a.len ? b : a;
}

// The longest run of bytes that mean nothing, in front of the first broken option. Without one: of
// no bytes, in front of all options.
static struct run longest_padding(const uint8_t *tcp, size_t header_len)
{
	struct run best = {.at = TCP_MIN_BYTES}, run = best;
	size_t at = TCP_MIN_BYTES;

	while (at < header_len && tcp[at] != OPTION_END) {
		size_t end = option_end(tcp, at, header_len);

		if (end == 0)
			return longer(best, run);
		if (tcp[at] == OPTION_NOP || is_toa(tcp + at, end - at)) {
			run.len += end - at;
		} else {
			best = longer(best, run);
			run = (struct run){.at = end};
		}
		at = end;
	}
	run.len += header_len - at;
	return longer(best, run);
}

static unsigned int missing_bytes(size_t need, size_t have)
{
	return have >= need ? 0 : (unsigned int)((need - have + 3) / 4 * 4);
}

int toa_growth(const uint8_t *tcp, size_t header_len, const struct ip_address *client)
{
	unsigned int growth;

	if (!is_header(tcp, header_len))
		return -ENOSPC;
	growth = missing_bytes(toa_bytes(client), longest_padding(tcp, header_len).len);
	return header_len + growth > TCP_MAX_BYTES ? -ENOSPC : (int)growth;
}

static void write_toa(uint8_t *option, const struct ip_address *client, uint16_t client_port)
{
	option[0] = TOA_KIND;
	option[1] = (uint8_t)toa_bytes(client);
	store_be16(option + 2, client_port);
	if (ip_is_v4(client))
		store_raw32(option + 4, ip_v4(client));
	else
		memcpy(option + 4, client->bytes, sizeof(client->bytes));
}

static void erase_toas(uint8_t *tcp, size_t header_len)
{
	for (size_t at = TCP_MIN_BYTES, end; at < header_len; at = end) {
		end = option_end(tcp, at, header_len);
		if (end == 0)
			return;
		if (is_toa(tcp + at, end - at))
			memset(tcp + at, OPTION_NOP, end - at);
	}
}

void toa_erase(uint8_t *tcp, size_t header_len)
{
	uint16_t before, after;

	if (!is_header(tcp, header_len))
		return;
	before = checksum_fold(checksum_add(0, tcp, header_len));
	erase_toas(tcp, header_len);
	after = checksum_fold(checksum_add(0, tcp, header_len));
	store_raw16(tcp + TCP_CHECKSUM, checksum_apply(load_raw16(tcp + TCP_CHECKSUM),
						checksum_fold(checksum_delta16(before, after))));
}

uint64_t toa_insert(uint8_t *tcp, size_t header_len, unsigned int growth,
	const struct ip_address *client, uint16_t client_port)
{
	size_t new_len = header_len + growth, tail;
	struct run run;
	uint16_t old_sum;

	if (!is_header(tcp, header_len) || growth % 4 != 0 || new_len > TCP_MAX_BYTES)
		return 0;
	run = longest_padding(tcp, header_len);
	if (run.len + growth < toa_bytes(client))
		return 0;
	old_sum = checksum_fold(checksum_add(0, tcp, header_len));
	erase_toas(tcp, header_len);
	tail = run.at + run.len;
	memmove(tcp + tail + growth, tcp + tail, header_len - tail);
	memset(tcp + run.at, OPTION_NOP, run.len + growth);
	write_toa(tcp + run.at, client, client_port);
	tcp[TCP_DATA_OFFSET] = (uint8_t)((tcp[TCP_DATA_OFFSET] & 0x0f) | (new_len / 4) << 4);
	return checksum_add((uint16_t)~old_sum, tcp, new_len);
}
