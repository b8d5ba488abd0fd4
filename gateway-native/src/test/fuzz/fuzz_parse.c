// SPDX-License-Identifier: Apache-2.0
//
// Any frame: the view stays within it, and whatever is read or written behind the parser may trust
// the view. Tunnels are followed into what they hold.
//
//   0 mode: bit 0 begins at the IP header, bit 1 wrong IPv4 header checksums stay | 1 the frame
#include "fuzz.h"

#include "../../main/c/packet/arp.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/colour.h"
#include "../../main/c/packet/icmp_error.h"
#include "../../main/c/packet/quic.h"
#include "../../main/c/packet/tcp_option.h"
#include "../../main/c/packet/tunnel.h"

enum { MODE_IP = 1, MODE_KEEP_CHECKSUM = 2, DEPTH_MAX = 4 };

static size_t ethernet_bytes(const uint8_t *frame, size_t len)
{
	size_t at = ETHERNET_BYTES;

	for (int tags = 0; tags < VLAN_MAX_TAGS && at <= len; tags++) {
		uint16_t type = load_be16(frame + at - 2);

		if ((type != ETHERTYPE_VLAN_ID && type != ETHERTYPE_QINQ_ID) ||
			at + VLAN_BYTES > len)
			break;
		at += VLAN_BYTES;
	}
	return at;
}

// A fuzzer does not guess checksums.
static void repair(uint8_t *packet, size_t len)
{
	size_t header_len = len < IPV4_MIN_BYTES ? 0 : (size_t)(packet[0] & 0x0f) * 4;

	if (header_len < IPV4_MIN_BYTES || header_len > len || packet[0] >> 4 != 4)
		return;
	store_raw16(packet + IPV4_CHECKSUM, 0);
	store_raw16(packet + IPV4_CHECKSUM, checksum(packet, header_len));
}

static void check_view(const struct packet_view *view, size_t len)
{
	CHECK(view->ip_len <= len);
	CHECK((size_t)view->l4_offset + view->l4_len == view->ip_len);
	CHECK(view->l4_offset >= (view->is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES));
	CHECK(ip_is_v4(&view->source) == !view->is_v6);
	CHECK(ip_is_v4(&view->destination) == !view->is_v6);
	if (view->fragment == FRAGMENT_LATER) {
		CHECK(view->source_port == 0 && view->destination_port == 0);
		return;
	}
	if (view->protocol == PROTOCOL_TCP) {
		CHECK(view->tcp_header_len >= TCP_MIN_BYTES &&
			view->tcp_header_len <= view->l4_len);
		CHECK(view->source_port != 0 && view->destination_port != 0);
	}
	CHECK(view->protocol != PROTOCOL_UDP || view->l4_len >= UDP_BYTES);
	CHECK(view->protocol != PROTOCOL_SCTP || view->l4_len >= SCTP_BYTES);
	CHECK(view->protocol != PROTOCOL_ICMP || view->l4_len >= ICMP_MIN_BYTES);
}

static uint16_t sum_of(const struct packet_view *view, const uint8_t *tcp)
{
	return checksum_transport(
		&view->source, &view->destination, PROTOCOL_TCP, tcp, view->l4_len);
}

static void change_tcp(const uint8_t *packet, const struct packet_view *view)
{
	uint8_t *copy = copy_of(packet + view->l4_offset, view->l4_len);
	struct dt_colour_option colour;
	size_t header_len = view->tcp_header_len;

	store_raw16(copy + TCP_CHECKSUM, 0);
	store_raw16(copy + TCP_CHECKSUM, sum_of(view, copy));
	tcp_clamp_mss(copy, header_len, 1400);
	CHECK(sum_of(view, copy) == 0);
	dt_colour_erase(copy + TCP_MIN_BYTES, header_len - TCP_MIN_BYTES);
	CHECK(dt_colour_find(copy + TCP_MIN_BYTES, header_len - TCP_MIN_BYTES, &colour) != 1);
	toa_growth(copy, header_len, &view->source);
	free(copy);
}

