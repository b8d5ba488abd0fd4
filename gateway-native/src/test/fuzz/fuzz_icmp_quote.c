// SPDX-License-Identifier: Apache-2.0
//
// Any ICMP error: what it quotes lies within it, and told again, in either family, it is a right
// packet that quotes what it was told to.
//
//   0 mode: bit 0 told over IPv6 | 1 ends of addresses | 9 ports | 13 the packet
#include "fuzz.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/icmp_quote.h"

static void repair(uint8_t *packet, size_t len)
{
	size_t header_len = len < IPV4_MIN_BYTES ? 0 : (size_t)(packet[0] & 0x0f) * 4;

	if (header_len < IPV4_MIN_BYTES || header_len > len || packet[0] >> 4 != 4)
		return;
	store_raw16(packet + IPV4_CHECKSUM, 0);
	store_raw16(packet + IPV4_CHECKSUM, checksum(packet, header_len));
}

static struct ip_address take_address(struct input *in, bool is_v6)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8}};

	if (!is_v6)
		return ip_from_v4(htonl(0x0a000000 | take16(in)));
	take_bytes(in, a.bytes + 14, 2);
	return a;
}

static bool sum_is_right(const uint8_t *packet, const struct packet_view *view)
{
	const uint8_t *icmp = packet + view->l4_offset;

	return (view->is_v6 ? checksum_transport(&view->source, &view->destination, PROTOCOL_ICMPV6,
				      icmp, view->l4_len)
			    : checksum(icmp, view->l4_len)) == 0;
}

static void check_told(const uint8_t *out, size_t len, const struct icmp_told *told)
{
	struct icmp_quote quote;
	struct packet_view view;

	CHECK(len <= ICMP_QUOTE_MAX_BYTES);
	CHECK(parse_ip(out, len, &view) == PARSE_IP && view.ip_len == len);
	CHECK(ip_equal(&view.source, &told->source));
	CHECK(ip_equal(&view.destination, &told->destination));
	CHECK(sum_is_right(out, &view));
	CHECK(icmp_quote_read(out, &view, &quote));
	CHECK(ip_equal(&quote.source, &told->quoted_source));
	CHECK(ip_equal(&quote.destination, &told->quoted_destination));
	CHECK(quote.source_port == told->quoted_source_port);
	CHECK(quote.destination_port == told->quoted_destination_port);
}

static void check_quote(const struct packet_view *view, const struct icmp_quote *quote)
{
	CHECK(quote->offset >= view->l4_offset + ICMP_MIN_BYTES);
	CHECK(quote->l4_offset > quote->offset && quote->end >= quote->l4_offset + 4);
	CHECK(quote->end <= view->ip_len && quote->is_v6 == view->is_v6);
	CHECK(quote->protocol == PROTOCOL_TCP || quote->protocol == PROTOCOL_UDP ||
		quote->protocol == PROTOCOL_SCTP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	bool to_v6 = take8(&in) & 1;
	struct icmp_told told = {
		.source = take_address(&in, to_v6),
		.destination = take_address(&in, to_v6),
		.quoted_source = take_address(&in, to_v6),
		.quoted_destination = take_address(&in, to_v6),
		.quoted_source_port = take16(&in),
		.quoted_destination_port = take16(&in),
	};
	struct icmp_quote quote;
	struct packet_view view;
	uint8_t *packet, *out;
	size_t len = in.left;

	packet = copy_of(in.at, len);
	repair(packet, len);
	if (parse_ip(packet, len, &view) == PARSE_IP && icmp_quote_read(packet, &view, &quote)) {
		check_quote(&view, &quote);
		out = block(ICMP_QUOTE_MAX_BYTES);
		len = icmp_quote_write(packet, &view, &quote, &told, out);
		CHECK(len != 0 || to_v6 != view.is_v6);
		if (len != 0)
			check_told(out, len, &told);
		free(out);
	}
	free(packet);
	return 0;
}
