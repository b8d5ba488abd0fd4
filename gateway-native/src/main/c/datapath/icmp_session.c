// SPDX-License-Identifier: Apache-2.0
#include "icmp.h"

#include "drop.h"
#include "leave.h"
#include "nat.h"
#include "reply.h"
#include "stamp.h"
#include "transmit.h"

#include "../packet/icmp_quote.h"

static struct session *find_quoted(struct worker *worker, const struct packet_meta *meta,
	const struct icmp_quote *q, bool forward)
{
	if (forward)
		return session_find_forward(&worker->sessions, meta->hash, &q->destination,
			q->destination_port, meta->service);
	return session_find_reply(&worker->sessions, meta->hash, &q->destination,
		q->destination_port, meta->local_index, &q->source, q->source_port, q->protocol);
}

// About a forwarded packet: to the client, which sent it to the VIP. The backend shows as the VIP;
// a router between stays itself, as far as the client's family can name it.
static struct icmp_told told_client(const struct ip_address *from, const struct session_ends *ends)
{
	bool keeps = !ip_equal(from, ends->backend) && ip_is_v4(from) == ip_is_v4(ends->client);

	return (struct icmp_told){
		.source = keeps ? *from : *ends->vip,
		.destination = *ends->client,
		.quoted_source = *ends->client,
		.quoted_destination = *ends->vip,
		.quoted_source_port = ends->client_port,
		.quoted_destination_port = ends->vip_port,
	};
}

// About a reply: to the backend, which sent it to the local address. That is also who the error
// comes from: a client's address means nothing to the backend's network, unless DNAT showed it.
static struct icmp_told told_backend(const struct ip_address *from, const struct session_ends *ends)
{
	return (struct icmp_told){
		.source = ends->local == ends->client ? *from : *ends->local,
		.destination = *ends->backend,
		.quoted_source = *ends->backend,
		.quoted_destination = *ends->local,
		.quoted_source_port = ends->backend_port,
		.quoted_destination_port = ends->local_port,
	};
}

enum dt_drop_reason icmp_replace(struct rte_mbuf *packet, const uint8_t *bytes, size_t len)
{
	uint16_t now = packet->data_len;

	if (len > now && !rte_pktmbuf_append(packet, (uint16_t)(len - now)))
		return DT_DROP_NO_HEADROOM;
	if (len < now)
		rte_pktmbuf_trim(packet, (uint16_t)(now - len));
	memcpy(packet_l3(packet), bytes, len);
	return DT_DROP_NONE;
}

static enum dt_drop_reason translate(struct rte_mbuf *packet, const struct icmp_quote *quote,
	const struct session_ends *ends, bool forward)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	struct icmp_told told =
		forward ? told_backend(&view->source, ends) : told_client(&view->source, ends);
	uint8_t bytes[ICMP_QUOTE_MAX_BYTES];
	size_t len = icmp_quote_write(packet_l3(packet), view, quote, &told, bytes);

	return len ? icmp_replace(packet, bytes, len) : DT_DROP_ICMP_UNSUPPORTED;
}

// A tunnel's backend sent the reply as the VIP itself, and so gets the error as it is.
static enum dt_drop_reason pass_on(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, const struct session_ends *ends)
{
	struct tunnel tunnel;

	if (!leave_tunnel(worker, vip, ends->backend, &tunnel))
		return DT_DROP_TUNNEL_ENCAP_FAIL;
	nat_decrement_ttl(packet);
	return leave_encapsulate(packet, &tunnel);
}

static enum dt_drop_reason let_through(struct worker *worker, struct rte_mbuf *packet,
	const struct icmp_quote *quote, struct session *session, bool forward)
{
	struct packet_meta *meta = packet_meta(packet);
	enum dt_drop_reason reason;
	struct session_ends ends;
	const struct vip *vip;

	if (!forward)
		reply_take_key(worker, meta, session);
	reason = session_vip(worker, session, &vip);
	if (reason != DT_DROP_NONE)
		return reason;
	if (meta->view.ttl <= 1)
		return DT_DROP_TTL_EXCEEDED;
	ends = session_ends(worker, session, vip);
	if (vip->mode == VIP_TUNNEL)
		return pass_on(worker, packet, vip, &ends);
	reason = translate(packet, quote, &ends, forward);
	if (reason == DT_DROP_NONE && !forward)
		reason = leave_encapsulate(packet, node_tunnel_back(worker->node, session->tunnel));
	return reason;
}

void icmp_error(struct worker *worker, struct rte_mbuf *packet, bool forward)
{
	struct packet_meta *meta = packet_meta(packet);
	enum dt_drop_reason reason;
	struct session *session;
	struct icmp_quote quote;

	meta->direction = forward ? DT_DIR_FORWARD : DT_DIR_REPLY;
	meta->stage = DT_TP_SESSION;
	if (!icmp_quote_read(packet_l3(packet), &meta->view, &quote)) {
		drop(worker, packet, DT_DROP_ICMP_UNSUPPORTED);
		return;
	}
	session = find_quoted(worker, meta, &quote, forward);
	if (!session) {
		// To an address that is not ours, the error was no DNAT session's either.
		drop(worker, packet,
			!forward && meta->local_index == SESSION_LOCAL_CLIENT
				? DT_DROP_NO_VIP
				: DT_DROP_ICMP_UNSUPPORTED);
		return;
	}
	meta->vip_slot = worker->service_slots[session->service];
	meta->backend_slot = worker->node->targets[session->target].backend_slot;
	reason = let_through(worker, packet, &quote, session, forward);
	if (reason != DT_DROP_NONE)
		drop(worker, packet, reason);
	else
		transmit(worker, packet);
}