static void read_udp_payload(const uint8_t *packet, const struct packet_view *view)
{
	static const struct quic_config katran = {.layout = QUIC_LAYOUT_KATRAN};
	size_t len = (size_t)view->l4_len - UDP_BYTES;
	uint8_t *copy = copy_of(packet + view->l4_offset + UDP_BYTES, len);
	struct quic_server_id id;

	quic_read(copy, len, &katran, &id);
	free(copy);
}

static void answer(const uint8_t *packet, const struct packet_view *view)
{
	struct ip_address source = ip_load_v6((const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8});
	uint8_t out[ICMP_ERROR_V6_MAX_BYTES];
	struct packet_view error;
	size_t len;

	if (!icmp_error_allowed(packet, view))
		return;
	if (!view->is_v6)
		source = ip_from_v4(htonl(0xc0000201));
	len = icmp_error_write(ICMP_ERROR_PACKET_TOO_BIG, 1280, &source, packet, view, out);
	CHECK(parse_ip(out, len, &error) == PARSE_IP);
	CHECK(error.protocol == (view->is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP));
	CHECK(ip_equal(&error.destination, &view->source) && !icmp_error_allowed(out, &error));
}

// Each inner packet is copied too, so that the parser cannot peek behind it.
static void read_ip(const uint8_t *bytes, size_t len, uint8_t mode, int depth)
{
	uint8_t *packet = copy_of(bytes, len);
	struct packet_view view;
	struct tunnel_inner inner;

	if (!(mode & MODE_KEEP_CHECKSUM))
		repair(packet, len);
	memset(&view, 0xa5, sizeof(view));
	if (parse_ip(packet, len, &view) == PARSE_IP) {
		CHECK(view.l3_offset == 0 && view.vlan_tags == 0);
		check_view(&view, len);
		if (view.protocol == PROTOCOL_TCP && view.fragment == FRAGMENT_NONE)
			change_tcp(packet, &view);
		if (view.protocol == PROTOCOL_UDP && view.fragment == FRAGMENT_NONE)
			read_udp_payload(packet, &view);
		answer(packet, &view);
		if (tunnel_read(packet, &view, TUNNEL_GUE_PORT, TUNNEL_VXLAN_PORT, &inner) ==
				TUNNEL_INNER &&
			depth < DEPTH_MAX) {
			CHECK((size_t)inner.offset + inner.len <= view.ip_len);
			read_ip(packet + inner.offset, inner.len, mode, depth + 1);
		}
	}
	free(packet);
}

static void read_arp(const uint8_t *bytes, size_t len)
{
	struct arp_message message;

	CHECK(len >= ARP_BYTES);
	arp_read(bytes, len, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in), *frame;
	struct packet_view view;
	enum parse_outcome outcome;
	size_t l3;

	if (mode & MODE_IP) {
		read_ip(in.at, in.left, mode, 0);
		return 0;
	}
	frame = copy_of(in.at, in.left);
	l3 = in.left < ETHERNET_BYTES ? 0 : ethernet_bytes(frame, in.left);
	if (l3 && !(mode & MODE_KEEP_CHECKSUM))
		repair(frame + l3, in.left - l3);
	memset(&view, 0xa5, sizeof(view));
	outcome = parse_frame(frame, in.left, &view);
	CHECK(outcome <= PARSE_MALFORMED_ICMP);
	if (outcome == PARSE_IP || outcome == PARSE_ARP) {
		CHECK(view.l3_offset == l3 &&
			view.vlan_tags * VLAN_BYTES + ETHERNET_BYTES == (int)l3);
		CHECK(view.vlan <= 4095 && (view.vlan == 0 || view.vlan_tags > 0));
	}
	if (outcome == PARSE_ARP)
		read_arp(frame + l3, in.left - l3);
	if (outcome == PARSE_IP) {
		check_view(&view, in.left - l3);
		read_ip(frame + l3, in.left - l3, mode, 0);
	}
	free(frame);
	return 0;
}
