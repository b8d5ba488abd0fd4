// SPDX-License-Identifier: Apache-2.0
#include "receive.h"

#include <string.h>

static const enum dt_drop_reason parse_reasons[] = {
	[PARSE_MALFORMED_ETHERNET] = DT_DROP_MALFORMED_ETHERNET,
	[PARSE_MALFORMED_IP] = DT_DROP_MALFORMED_IP,
	[PARSE_BAD_CHECKSUM] = DT_DROP_BAD_CHECKSUM,
	[PARSE_FRAGMENT] = DT_DROP_FRAGMENT_UNSUPPORTED,
	[PARSE_MALFORMED_TCP] = DT_DROP_MALFORMED_TCP,
	[PARSE_MALFORMED_UDP] = DT_DROP_MALFORMED_UDP,
	[PARSE_MALFORMED_ICMP] = DT_DROP_ICMP_UNSUPPORTED,
};

static void reset_meta(struct worker *worker, struct rte_mbuf *packet, unsigned int port)
{
	struct packet_meta *meta = packet_meta(packet);

	*meta = (struct packet_meta){
		.rx_mono_ns = worker->now.mono_ns,
		.rx_real_ns = worker->now.real_ns,
		.vip_slot = DT_SLOT_NONE,
		.backend_slot = DT_SLOT_NONE,
		.frame_bytes = (uint16_t)RTE_MIN(packet->pkt_len, (uint32_t)UINT16_MAX),
		.direction = DT_DIR_FORWARD,
		.stage = DT_TP_RX,
		.port_in = (uint8_t)port,
	};
}

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

// Drops Ethernet's padding, so that what goes on is the IP packet and nothing else.
static void trim(struct rte_mbuf *packet, const struct packet_view *view)
{
	uint16_t len = (uint16_t)(view->l3_offset + view->ip_len);

	if (packet->data_len > len)
		rte_pktmbuf_trim(packet, (uint16_t)(packet->data_len - len));
}

static enum receive_outcome classify(
	struct worker *worker, const struct packet_view *view, enum dt_drop_reason *reason)
{
	enum own_kind own = node_own_address(worker->node, view->destination);
	bool transport = view->protocol == PROTOCOL_TCP || view->protocol == PROTOCOL_UDP;

	if (*(const uint8_t *)&view->destination >= 224) { // multicast and broadcast
		*reason = DT_DROP_NOT_FOR_US;
		return RECEIVE_DROP;
	}
	if (own == OWN_LOCAL && transport)
		return RECEIVE_TO_LOCAL;
	if (own == OWN_PORT && transport) {
		*reason = DT_DROP_NOT_FOR_US;
		return RECEIVE_DROP;
	}
	if (transport)
		return RECEIVE_TO_VIP;
	if (own == OWN_NOT && !vip_address_known(worker->vips, view->destination)) {
		*reason = DT_DROP_NO_VIP;
		return RECEIVE_DROP;
	}
	if (view->protocol == PROTOCOL_ICMP)
		return RECEIVE_ICMP;
	*reason = DT_DROP_PROTOCOL_UNSUPPORTED;
	return RECEIVE_DROP;
}

enum receive_outcome receive(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	enum dt_drop_reason *reason)
{
	const struct node_port *p = &worker->node->ports[port];
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);
	struct packet_view *view = &packet_meta(packet)->view;
	enum parse_outcome parsed;

	reset_meta(worker, packet, port);
	if (packet->nb_segs != 1 && rte_pktmbuf_linearize(packet) != 0) {
		*reason = DT_DROP_MTU_EXCEEDED;
		return RECEIVE_DROP;
	}
	frame = rte_pktmbuf_mtod(packet, const uint8_t *);
	if (packet->data_len < ETHERNET_BYTES) {
		*reason = DT_DROP_MALFORMED_ETHERNET;
		return RECEIVE_DROP;
	}
	if (!is_group(frame) && !p->accept_any_mac && memcmp(frame, p->mac, 6) != 0) {
		*reason = DT_DROP_NOT_FOR_US;
		return RECEIVE_DROP;
	}
	parsed = parse_frame(frame, packet->data_len, view);
	if (parsed == PARSE_ARP)
		return RECEIVE_ARP;
	if (is_group(frame)) { // somebody else's broadcast or multicast
		*reason = DT_DROP_NOT_FOR_US;
		return RECEIVE_DROP;
	}
	if (parsed != PARSE_IPV4) {
		*reason = parse_reasons[parsed];
		return RECEIVE_DROP;
	}
	trim(packet, view);
	return classify(worker, view, reason);
}

void receive_oversized(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *frame, size_t len)
{
	struct packet_meta *meta = packet_meta(packet);

	reset_meta(worker, packet, port);
	meta->frame_bytes = (uint16_t)RTE_MIN(len, (size_t)UINT16_MAX);
	parse_frame(frame, len, &meta->view); // whatever it is, it is too long
}
