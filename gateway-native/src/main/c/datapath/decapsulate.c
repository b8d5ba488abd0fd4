// SPDX-License-Identifier: Apache-2.0
#include "decapsulate.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

enum { ECN_MASK = 3, ECN_CONGESTION = 3 };

// NULL: no address of a tunnel's end. Several tunnels may share theirs, also with a port.
static const struct tunnel *first_at(const struct node *node, const struct own_address *own)
{
	if (own->kind == OWN_TUNNEL)
		return &node->tunnels[own->index];
	for (unsigned int i = 0; i < node->tunnel_count; i++) {
		if (ip_equal(&node->tunnels[i].local, &own->address))
			return &node->tunnels[i];
	}
	return NULL;
}

static bool same_kind(const struct tunnel *tunnel, const struct tunnel_inner *inner)
{
	if (tunnel->kind != inner->kind)
		return false;
	switch (inner->kind) {
	case TUNNEL_GRE:
		return tunnel->has_id == inner->has_id &&
		       (!inner->has_id || tunnel->id == inner->id);
	case TUNNEL_VXLAN:
		return tunnel->id == inner->id;
	default:
		return true;
	}
}

// The one whose remote end sent the packet goes before one that takes any.
static const struct tunnel *match(const struct node *node, const struct tunnel *first,
	const struct packet_view *outer, const struct tunnel_inner *inner)
{
	const struct tunnel *any = NULL;

	for (const struct tunnel *t = first; t && t < node->tunnels + node->tunnel_count; t++) {
		if (!ip_equal(&t->local, &outer->destination) || !same_kind(t, inner))
			continue;
		if (ip_equal(&t->remote, &outer->source))
			return t;
		if (!any && !ip_is_set(&t->remote))
			any = t;
	}
	return any;
}

// RFC 6040, 4.2: congestion seen on the way is told to the inner packet. false: it cannot be told,
// so the packet is lost to it.
static bool take_congestion(uint8_t *packet, struct packet_view *view, uint8_t outer_class)
{
	uint8_t *at = packet + IPV4_TOS;
	uint16_t before;

	if ((outer_class & ECN_MASK) != ECN_CONGESTION)
		return true;
	if ((view->traffic_class & ECN_MASK) == 0)
		return false;
	view->traffic_class |= ECN_CONGESTION;
	if (view->is_v6) {
		*at |= ECN_CONGESTION << 4;
		return true;
	}
	before = load_raw16(packet);
	*at |= ECN_CONGESTION;
	store_raw16(packet + IPV4_CHECKSUM,
		checksum_apply(load_raw16(packet + IPV4_CHECKSUM),
			checksum_fold(checksum_delta16(before, load_raw16(packet)))));
	return true;
}

static enum decapsulate_outcome refuse(enum dt_drop_reason why, enum dt_drop_reason *reason)
{
	*reason = why;
	return DECAPSULATE_REFUSED;
}

static enum decapsulate_outcome take_off(struct rte_mbuf *packet, const struct tunnel_inner *inner,
	enum parse_outcome *parsed, enum dt_drop_reason *reason)
{
	struct packet_view *view = &packet_meta(packet)->view;
	uint8_t outer_class = view->traffic_class;

	packet->data_off = (uint16_t)(packet->data_off + inner->offset);
	*parsed = parse_ip(packet_l3(packet), inner->len, view);
	if (*parsed != PARSE_IP) {
		packet->data_len = inner->len;
		packet->pkt_len = inner->len;
		return DECAPSULATE_INNER;
	}
	packet->data_len = view->ip_len; // without an inner frame's padding
	packet->pkt_len = view->ip_len;
	if (!take_congestion(packet_l3(packet), view, outer_class))
		return refuse(DT_DROP_TUNNEL_DECAP_FAIL, reason);
	return DECAPSULATE_INNER;
}

enum decapsulate_outcome decapsulate(const struct node *node, struct rte_mbuf *packet,
	const struct own_address *own, enum parse_outcome *parsed, enum dt_drop_reason *reason)
{
	const struct tunnel *first = first_at(node, own), *tunnel;
	struct packet_meta *meta = packet_meta(packet);
	struct tunnel_inner inner;

	if (!first && own->kind == OWN_LOCAL) // a backend may answer to a port of that number
		return DECAPSULATE_NOT_ONE;
	switch (tunnel_read(
		packet_l3(packet), &meta->view, node->gue_port, node->vxlan_port, &inner)) {
	case TUNNEL_INNER:
		break;
	case TUNNEL_NOT_ONE:
		return DECAPSULATE_NOT_ONE;
	case TUNNEL_MALFORMED_GRE:
		return refuse(DT_DROP_MALFORMED_GRE, reason);
	case TUNNEL_MALFORMED:
	case TUNNEL_UNSUPPORTED:
		return refuse(DT_DROP_TUNNEL_DECAP_FAIL, reason);
	}
	tunnel = match(node, first, &meta->view, &inner);
	if (!tunnel)
		return refuse(DT_DROP_TUNNEL_UNKNOWN, reason);
	meta->tunnel_in = (uint8_t)(tunnel - node->tunnels + 1);
	return take_off(packet, &inner, parsed, reason);
}
