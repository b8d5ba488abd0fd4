// SPDX-License-Identifier: Apache-2.0
#include "receive.h"

#include "blacklist.h"
#include "decapsulate.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

#include <stddef.h>
#include <string.h>

static const enum dt_drop_reason parse_reasons[] = {
	[PARSE_MALFORMED_ETHERNET] = DT_DROP_MALFORMED_ETHERNET,
	[PARSE_MALFORMED_IP] = DT_DROP_MALFORMED_IP,
	[PARSE_BAD_CHECKSUM] = DT_DROP_BAD_CHECKSUM,
	[PARSE_MALFORMED_TCP] = DT_DROP_MALFORMED_TCP,
	[PARSE_MALFORMED_UDP] = DT_DROP_MALFORMED_UDP,
	[PARSE_MALFORMED_SCTP] = DT_DROP_MALFORMED_SCTP,
	[PARSE_MALFORMED_ICMP] = DT_DROP_ICMP_UNSUPPORTED,
};

static bool is_group_mac(const uint8_t *mac)
{
	return mac[0] & 1;
}

static inline bool is_to_group(const struct packet_view *view)
{
	return view->is_v6 ? view->destination.bytes[0] == 0xff
			   : view->destination.bytes[12] >= 224;
}

static inline bool same_mac(const uint8_t *a, const uint8_t *b)
{
	return ((load_raw32(a) ^ load_raw32(b)) |
		       (uint32_t)(load_raw16(a + 4) ^ load_raw16(b + 4))) == 0;
}

// The frame is addressed to us. A group is somebody else's, but for what neighbours ask.
static inline bool frame_is_ours(const struct node_port *port, const uint8_t *frame, size_t len,
	enum parse_outcome parsed, const struct packet_view *view)
{
	// A recorded frame may have any tag, unless one is asked for.
	if (view->vlan != port->vlan && (port->vlan || !port->accept_any_mac))
		return false;
	if (!is_group_mac(frame))
		return likely(same_mac(frame, port->mac)) || port->accept_any_mac;
	if (parsed == PARSE_ARP)
		return true;
	return parsed == PARSE_IP && len > view->l3_offset &&
	       ndp_is_message(frame + view->l3_offset, view);
}

// Takes Ethernet off at the front and its padding at the end: what goes on is the IP packet and
// nothing else. One segment.
static inline void strip(struct rte_mbuf *packet, const struct packet_view *view)
{
	packet->data_off = (uint16_t)(packet->data_off + view->l3_offset);
	packet->data_len = view->ip_len;
	packet->pkt_len = view->ip_len;
}

static inline enum receive_outcome refuse(enum dt_drop_reason why, enum dt_drop_reason *reason)
{
	*reason = why;
	return RECEIVE_DROP;
}

static inline bool is_icmp(const struct packet_view *view)
{
	return view->protocol == (view->is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP);
}

// To an address of ours. own NULL: the port's link-local one.
static enum receive_outcome classify_own(struct packet_meta *meta, const struct own_address *own,
	bool is_transport, enum dt_drop_reason *reason)
{
	if (is_icmp(&meta->view))
		return RECEIVE_ICMP;
	if (!is_transport)
		return refuse(DT_DROP_PROTOCOL_UNSUPPORTED, reason);
	if (!own || own->kind != OWN_LOCAL)
		return refuse(DT_DROP_NOT_FOR_US, reason);
	meta->local_index = own->index;
	return RECEIVE_TO_LOCAL;
}

static inline enum receive_outcome classify_eip(struct worker *worker, struct packet_meta *meta,
	const struct own_address *own, enum dt_drop_reason *reason)
{
	const struct packet_view *view = &meta->view;

	if (likely(!own && !ip_is_link_local(&view->destination)))
		return RECEIVE_TO_EIP;
	if (!own && !node_is_link_local(worker->node, meta->port_in, &view->destination))
		return refuse(DT_DROP_NOT_FOR_US, reason);
	if (view->fragment != FRAGMENT_NONE)
		return refuse(DT_DROP_FRAGMENT_UNSUPPORTED, reason);
	if (is_icmp(view))
		return RECEIVE_ICMP;
	return refuse(DT_DROP_NOT_FOR_US, reason);
}

static enum receive_outcome classify_clb_closely(struct worker *worker, struct packet_meta *meta,
	const struct own_address *own, enum dt_drop_reason *reason)
{
	const struct packet_view *view = &meta->view;
	bool is_transport = view->protocol == PROTOCOL_TCP || view->protocol == PROTOCOL_UDP ||
			    view->protocol == PROTOCOL_SCTP;

	if (view->fragment != FRAGMENT_NONE)
		return refuse(DT_DROP_FRAGMENT_UNSUPPORTED, reason);
	if (own || node_is_link_local(worker->node, meta->port_in, &view->destination))
		return classify_own(meta, own, is_transport, reason);
	if (ip_is_link_local(&view->destination))
		return refuse(DT_DROP_NOT_FOR_US, reason);
	if (is_transport)
		return RECEIVE_TO_VIP;
	if (is_icmp(view)) // an error may be meant for a DNAT session's client
		return RECEIVE_ICMP;
	return refuse(vip_address_known(worker->vips, &view->destination)
			      ? DT_DROP_PROTOCOL_UNSUPPORTED
			      : DT_DROP_NO_VIP,
		reason);
}

