// SPDX-License-Identifier: Apache-2.0
#include "steer.h"

#include "decolour.h"
#include "dispatch.h"
#include "drop.h"
#include "eip.h"
#include "forward.h"
#include "icmp.h"
#include "leave.h"
#include "neighbour_input.h"
#include "prefetch.h"
#include "receive.h"
#include "reply.h"
#include "transmit.h"

static inline void work(struct worker *w, struct rte_mbuf *packet)
{
	switch ((enum packet_work)packet_meta(packet)->work) {
	case WORK_FORWARD:
		forward(w, packet);
		return;
	case WORK_REPLY:
		reply(w, packet);
		return;
	case WORK_ERROR_FORWARD:
		icmp_error(w, packet, true);
		return;
	case WORK_ERROR_REPLY:
		icmp_error(w, packet, false);
		return;
	case WORK_TRANSMIT:
		transmit_frame(w, packet, packet_meta(packet)->port_out);
		return;
	case WORK_NEIGHBOUR:
		neighbour_input_copy(w, packet);
		return;
	}
}

void steer_work(struct worker *w, struct steer_burst *owned)
{
	for (unsigned int i = 0; i < owned->count; i++)
		session_prefetch_session(&w->sessions, packet_meta(owned->packets[i])->hash);
	for (unsigned int i = 0; i < owned->count; i++)
		work(w, owned->packets[i]);
}

static inline void to_owner(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet,
	enum packet_work kind, unsigned int owner)
{
	if (likely(owner == w->index))
		packet_meta(packet)->work = (uint8_t)kind;
	else if (!dispatch(w, packet, kind, owner))
		return;
	session_prefetch_bucket(&w->sessions, packet_meta(packet)->hash);
	owned->packets[owned->count++] = packet;
}

static bool has_options(const struct packet_view *view)
{
	return view->protocol == PROTOCOL_TCP && view->tcp_header_len > TCP_MIN_BYTES;
}

// A packet for no VIP may be a DNAT backend's reply to its client: the client's owner knows.
static void to_client(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;

	meta->local_index = SESSION_LOCAL_CLIENT;
	meta->hash = session_reply_hash(&w->sessions, &view->source, &view->destination,
		view->source_port, view->destination_port, view->protocol);
	to_owner(w, owned, packet, WORK_REPLY,
		dispatch_owner_of_client(w, &view->destination, view->destination_port));
}

static inline void to_vip(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	enum dt_drop_reason reason;
	const struct vip *vip;

	if (has_options(view) && decolour(w, packet) == DECOLOUR_MALFORMED) {
		drop(w, packet, DT_DROP_MALFORMED_TCP);
		return;
	}
	reason = forward_find_vip(w, meta, &vip);
	if (reason == DT_DROP_NO_VIP) {
		to_client(w, owned, packet);
		return;
	}
	if (unlikely(reason != DT_DROP_NONE)) {
		drop(w, packet, reason);
		return;
	}
	meta->hash = session_forward_hash(&w->sessions, &view->source, &view->destination,
		view->source_port, view->destination_port, view->protocol);
	to_owner(w, owned, packet, WORK_FORWARD,
		dispatch_owner_of_client(w, &view->source, view->source_port));
}

static void to_local(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;

	// No server begins a connection with us. A probe that went astray dies with its point.
	if (has_options(view) && (view->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		decolour(w, packet);
	meta->hash = session_reply_hash(&w->sessions, &view->source, &view->destination,
		view->source_port, view->destination_port, view->protocol);
	to_owner(w, owned, packet, WORK_REPLY, node_owner_of_port(w->node, view->destination_port));
}

// An answer goes back the way the request came.
static void send_answer(struct worker *w, struct rte_mbuf *packet)
{
	enum dt_drop_reason reason = leave_encapsulate(
		packet, node_tunnel_back(w->node, packet_meta(packet)->tunnel_in));

	if (reason != DT_DROP_NONE)
		drop(w, packet, reason);
	else
		transmit(w, packet);
}

static void to_icmp(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	enum packet_work kind;
	unsigned int owner;

	switch (icmp_receive(w, packet, &kind, &owner)) {
	case ICMP_ANSWERED:
		send_answer(w, packet);
		return;
	case ICMP_ERROR:
		to_owner(w, owned, packet, kind, owner);
		return;
	case ICMP_BAD_CHECKSUM:
		drop(w, packet, DT_DROP_BAD_CHECKSUM);
		return;
	case ICMP_UNANSWERED:
		drop(w, packet, DT_DROP_ICMP_UNSUPPORTED);
		return;
	case ICMP_UNKNOWN_ADDRESS:
		drop(w, packet, DT_DROP_NO_VIP);
		return;
	}
}

void worker_process(
	struct worker *w, struct rte_mbuf **packets, unsigned int count, unsigned int port)
{
	struct steer_burst owned, elastic; // of the packets, only what count says is there

	owned.count = 0;
	elastic.count = 0;
	w->counters.rx_packets += count;
	for (unsigned int i = 0; i < count; i++)
		prefetch(rte_pktmbuf_mtod(packets[i], void *));
	for (unsigned int i = 0; i < count; i++) {
		enum dt_drop_reason reason = DT_DROP_NONE;

		switch (receive(w, packets[i], port, &reason)) {
		case RECEIVE_TO_VIP:
			to_vip(w, &owned, packets[i]);
			break;
		case RECEIVE_TO_LOCAL:
			to_local(w, &owned, packets[i]);
			break;
		case RECEIVE_TO_EIP:
			elastic.packets[elastic.count++] = packets[i];
			break;
		case RECEIVE_ICMP:
			to_icmp(w, &owned, packets[i]);
			break;
		case RECEIVE_NEIGHBOUR:
			neighbour_input(w, packets[i]);
			break;
		case RECEIVE_DROP:
			drop(w, packets[i], reason);
			break;
		}
	}
	if (elastic.count)
		eip(w, elastic.packets, elastic.count);
	steer_work(w, &owned);
}
