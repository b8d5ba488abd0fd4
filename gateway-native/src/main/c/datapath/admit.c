// SPDX-License-Identifier: Apache-2.0
#include "admit.h"

#include "nat.h"
#include "session_follow.h"
#include "stamp.h"

#include "../packet/bytes.h"

static const enum dt_drop_reason choice_reasons[] = {
	[BACKEND_CHOSEN] = DT_DROP_NONE,
	[BACKEND_NONE] = DT_DROP_NO_BACKEND,
	[BACKEND_NONE_HEALTHY] = DT_DROP_NO_HEALTHY_BACKEND,
	[BACKEND_UNKNOWN_SERVER] = DT_DROP_QUIC_UNKNOWN_SERVER,
};

static bool is_first_packet(const struct packet_view *view)
{
	if (view->protocol == PROTOCOL_UDP)
		return true;
	return (session_follow_flags(view) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

// A server's answer to such a source would come to us as if it were a client's packet. Of UDP,
// where anything begins a flow, two VIPs might answer each other for good.
static bool is_forged_source(const struct worker *worker, const struct packet_view *view)
{
	return node_own_address(worker->node, &view->source) ||
	       ip_equal(&view->source, &view->destination) ||
	       (view->protocol == PROTOCOL_UDP && vip_address_known(worker->vips, &view->source));
}

// The limit is the node's, so every worker's sessions count.
static bool has_too_many_sessions(
	const struct worker *worker, const struct vip *vip, unsigned int leaving)
{
	const struct node *node = worker->node;
	uint64_t total = 0;

	for (unsigned int i = node->dispatcher_count; i < node->worker_count; i++)
		total += __atomic_load_n(
			&node->workers[i]->service_sessions[vip->service], __ATOMIC_RELAXED);
	return total - leaving >= vip->limits.sessions;
}

static bool is_node_full(const struct worker *worker, unsigned int leaving)
{
	const struct node *node = worker->node;
	uint64_t limit = atomic_load_explicit(&node->session_limit, memory_order_relaxed);

	return limit && worker->sessions.count - leaving >= node_share(node, worker->index, limit);
}

// leaving: sessions that make room for the new one.
static enum dt_drop_reason check_limits(
	struct worker *worker, const struct vip *vip, unsigned int leaving)
{
	const struct node *node = worker->node;
	uint32_t rate = vip->limits.new_connections_per_second;

	if (atomic_load_explicit(&node->state, memory_order_relaxed) == NODE_DRAINING)
		return DT_DROP_DRAINING;
	// Before the limits of VIPs: what none gets room for does not use them up.
	if (is_node_full(worker, leaving))
		return DT_DROP_FLOW_LIMIT;
	if (rate && !rate_limit_take(&worker->buckets[vip->slot].connections, rate, 1,
			    node_owners(node), worker->now.mono_ns))
		return DT_DROP_NEW_CONNECTION_LIMIT;
	if (vip->limits.sessions && has_too_many_sessions(worker, vip, leaving))
		return DT_DROP_VIP_SESSION_LIMIT;
	return DT_DROP_NONE;
}

static enum dt_drop_reason choose(struct worker *worker, const struct packet_view *view,
	const struct vip *vip, const struct backend **backend)
{
	const struct schedule_state state = {
		.cursor = &worker->round_robin[vip->service],
		.target_sessions = worker->target_sessions,
	};

	return choice_reasons[vip_choose_backend(
		vip, &view->source, view->source_port, &state, backend)];
}

// A DNAT reply is told apart by backend and client alone: one client port at a time reaches a
// backend, whichever VIP it came through. What is over gives way.
static enum dt_drop_reason take_client_key(
	struct worker *worker, struct session *fresh, const struct backend *backend, uint64_t *hash)
{
	struct session *other;

	if (ip_is_v4(&fresh->client) != ip_is_v4(&backend->address))
		return DT_DROP_NAT_FAIL;
	fresh->local_index = SESSION_LOCAL_CLIENT;
	fresh->local_port = fresh->client_port;
	*hash = session_reply_hash(&worker->sessions, &backend->address, &fresh->client,
		backend->port, fresh->client_port, fresh->protocol);
	other = session_find_reply(&worker->sessions, *hash, &backend->address, backend->port,
		SESSION_LOCAL_CLIENT, &fresh->client, fresh->client_port, fresh->protocol);
	if (other && !session_is_over(other))
		return DT_DROP_NAT_FAIL;
	if (other)
		session_remove(&worker->sessions, other);
	return DT_DROP_NONE;
}

static bool has_local(const struct node *node, bool v4)
{
	for (unsigned int i = 0; i < node->local_count; i++) {
		if (ip_is_v4(&node->locals[i]) == v4)
			return true;
	}
	return false;
}

static enum dt_drop_reason take_local_port(struct worker *worker, struct session *fresh,
	const struct backend *backend, uint64_t forward_hash, uint64_t *reply_hash)
{
	if (port_pool_take(&worker->ports, &worker->sessions, fresh, forward_hash, reply_hash))
		return DT_DROP_NONE;
	// An address of another family than every local address cannot be reached at all.
	return has_local(worker->node, ip_is_v4(&backend->address)) ? DT_DROP_PORT_POOL_EXHAUSTED
								    : DT_DROP_NAT_FAIL;
}

static enum dt_drop_reason take_reply_key(struct worker *worker, struct session *fresh,
	const struct vip *vip, const struct backend *backend, uint64_t forward_hash,
	uint64_t *reply_hash)
{
	switch ((enum vip_mode)vip->mode) {
	case VIP_FULL_NAT:
		return take_local_port(worker, fresh, backend, forward_hash, reply_hash);
	case VIP_DNAT:
		return take_client_key(worker, fresh, backend, reply_hash);
	case VIP_TUNNEL:
		fresh->local_index = SESSION_LOCAL_NONE;
		return DT_DROP_NONE;
	}
	return DT_DROP_NAT_FAIL;
}

static void count_session(struct worker *worker, const struct vip *vip, const struct session *s)
{
	uint32_t *of_service = &worker->service_sessions[s->service];

	__atomic_store_n(of_service, *of_service + 1, __ATOMIC_RELAXED);
	worker->target_sessions[s->target]++;
	worker->service_slots[s->service] = vip->slot;
	worker->vip_counters[vip->slot].new_sessions++;
	worker->vip_counters[vip->slot].sessions++;
}

// In the place of *session, if there is one: that goes once nothing keeps the new one from coming.
static enum dt_drop_reason make_session(struct worker *worker, const struct packet_meta *meta,
	const struct vip *vip, const struct backend *backend, struct session **session)
{
	const struct packet_view *view = &meta->view;
	struct session fresh = {
		.client = view->source,
		.client_port = view->source_port,
		.protocol = view->protocol,
		.service = vip->service,
		.target = backend->target,
	};
	struct session *old = *session;
	bool told = vip->toa && vip->mode == VIP_FULL_NAT && view->protocol == PROTOCOL_TCP;
	struct session_ends ends;
	enum dt_drop_reason reason;
	uint64_t reply_hash = 0;

	// First of all: nothing has to be given back then.
	if (worker->sessions.count == worker->sessions.capacity && !old)
		return DT_DROP_SESSION_TABLE_FULL;
	reason = take_reply_key(worker, &fresh, vip, backend, meta->hash, &reply_hash);
	if (reason != DT_DROP_NONE)
		return reason;
	session_follow_begin(&fresh);
	fresh.flags |= told ? SESSION_TOA_DUE : 0;
	if (old)
		session_remove(&worker->sessions, old);
	ends = session_ends(worker, &fresh, vip);
	nat_prepare(&fresh, &ends);
	*session = session_insert(&worker->sessions, &fresh, meta->hash, reply_hash, worker->tick);
	if (!*session) {
		port_pool_give(&worker->ports, &fresh);
		return DT_DROP_SESSION_TABLE_FULL;
	}
	count_session(worker, vip, *session);
	return DT_DROP_NONE;
}

enum dt_drop_reason admit(struct worker *worker, struct rte_mbuf *packet, const struct vip *vip,
	const struct backend *backend, struct session **session)
{
	struct packet_meta *meta = packet_meta(packet);
	enum dt_drop_reason reason;

	if (!is_first_packet(&meta->view))
		return DT_DROP_NON_SYN_NO_SESSION;
	reason = check_limits(worker, vip, *session != NULL);
	// Behind the limits: a flood that they stop pays nothing for it.
	if (reason == DT_DROP_NONE && unlikely(is_forged_source(worker, &meta->view)))
		return DT_DROP_MALFORMED_IP;
	if (reason == DT_DROP_NONE && !backend)
		reason = choose(worker, &meta->view, vip, &backend);
	if (reason != DT_DROP_NONE)
		return reason;
	meta->backend_slot = backend->slot;
	stamp(worker, meta, DT_TP_BACKEND);
	return make_session(worker, meta, vip, backend, session);
}

enum dt_drop_reason admit_quic(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, struct session **session)
{
	const struct backend *backend = NULL;
	const uint8_t *udp = packet_l4(packet);
	struct quic_server_id server_id;
	enum dt_drop_reason reason = DT_DROP_NONE;

	switch (quic_read(udp + UDP_BYTES, load_be16(udp + UDP_LENGTH) - (size_t)UDP_BYTES,
		vip->quic, &server_id)) {
	case QUIC_MALFORMED:
		return DT_DROP_MALFORMED_QUIC;
	case QUIC_SERVER:
		reason = choice_reasons[vip_choose_server(vip, &server_id, &backend)];
		break;
	case QUIC_NO_SERVER:
		break;
	}
	// A session outlives its backend's place in the configuration.
	if (*session &&
		(reason != DT_DROP_NONE || !backend || backend->target == (*session)->target))
		return DT_DROP_NONE;
	if (reason != DT_DROP_NONE)
		return reason;
	return admit(worker, packet, vip, backend, session);
}