static inline enum receive_outcome classify_clb(struct worker *worker, struct packet_meta *meta,
	const struct own_address *own, enum dt_drop_reason *reason)
{
	const struct packet_view *view = &meta->view;

	// Most packets, in few steps; the same comes out below.
	if (likely(!own && view->protocol == PROTOCOL_TCP && view->fragment == FRAGMENT_NONE &&
		    !ip_is_link_local(&view->destination)))
		return RECEIVE_TO_VIP;
	return classify_clb_closely(worker, meta, own, reason);
}

static inline enum receive_outcome classify(struct worker *worker, struct rte_mbuf *packet,
	const struct own_address *own, enum dt_drop_reason *reason)
{
	const struct node *node = worker->node;
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;

	if (node->blacklist && blacklist_matches(node->blacklist, &view->source))
		return refuse(DT_DROP_BLACKLISTED, reason);
	if (is_to_group(view))
		return refuse(DT_DROP_NOT_FOR_US, reason);
	if (node->verify_checksums && !checksum_is_right(packet_l3(packet), view))
		return refuse(DT_DROP_BAD_CHECKSUM, reason);
	return node->tier == DT_TIER_EIP ? classify_eip(worker, meta, own, reason)
					 : classify_clb(worker, meta, own, reason);
}

// RFC 6936: what ends in a tunnel on a port of our own choice may lack its checksum too.
static bool lacks_checksum_for_tunnel(
	const struct node *node, const uint8_t *frame, const struct packet_view *view)
{
	const uint8_t *udp = frame + view->l3_offset + view->l4_offset;

	return view->is_v6 && view->l4_len >= UDP_BYTES && view->destination_port != 0 &&
	       (view->destination_port == node->gue_port ||
		       view->destination_port == node->vxlan_port) &&
	       load_be16(udp + UDP_LENGTH) >= UDP_BYTES &&
	       load_be16(udp + UDP_LENGTH) <= view->l4_len && load_raw16(udp + UDP_CHECKSUM) == 0;
}

static inline enum receive_outcome receive_ip(
	struct worker *worker, struct rte_mbuf *packet, enum dt_drop_reason *reason)
{
	const struct node *node = worker->node;
	struct packet_meta *meta = packet_meta(packet);
	const struct own_address *own;

	strip(packet, &meta->view);
	if (unlikely(ndp_is_message(packet_l3(packet), &meta->view))) {
		if (meta->view.ttl != NDP_HOP_LIMIT)
			return refuse(DT_DROP_ICMP_UNSUPPORTED, reason);
		return RECEIVE_NEIGHBOUR;
	}
	own = node_own_address(node, &meta->view.destination);
	if (unlikely(own) && node->tunnel_count) {
		enum parse_outcome inner;

		switch (decapsulate(node, packet, own, &inner, reason)) {
		case DECAPSULATE_NOT_ONE:
			break;
		case DECAPSULATE_INNER:
			if (inner != PARSE_IP)
				return refuse(parse_reasons[inner], reason);
			own = node_own_address(node, &meta->view.destination);
			break;
		case DECAPSULATE_REFUSED:
			return RECEIVE_DROP;
		}
	}
	return classify(worker, packet, own, reason);
}

enum receive_outcome receive(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	enum dt_drop_reason *reason)
{
	const struct node *node = worker->node;
	struct packet_view *view = &packet_meta(packet)->view;
	enum parse_outcome parsed;
	const uint8_t *frame;

	receive_reset_meta(worker, packet, port);
	if (unlikely(packet->nb_segs != 1) && rte_pktmbuf_linearize(packet) != 0) {
		*view = (struct packet_view){0};
		return refuse(DT_DROP_MTU_EXCEEDED, reason);
	}
	frame = rte_pktmbuf_mtod(packet, const uint8_t *);
	parsed = parse_frame(frame, packet->data_len, view);
	if (unlikely(parsed != PARSE_IP) && packet->data_len < ETHERNET_BYTES)
		return refuse(DT_DROP_MALFORMED_ETHERNET, reason);
	if (!frame_is_ours(&node->ports[port], frame, packet->data_len, parsed, view))
		return refuse(DT_DROP_NOT_FOR_US, reason);
	if (unlikely(parsed != PARSE_IP)) {
		if (parsed == PARSE_ARP)
			return RECEIVE_NEIGHBOUR;
		if (parsed != PARSE_MALFORMED_UDP || !lacks_checksum_for_tunnel(node, frame, view))
			return refuse(parse_reasons[parsed], reason);
	}
	return receive_ip(worker, packet, reason);
}

void receive_oversized(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *frame, size_t len)
{
	struct packet_meta *meta = packet_meta(packet);

	receive_reset_meta(worker, packet, port);
	meta->frame_bytes = (uint16_t)RTE_MIN(len, (size_t)UINT16_MAX);
	parse_frame(frame, len, &meta->view); // whatever it is, it is too long
}
