// SPDX-License-Identifier: Apache-2.0
//
// Any bytes behind any outer header that the parser could have accepted; and what is written is
// read back.
//
//   0 mode: bit 0 write, bit 1 outer IPv6, bit 2 inner IPv6, bit 3 with id, bits 4 and 5 kind
#include "fuzz.h"

#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/tunnel.h"
#include "../c/view.h"

enum { MODE_WRITE = 1, MODE_OUTER_V6 = 2, MODE_INNER_V6 = 4, MODE_WITH_ID = 8 };

static void check_inner(const uint8_t *packet, const struct packet_view *view,
	enum tunnel_outcome outcome, const struct tunnel_inner *inner)
{
	CHECK(inner->kind <= TUNNEL_VXLAN);
	if (outcome != TUNNEL_INNER) {
		CHECK(outcome <= TUNNEL_UNSUPPORTED);
		CHECK(outcome == TUNNEL_NOT_ONE || inner->kind != TUNNEL_NONE ||
			outcome == TUNNEL_MALFORMED_GRE);
		return;
	}
	CHECK(inner->kind != TUNNEL_NONE);
	CHECK(inner->len > 0 && inner->offset >= view->l4_offset);
	CHECK((size_t)inner->offset + inner->len <= (size_t)view->l4_offset + view->l4_len);
	CHECK(packet[inner->offset] >> 4 == (inner->is_v6 ? 6 : 4));
	CHECK(inner->has_id || inner->id == 0);
	CHECK(inner->kind != TUNNEL_VXLAN || inner->id <= 0xffffff);
}

static void read_any(struct input *in)
{
	static const uint8_t protocols[] = {
		PROTOCOL_GRE, PROTOCOL_UDP, PROTOCOL_IPV4, PROTOCOL_IPV6, PROTOCOL_TCP};
	struct packet_view view = {.protocol = protocols[take8(in) % sizeof(protocols)]};
	struct tunnel_inner inner;
	enum tunnel_outcome outcome;
	uint8_t *packet;

	view.l4_offset = take8(in);
	if (view.l4_offset > in->left)
		view.l4_offset = (uint16_t)in->left;
	view.l4_len = (uint16_t)(in->left - view.l4_offset);
	view.ip_len = (uint16_t)in->left;
	if (view.protocol == PROTOCOL_UDP) {
		if (view.l4_len < UDP_BYTES)
			return; // the parser's business
		view.destination_port = load_be16(in->at + view.l4_offset + 2);
	}
	packet = copy_of(in->at, in->left);
	outcome = tunnel_read(packet, &view, TUNNEL_GUE_PORT, TUNNEL_VXLAN_PORT, &inner);
	check_inner(packet, &view, outcome, &inner);
	free(packet);
}

static struct tunnel take_tunnel(struct input *in, uint8_t mode)
{
	struct tunnel tunnel = {.kind = (uint8_t)(TUNNEL_IPIP + (mode >> 4 & 3)), .ttl = take8(in)};

	take_bytes(in, &tunnel.local, 16);
	take_bytes(in, &tunnel.remote, 16);
	if (!(mode & MODE_OUTER_V6)) {
		tunnel.local = ip_from_v4(tunnel.local.words[0]);
		tunnel.remote = ip_from_v4(tunnel.remote.words[0]);
	} else {
		tunnel.local.bytes[0] = tunnel.remote.bytes[0] = 0x20;
	}
	tunnel.has_id =
		tunnel.kind == TUNNEL_VXLAN || (tunnel.kind == TUNNEL_GRE && (mode & MODE_WITH_ID));
	if (tunnel.has_id)
		tunnel.id = tunnel.kind == TUNNEL_VXLAN ? take32(in) >> 8 : take32(in);
	tunnel.port = tunnel.kind == TUNNEL_GUE ? TUNNEL_GUE_PORT : TUNNEL_VXLAN_PORT;
	take_bytes(in, tunnel.inner_mac, sizeof(tunnel.inner_mac));
	return tunnel;
}

static void check_outer(const uint8_t *packet, const struct packet_view *view,
	const struct tunnel *tunnel, size_t len, uint8_t traffic_class)
{
	CHECK(view->ip_len == len && view->ttl == tunnel->ttl);
	CHECK(view->is_v6 || checksum(packet, IPV4_MIN_BYTES) == 0);
	CHECK(view->traffic_class == traffic_class);
	CHECK(ip_equal(&view->source, &tunnel->local));
	CHECK(ip_equal(&view->destination, &tunnel->remote));
}

static void write_and_read(struct input *in, uint8_t mode)
{
	struct tunnel tunnel = take_tunnel(in, mode);
	unsigned int header_len = tunnel_header_bytes(&tunnel);
	bool inner_is_v6 = (mode & MODE_INNER_V6) != 0;
	uint8_t traffic_class = take8(in);
	uint32_t entropy = take32(in);
	size_t len = header_len + in->left;
	struct tunnel_inner inner;
	struct packet_view view;
	uint8_t *packet;

	if (in->left == 0 || len > UINT16_MAX)
		return;
	CHECK(header_len <= TUNNEL_MAX_BYTES);
	packet = block(len);
	memcpy(packet + header_len, in->at, in->left);
	packet[header_len] = (uint8_t)((packet[header_len] & 0x0f) | (inner_is_v6 ? 0x60 : 0x40));
	CHECK(tunnel_write(&tunnel, inner_is_v6, (uint16_t)in->left, traffic_class, entropy,
		(uint16_t)entropy, packet));
	view = view_of(packet);
	check_outer(packet, &view, &tunnel, len, traffic_class);
	CHECK(tunnel_read(packet, &view, TUNNEL_GUE_PORT, TUNNEL_VXLAN_PORT, &inner) ==
		TUNNEL_INNER);
	check_inner(packet, &view, TUNNEL_INNER, &inner);
	CHECK(inner.offset == header_len && inner.len == in->left);
	CHECK(inner.kind == tunnel.kind && inner.is_v6 == inner_is_v6);
	CHECK(inner.has_id == tunnel.has_id && inner.id == tunnel.id);
	CHECK(in->left == 1 || memcmp(packet + header_len + 1, in->at + 1, in->left - 1) == 0);
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t mode = take8(&in);

	if (mode & MODE_WRITE)
		write_and_read(&in, mode);
	else
		read_any(&in);
	return 0;
}
