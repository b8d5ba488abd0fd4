// SPDX-License-Identifier: Apache-2.0
#include "admit.h"

#include "nat.h"
#include "stamp.h"

#define ONE_CONNECTION 1000000000ull // tokens: `limit` flow in each nanosecond

// The limit is the node's; each of n workers sees about an nth of the flows, so here a connection
// costs n. A tenth of a second's worth may come at once.
bool admit_take_token(
	struct connection_bucket *bucket, uint32_t limit, unsigned int workers, uint64_t now_ns)
{
	uint64_t cost = ONE_CONNECTION * workers;
	uint64_t burst = RTE_MAX(cost, (uint64_t)limit * ONE_CONNECTION / 10);
	uint64_t elapsed = now_ns - bucket->refilled_ns;

	if (!bucket->used || elapsed > burst / limit) // full; also keeps the product small
		bucket->tokens = burst;
	else
		bucket->tokens = RTE_MIN(burst, bucket->tokens + elapsed * limit);
	bucket->used = true;
	bucket->refilled_ns = now_ns;
	if (bucket->tokens < cost)
		return false;
	bucket->tokens -= cost;
	return true;
}

static bool is_first_packet(const struct packet_view *view)
{
	return view->protocol == PROTOCOL_UDP ||
	       (view->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

static struct session fresh_session(
	const struct packet_view *view, const struct vip *vip, const struct backend *backend)
{
	bool udp = view->protocol == PROTOCOL_UDP;

	return (struct session){
		.client = view->source,
		.vip = view->destination,
		.client_port = view->source_port,
		.vip_port = view->destination_port,
		.backend = backend->address,
		.backend_port = backend->port,
		.protocol = view->protocol,
		.state = udp ? SESSION_UDP : SESSION_SYN_SENT,
		.class = udp ? SESSION_CLASS_UDP : SESSION_CLASS_SYN,
		.vip_slot = vip->slot,
		.backend_slot = backend->slot,
	};
}

enum admit_outcome admit(struct worker *worker, struct packet_meta *meta, const struct vip *vip,
	struct session **session)
{
	const struct packet_view *view = &meta->view;
	const struct backend *backend;
	struct session fresh;

	if (!is_first_packet(view))
		return ADMIT_NOT_A_SYN;
	if (atomic_load_explicit(&worker->node->state, memory_order_relaxed) == NODE_DRAINING)
		return ADMIT_DRAINING;
	if (vip->new_connection_limit &&
		!admit_take_token(&worker->connections[vip->slot], vip->new_connection_limit,
			worker->node->worker_count, worker->now.mono_ns))
		return ADMIT_LIMITED;
	switch (vip_choose_backend(vip, view->source, view->source_port, &backend)) {
	case BACKEND_NONE:
		return ADMIT_NO_BACKEND;
	case BACKEND_NONE_HEALTHY:
		return ADMIT_NO_HEALTHY_BACKEND;
	case BACKEND_CHOSEN:
		break;
	}
	meta->backend_slot = backend->slot;
	stamp(worker, meta, DT_TP_BACKEND);
	if (worker->sessions.count == worker->sessions.capacity)
		return ADMIT_TABLE_FULL;
	fresh = fresh_session(view, vip, backend);
	if (!port_pool_take(&worker->ports, &worker->sessions, &fresh, meta->hash))
		return ADMIT_NO_PORT;
	nat_prepare(&fresh);
	*session = session_insert(&worker->sessions, &fresh, worker->tick);
	if (!*session) {
		port_pool_give(&worker->ports, &fresh);
		return ADMIT_TABLE_FULL;
	}
	worker->vip_counters[vip->slot].new_sessions++;
	worker->vip_counters[vip->slot].sessions++;
	return ADMIT_OK;
}
