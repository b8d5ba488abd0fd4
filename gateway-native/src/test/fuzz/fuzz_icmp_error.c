// SPDX-License-Identifier: Apache-2.0
//
// An ICMP error about any packet that the parser could have accepted is itself a right packet, and
// is never answered by another.
//
//   0 mode: bit 0 packet too big, bit 1 IPv6, bits 2 and 3 fragment | 1 MTU | 5 transport offset |
//   6 protocol | 7 the packet
#include "fuzz.h"

#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/icmp_error.h"
#include "../c/view.h"

static bool sums_are_right(const uint8_t *packet, const struct packet_view *view)
{
	const uint8_t *icmp = packet + view->l4_offset;

	if (view->is_v6)
		return checksum_transport(&view->source, &view->destination, PROTOCOL_ICMPV6, icmp,
			       view->l4_len) == 0;
	return checksum(packet, IPV4_MIN_BYTES) == 0 && checksum(icmp, view->l4_len) == 0;
}

static void check_error(const uint8_t *out, size_t len, const uint8_t *packet,
	const struct packet_view *offender, const struct ip_address *source)
{
	struct packet_view view = view_of(out);
	size_t quoted = (size_t)view.l4_len - ICMP_MIN_BYTES;

	CHECK(len <= (offender->is_v6 ? ICMP_ERROR_V6_MAX_BYTES : ICMP_ERROR_V4_MAX_BYTES));
	CHECK(view.ip_len == len && view.is_v6 == offender->is_v6);
	CHECK(ip_equal(&view.source, source) && ip_equal(&view.destination, &offender->source));
	CHECK(sums_are_right(out, &view));
	CHECK(quoted <= offender->ip_len);
	CHECK(memcmp(out + view.l4_offset + ICMP_MIN_BYTES, packet, quoted) == 0);
	CHECK(!icmp_error_allowed(out, &view));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in);
	uint32_t mtu = take32(&in);
	struct packet_view view = {.is_v6 = (mode & 2) != 0, .fragment = (mode >> 2 & 3) % 3};
	struct ip_address source;
	uint8_t *packet, *out;
	size_t len;

	view.l4_offset = take8(&in);
	view.protocol = take8(&in);
	if (in.left > UINT16_MAX || in.left < (view.is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES))
		return 0;
	if (view.l4_offset > in.left)
		view.l4_offset = (uint16_t)in.left;
	view.ip_len = (uint16_t)in.left;
	view.l4_len = (uint16_t)(in.left - view.l4_offset);
	packet = copy_of(in.at, in.left);
	if (view.is_v6) {
		view.source = ip_load_v6(packet + IPV6_SOURCE);
		view.destination = ip_load_v6(packet + IPV6_DESTINATION);
	} else {
		view.source = ip_from_v4(load_raw32(packet + IPV4_SOURCE));
		view.destination = ip_from_v4(load_raw32(packet + IPV4_DESTINATION));
	}
	source = address_of(view.is_v6 ? "2001:db8::1" : "192.0.2.1");
	if (icmp_error_allowed(packet, &view)) {
		CHECK(view.fragment != FRAGMENT_LATER &&
			(view.is_v6 || view.source.bytes[12] < 224));
		out = block(ICMP_ERROR_V6_MAX_BYTES);
		len = icmp_error_write(
			mode & 1 ? ICMP_ERROR_PACKET_TOO_BIG : ICMP_ERROR_TIME_EXCEEDED, mtu,
			&source, packet, &view, out);
		check_error(out, len, packet, &view, &source);
		free(out);
	}
	free(packet);
	return 0;
}
