// SPDX-License-Identifier: Apache-2.0
//
// An address of any packet is translated, and one of any packet that an ICMP error quotes: every
// checksum that was right is right afterwards.
//
//   0 mode: bit 0 the destination's side | 1 the new address | 17 the packet
#include "fuzz.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/translate.h"

// Where the transport has a checksum that covers the addresses; 0: it has none.
static uint8_t *checksum_field(uint8_t *packet, const struct packet_view *view)
{
	uint8_t *l4 = packet + view->l4_offset;

	if (view->fragment != FRAGMENT_NONE)
		return NULL;
	if (view->protocol == PROTOCOL_TCP)
		return l4 + TCP_CHECKSUM;
	if (view->protocol == PROTOCOL_UDP)
		return l4 + UDP_CHECKSUM;
	return view->protocol == PROTOCOL_ICMPV6 && view->is_v6 ? l4 + ICMP_CHECKSUM : NULL;
}

// UDP's covers the datagram, which may be shorter than what there is.
static uint16_t transport_sum(const uint8_t *packet, const struct packet_view *view)
{
	const uint8_t *l4 = packet + view->l4_offset;
	size_t len = view->protocol == PROTOCOL_UDP ? load_be16(l4 + UDP_LENGTH) : view->l4_len;

	return checksum_transport(&view->source, &view->destination, view->protocol, l4, len);
}

static uint16_t icmp_sum(const uint8_t *packet, const struct packet_view *view)
{
	return view->is_v6 ? transport_sum(packet, view)
			   : checksum(packet + view->l4_offset, view->l4_len);
}

static void repair(uint8_t *packet, size_t len)
{
	size_t header_len = len < IPV4_MIN_BYTES ? 0 : (size_t)(packet[0] & 0x0f) * 4;

	if (header_len < IPV4_MIN_BYTES || header_len > len || packet[0] >> 4 != 4)
		return;
	store_raw16(packet + IPV4_CHECKSUM, 0);
	store_raw16(packet + IPV4_CHECKSUM, checksum(packet, header_len));
}

static void check_packet(uint8_t *packet, const struct packet_view *view, struct translation *t)
{
	const struct ip_address *old =
		t->side == TRANSLATE_SOURCE ? &view->source : &view->destination;
	uint8_t *field = checksum_field(packet, view);
	bool had_none = field && view->protocol == PROTOCOL_UDP && load_raw16(field) == 0;
	struct packet_view after;

	if (field && !had_none) {
		store_raw16(field, 0);
		store_raw16(field, transport_sum(packet, view));
		if (view->protocol == PROTOCOL_UDP && load_raw16(field) == 0)
			store_raw16(field, 0xffff);
	}
	t->delta = checksum_fold(checksum_delta_address(old, t->to));
	if (!translate_packet(packet, view, t)) {
		CHECK(view->fragment == FRAGMENT_FIRST || view->protocol > PROTOCOL_UDP);
		return;
	}
	CHECK(parse_ip(packet, view->ip_len, &after) == PARSE_IP);
	CHECK(after.ttl == (uint8_t)(view->ttl - 1));
	CHECK(ip_equal(t->side == TRANSLATE_SOURCE ? &after.source : &after.destination, t->to));
	CHECK(ip_equal(t->side == TRANSLATE_SOURCE ? &after.destination : &after.source,
		t->side == TRANSLATE_SOURCE ? &view->destination : &view->source));
	CHECK(!field || (had_none ? load_raw16(field) == 0 : transport_sum(packet, &after) == 0));
}

static void check_quoted(uint8_t *packet, const struct packet_view *view, struct translation *t)
{
	size_t end = (size_t)view->l4_offset + view->l4_len;
	struct quoted_packet quoted, after;

	if (!translate_read_quoted(packet, view, &quoted))
		return;
	CHECK(quoted.offset == view->l4_offset + ICMP_MIN_BYTES);
	CHECK(quoted.offset + (size_t)(view->is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES) <= end);
	CHECK(quoted.checksum_offset == 0 || quoted.checksum_offset > quoted.offset);
	CHECK((size_t)quoted.checksum_offset + 2 <= end);
	repair(packet + quoted.offset, end - quoted.offset);
	store_raw16(packet + view->l4_offset + ICMP_CHECKSUM, 0);
	store_raw16(packet + view->l4_offset + ICMP_CHECKSUM, icmp_sum(packet, view));
	t->delta = checksum_fold(checksum_delta_address(
		t->side == TRANSLATE_SOURCE ? &quoted.source : &quoted.destination, t->to));
	translate_quoted(packet, view, &quoted, t);
	CHECK(icmp_sum(packet, view) == 0);
	CHECK(translate_read_quoted(packet, view, &after));
	CHECK(ip_equal(t->side == TRANSLATE_SOURCE ? &after.source : &after.destination, t->to));
	if (!view->is_v6) {
		const uint8_t *ip = packet + quoted.offset;
		size_t header_len = (size_t)(ip[0] & 0x0f) * 4;

		CHECK(header_len > end - quoted.offset || checksum(ip, header_len) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct ip_address to;
	struct translation t = {
		.side = take8(&in) & 1 ? TRANSLATE_DESTINATION : TRANSLATE_SOURCE,
		.to = &to,
	};
	uint8_t *packet, *again;
	struct packet_view view;
	size_t len;

	take_bytes(&in, &to, sizeof(to));
	len = in.left;
	packet = copy_of(in.at, len);
	repair(packet, len);
	// Who has no address yet (::) may ask groups only.
	if (parse_ip(packet, len, &view) == PARSE_IP && ip_is_set(&view.source)) {
		// An address that a packet may come from.
		if (view.is_v6)
			to.bytes[0] = 0x20;
		else
			to = ip_from_v4(htonl(0x0a000000 | (ntohl(to.words[0]) & 0xffffff)));
		again = copy_of(packet, len);
		check_packet(packet, &view, &t);
		check_quoted(again, &view, &t);
		free(again);
	}
	free(packet);
	return 0;
}
