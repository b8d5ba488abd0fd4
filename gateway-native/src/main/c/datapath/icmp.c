// SPDX-License-Identifier: Apache-2.0
#include "icmp.h"

#include "dispatch.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"
#include "../packet/icmp_quote.h"

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO_REQUEST = 8,
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
	ANSWER_TTL = 64,
};

static bool checksum_right(const uint8_t *icmp, const struct packet_view *view)
{
	if (view->is_v6)
		return checksum_transport(&view->source, &view->destination, PROTOCOL_ICMPV6, icmp,
			       view->l4_len) == 0;
	return checksum(icmp, view->l4_len) == 0;
}

static void swap_addresses(uint8_t *ip, const struct packet_view *view)
{
	if (view->is_v6) {
		memcpy(ip + IPV6_SOURCE, view->destination.bytes, 16);
		memcpy(ip + IPV6_DESTINATION, view->source.bytes, 16);
		ip[IPV6_HOP_LIMIT] = ANSWER_TTL;
		return;
	}
	store_raw32(ip + IPV4_SOURCE, ip_v4(&view->destination));
	store_raw32(ip + IPV4_DESTINATION, ip_v4(&view->source));
	ip[IPV4_TTL] = ANSWER_TTL;
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, view->l4_offset));
}

// The pseudo header's sum does not care which address comes first.
static enum icmp_outcome answer_echo(struct rte_mbuf *packet)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	uint8_t *icmp = packet_l4(packet);
	uint16_t before = load_raw16(icmp);

	if (icmp[1] != 0)
		return ICMP_UNANSWERED;
	icmp[0] = view->is_v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY;
	store_raw16(icmp + ICMP_CHECKSUM,
		checksum_apply(load_raw16(icmp + ICMP_CHECKSUM),
			checksum_fold(checksum_delta16(before, load_raw16(icmp)))));
	swap_addresses(packet_l3(packet), view);
	return ICMP_ANSWERED;
}

static bool is_echo_request(const uint8_t *icmp, bool is_v6)
{
	return icmp[0] == (is_v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST);
}

// The quoted packet went the other way: its destination is where the error comes from.
static void own_forwarded(struct worker *worker, struct packet_meta *meta,
	const struct icmp_quote *q, uint8_t local_index)
{
	meta->local_index = local_index;
	meta->hash = session_reply_hash(&worker->sessions, &q->destination, &q->source,
		q->destination_port, q->source_port, q->protocol);
}

static bool is_known(const struct worker *worker, const struct packet_meta *meta)
{
	const struct ip_address *destination = &meta->view.destination;

	return node_own_address(worker->node, destination) ||
	       vip_address_known(worker->vips, destination) ||
	       node_is_link_local(worker->node, meta->port_in, destination);
}

static enum icmp_outcome find_owner(struct worker *worker, struct packet_meta *meta,
	const struct icmp_quote *q, enum packet_work *work, unsigned int *owner)
{
	const struct own_address *own = node_own_address(worker->node, &q->source);
	const struct vip *vip = NULL;

	*work = WORK_ERROR_REPLY;
	if (own && own->kind == OWN_LOCAL) { // what full NAT sent to a backend
		own_forwarded(worker, meta, q, own->index);
		*owner = node_owner_of_port(worker->node, q->source_port);
		return ICMP_ERROR;
	}
	vip_lookup(worker->vips, &q->source, q->source_port, q->protocol, &vip);
	if (!vip && is_known(worker, meta))
		return ICMP_UNANSWERED;
	if (!vip) { // what DNAT sent to a backend, if at all
		own_forwarded(worker, meta, q, SESSION_LOCAL_CLIENT);
		*owner = dispatch_owner_of_client(worker, &q->source, q->source_port);
		return ICMP_ERROR;
	}
	*work = WORK_ERROR_FORWARD;
	meta->service = vip->service;
	meta->vip_slot = vip->slot;
	meta->hash = session_forward_hash(&worker->sessions, &q->destination, &q->source,
		q->destination_port, q->source_port, q->protocol);
	*owner = dispatch_owner_of_client(worker, &q->destination, q->destination_port);
	return ICMP_ERROR;
}

enum icmp_outcome icmp_receive(
	struct worker *worker, struct rte_mbuf *packet, enum packet_work *work, unsigned int *owner)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const uint8_t *icmp = packet_l4(packet);
	struct icmp_quote quote;
	bool known = is_known(worker, meta);

	if (!checksum_right(icmp, view))
		return ICMP_BAD_CHECKSUM;
	if (is_echo_request(icmp, view->is_v6))
		return known ? answer_echo(packet) : ICMP_UNKNOWN_ADDRESS;
	switch (known ? icmp_tunnel_too_big(worker, packet) : ICMP_TUNNEL_NOT_ONE) {
	case ICMP_TUNNEL_ANSWERED:
		return ICMP_ANSWERED;
	case ICMP_TUNNEL_PLAIN:
		if (worker->node->tier == DT_TIER_EIP)
			return ICMP_PLAIN;
		break;
	case ICMP_TUNNEL_NOT_ONE:
		break;
	}
	// An error goes to whoever sent the packet that it quotes.
	if (!icmp_quote_read(packet_l3(packet), view, &quote) ||
		!ip_equal(&quote.source, &view->destination))
		return known ? ICMP_UNANSWERED : ICMP_UNKNOWN_ADDRESS;
	return find_owner(worker, meta, &quote, work, owner);
}
