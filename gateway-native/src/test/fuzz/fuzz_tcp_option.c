// SPDX-License-Identifier: Apache-2.0
//
// Any options: the colour is found and erased, the MSS lowered and the client told, and the
// checksum stays what one made anew would be.
//
//   0 mode: bit 0 IPv6 client | 1 MSS to clamp to | 3 TCP flags | 4 words of options | 5 client |
//   21 options and payload
#include "fuzz.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/colour.h"
#include "../../main/c/packet/tcp_option.h"

enum { GROWTH_MAX = 20, LIST_BYTES = 40 };

static uint16_t sum_of(const uint8_t *tcp, size_t len)
{
	struct ip_address source = ip_from_v4(htonl(0xc6336407)),
			  destination = ip_from_v4(htonl(0xc0000250));

	return checksum_transport(&source, &destination, PROTOCOL_TCP, tcp, len);
}

static bool is_toa(const uint8_t *option, size_t len)
{
	return option[0] == TOA_KIND && (len == TOA_V4_BYTES || len == TOA_V6_BYTES);
}

// What a receiver reads: the options but NOPs, up to the end of the list or the first broken one.
struct list {
	uint8_t bytes[LIST_BYTES]; // without TOAs
	size_t len;
	uint8_t toa[TOA_V6_BYTES];
	size_t toas;
	uint16_t largest_mss;
};

static struct list read_options(const uint8_t *tcp, size_t header_len)
{
	struct list list = {.len = 0};
	size_t at = TCP_MIN_BYTES;

	while (at < header_len && tcp[at] != 0) {
		size_t len;

		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (header_len - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > header_len - at)
			break;
		len = tcp[at + 1];
		if (is_toa(tcp + at, len)) {
			memcpy(list.toa, tcp + at, len);
			list.toas++;
		} else {
			memcpy(list.bytes + list.len, tcp + at, len);
			list.len += len;
		}
		if (tcp[at] == 2 && len == 4 && load_be16(tcp + at + 2) > list.largest_mss)
			list.largest_mss = load_be16(tcp + at + 2);
		at += len;
	}
	return list;
}

static void check_colour(const uint8_t *options, size_t len)
{
	uint8_t *copy = copy_of(options, len);
	struct dt_colour_option found;

	if (dt_colour_find(copy, len, &found) == 1) {
		CHECK(found.present && (size_t)found.offset + DT_COLOUR_BYTES <= len);
		CHECK(dt_colour_erase(copy, len));
	} else {
		dt_colour_erase(copy, len);
	}
	CHECK(dt_colour_find(copy, len, &found) != 1 && !found.present);
	CHECK(!dt_colour_erase(copy, len));
	free(copy);
}

static void check_clamp(uint8_t *tcp, size_t header_len, size_t len, uint16_t max)
{
	struct list before = read_options(tcp, header_len), after;
	bool lowered = tcp_clamp_mss(tcp, header_len, max);

	after = read_options(tcp, header_len);
	CHECK(sum_of(tcp, len) == 0);
	CHECK(before.len == after.len);
	CHECK(lowered == ((tcp[TCP_FLAGS] & TCP_SYN) && before.largest_mss > max));
	CHECK(after.largest_mss == (lowered ? max : before.largest_mss));
}

static void check_toa(const uint8_t *tcp, size_t header_len, size_t len,
	const struct ip_address *client, uint16_t port)
{
	int growth = toa_growth(tcp, header_len, client);
	struct list before = read_options(tcp, header_len), after;
	size_t new_header_len, new_len;
	uint64_t delta;
	uint8_t *grown;

	if (growth < 0) {
		CHECK(header_len + (ip_is_v4(client) ? TOA_V4_BYTES : TOA_V6_BYTES) >
			TCP_MAX_BYTES);
		return;
	}
	CHECK(growth % 4 == 0 && growth <= GROWTH_MAX);
	new_header_len = header_len + (size_t)growth;
	new_len = len + (size_t)growth;
	CHECK(new_header_len <= TCP_MAX_BYTES);
	grown = block(new_len);
	memcpy(grown, tcp, header_len);
	memset(grown + header_len, 0xaa, (size_t)growth);
	memcpy(grown + new_header_len, tcp + header_len, len - header_len);
	delta = toa_insert(grown, header_len, (unsigned int)growth, client, port) +
		checksum_delta16(htons((uint16_t)len), htons((uint16_t)new_len));
	store_raw16(grown + TCP_CHECKSUM,
		checksum_apply(load_raw16(grown + TCP_CHECKSUM), checksum_fold(delta)));
	after = read_options(grown, new_header_len);
	CHECK(sum_of(grown, new_len) == 0);
	CHECK(grown[TCP_DATA_OFFSET] >> 4 == new_header_len / 4);
	CHECK(after.toas == 1 && load_be16(after.toa + 2) == port);
	CHECK(memcmp(after.toa + 4, ip_is_v4(client) ? client->bytes + 12 : client->bytes,
		      (size_t)after.toa[1] - 4) == 0);
	CHECK(after.len == before.len && memcmp(after.bytes, before.bytes, after.len) == 0);
	CHECK(len == header_len ||
		memcmp(grown + new_header_len, tcp + header_len, len - header_len) == 0);
	free(grown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in);
	uint16_t max = take16(&in);
	uint8_t flags = take8(&in);
	size_t header_len = TCP_MIN_BYTES + (size_t)(take8(&in) % 11) * 4, len;
	struct ip_address client;
	uint8_t *tcp;

	take_bytes(&in, &client, sizeof(client));
	if (!(mode & 1))
		client = ip_from_v4(client.words[0]);
	if (in.left > 1500 || header_len - TCP_MIN_BYTES > in.left)
		return 0;
	len = TCP_MIN_BYTES + in.left;
	tcp = block(len);
	memset(tcp, 0, TCP_MIN_BYTES);
	store_be16(tcp, 40000);
	store_be16(tcp + 2, 443);
	tcp[TCP_DATA_OFFSET] = (uint8_t)(header_len / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	if (in.left)
		memcpy(tcp + TCP_MIN_BYTES, in.at, in.left);
	store_raw16(tcp + TCP_CHECKSUM, sum_of(tcp, len));
	check_colour(tcp + TCP_MIN_BYTES, header_len - TCP_MIN_BYTES);
	check_clamp(tcp, header_len, len, max);
	check_toa(tcp, header_len, len, &client, max);
	free(tcp);
	return 0;
}
