// SPDX-License-Identifier: Apache-2.0
#include "steer.h"

#include "clb_fast.h"
#include "decolour.h"
#include "dispatch.h"
#include "drop.h"
#include "eip.h"
#include "eip_fast.h"
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

// Of TCP alone: the length is zero for others.
static inline bool has_options(const struct packet_view *view)
{
	return view->tcp_header_len > TCP_MIN_BYTES;
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

static inline void to_vip_decoloured(
	struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	enum dt_drop_reason reason;
	const struct vip *vip;

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

static void to_vip(struct worker *w, struct steer_burst *owned, struct rte_mbuf *packet)
{
	if (has_options(&packet_meta(packet)->view) && decolour(w, packet) == DECOLOUR_MALFORMED)
		drop(w, packet, DT_DROP_MALFORMED_TCP);
	else
		to_vip_decoloured(w, owned, packet);
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
	case ICMP_PLAIN:
		eip(w, &packet, 1);
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

// All but what goes to an EIP.
static inline void act(struct worker *w, struct rte_mbuf *packet, enum receive_outcome outcome,
	enum dt_drop_reason reason, struct steer_burst *owned)
{
	switch (outcome) {
	case RECEIVE_TO_VIP:
		to_vip(w, owned, packet);
		return;
	case RECEIVE_TO_LOCAL:
		to_local(w, owned, packet);
		return;
	case RECEIVE_TO_EIP:
		return;
	case RECEIVE_ICMP:
		to_icmp(w, owned, packet);
		return;
	case RECEIVE_NEIGHBOUR:
		neighbour_input(w, packet);
		return;
	case RECEIVE_DROP:
		drop(w, packet, reason);
		return;
	}
}

// From the first packet on that may be a probe, the rest of a burst waits until all of it has been
// received: MACs are calculated together.
struct received {
	unsigned int count;
	unsigned int to_vip_count;
	struct rte_mbuf *packets[WORKER_BURST];
	struct rte_mbuf *to_vips[WORKER_BURST]; // those of them
	uint8_t outcomes[WORKER_BURST];         // enum receive_outcome
	uint16_t reasons[WORKER_BURST];         // enum dt_drop_reason
};

static void wait_for_rest(struct received *waiting, struct rte_mbuf *packet,
	enum receive_outcome outcome, enum dt_drop_reason reason)
{
	waiting->packets[waiting->count] = packet;
	waiting->outcomes[waiting->count] = (uint8_t)outcome;
	waiting->reasons[waiting->count++] = (uint16_t)reason;
	waiting->to_vips[waiting->to_vip_count] = packet;
	waiting->to_vip_count += outcome == RECEIVE_TO_VIP;
}

// Each goes on in its turn, as it would have without waiting.
static __attribute__((noinline)) void act_on_waiting(
	struct worker *w, const struct received *waiting, struct steer_burst *owned)
{
	decolour_ahead(w, waiting->to_vips, waiting->to_vip_count);
	for (unsigned int i = 0; i < waiting->count; i++) {
		const enum receive_outcome outcome = (enum receive_outcome)waiting->outcomes[i];

		if (likely(outcome == RECEIVE_TO_VIP))
			to_vip(w, owned, waiting->packets[i]);
		else
			act(w, waiting->packets[i], outcome,
				(enum dt_drop_reason)waiting->reasons[i], owned);
	}
}

static void process(
	struct worker *w, struct rte_mbuf **packets, unsigned int count, unsigned int port)
{
	struct steer_burst owned, elastic; // of the packets, only what count says is there
	struct received waiting;
	int plain_tcp_bytes = TCP_MIN_BYTES; // of a header; below 0: the packets wait

	owned.count = 0;
	elastic.count = 0;
	waiting.count = 0;
	waiting.to_vip_count = 0;
	for (unsigned int i = 0; i < count; i++) {
		enum dt_drop_reason reason = DT_DROP_NONE;
		enum receive_outcome outcome = receive(w, packets[i], port, &reason);

		if (likely(outcome == RECEIVE_TO_VIP &&
			    packet_meta(packets[i])->view.tcp_header_len <= plain_tcp_bytes)) {
			to_vip_decoloured(w, &owned, packets[i]);
		} else if (outcome == RECEIVE_TO_EIP) {
			elastic.packets[elastic.count++] = packets[i];
		} else if (plain_tcp_bytes < 0 ||
			   (outcome == RECEIVE_TO_VIP && decolour_may_be_probe(packets[i]))) {
			plain_tcp_bytes = -1;
			wait_for_rest(&waiting, packets[i], outcome, reason);
		} else {
			act(w, packets[i], outcome, reason, &owned);
		}
	}
	if (elastic.count)
		eip(w, elastic.packets, elastic.count);
	if (unlikely(waiting.count))
		act_on_waiting(w, &waiting, &owned);
	steer_work(w, &owned);
}

// In order: a flow's packets may go either way. Who does not fit goes together with those behind
// it.
static void process_in_turn(struct worker *w, struct eip_fast_burst *burst)
{
	for (unsigned int done = eip_fast_pass(w, burst, 0); done < burst->count;
		done = eip_fast_pass(w, burst, done)) {
		unsigned int misfits = eip_fast_misfits(burst, done);

		process(w, burst->packets + done, misfits, burst->port);
		done += misfits;
	}
}

static void process_sessions_in_turn(struct worker *w, struct clb_fast_burst *burst)
{
	for (unsigned int done = clb_fast_pass(w, burst, 0); done < burst->count;
		done = clb_fast_pass(w, burst, done)) {
		unsigned int misfits = clb_fast_misfits(burst, done);

		process(w, burst->packets + done, misfits, burst->port);
		done += misfits;
	}
}

void worker_process(
	struct worker *w, struct rte_mbuf **packets, unsigned int count, unsigned int port)
{
	union { // a node has one tier
		struct eip_fast_burst elastic;
		struct clb_fast_burst sessions;
	} burst;

	w->counters.rx_packets += count;
#pragma GCC unroll 4
	for (unsigned int i = 0; i < count; i++)
		prefetch(rte_pktmbuf_mtod(packets[i], void *));
	if (eip_fast_look(w, packets, count, port, &burst.elastic))
		process_in_turn(w, &burst.elastic);
	else if (clb_fast_look(w, packets, count, port, &burst.sessions))
		process_sessions_in_turn(w, &burst.sessions);
	else
		process(w, packets, count, port);
}
