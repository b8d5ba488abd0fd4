// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include "decolour.h"
#include "dispatch.h"
#include "drop.h"
#include "eip.h"
#include "forward.h"
#include "icmp.h"
#include "leave.h"
#include "neighbour_input.h"
#include "receive.h"
#include "reply.h"
#include "transmit.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <stdlib.h>

#define ANNOUNCEMENTS 3 // gratuitous ARPs after the start, one at each step of the neighbours

// The packets of a burst that this worker owns, on their way through prefetching to their stage.
struct owned {
	struct rte_mbuf *packets[WORKER_BURST];
	unsigned int count;
};

static void unreachable(void *context, void *packet)
{
	drop(context, packet, DT_DROP_NO_NEIGHBOUR);
}

static void session_removed(void *context, const struct session *session)
{
	struct worker *worker = context;
	uint32_t *of_service = &worker->service_sessions[session->service];

	port_pool_give(&worker->ports, session);
	worker->vip_counters[worker->service_slots[session->service]].sessions--;
	worker->target_sessions[session->target]--;
	worker->counters.toa_untold += (session->flags & SESSION_TOA_DUE) != 0;
	// Last: once it is 0, the control thread may give the ids away.
	__atomic_store_n(of_service, *of_service - 1, __ATOMIC_RELEASE);
}

static bool owns_flows(const struct worker *w)
{
	return w->index >= w->node->dispatcher_count;
}

// A dispatcher has no sessions; its table is there to hash with.
static uint32_t capacity_of(const struct worker *w, const struct worker_config *config)
{
	return owns_flows(w) ? config->session_capacity : SESSION_MIN_CAPACITY;
}

static int make_tables(struct worker *w, const struct worker_config *config)
{
	const struct node *node = w->node;
	const struct port_pool_config ports = {
		.locals = node->locals,
		.local_count = node->local_count,
		.workers = node_owners(node),
		.worker = owns_flows(w) ? w->index - node->dispatcher_count : 0,
		.first_port = config->first_local_port,
		.last_port = config->last_local_port,
		.start = (uint32_t)(config->random_seed >> 32),
	};

	w->session_memory = rte_malloc_socket("sessions",
		session_table_bytes(capacity_of(w, config)), RTE_CACHE_LINE_SIZE, config->socket);
	w->neighbours = calloc(1, sizeof(*w->neighbours));
	w->drops = calloc(VIP_MAX + 1, sizeof(*w->drops));
	w->vip_counters = calloc(VIP_MAX, sizeof(*w->vip_counters));
	w->buckets = calloc(VIP_MAX, sizeof(*w->buckets));
	w->round_robin = calloc(SERVICE_MAX, sizeof(*w->round_robin));
	w->service_slots = calloc(SERVICE_MAX, sizeof(*w->service_slots));
	w->service_sessions = calloc(SERVICE_MAX, sizeof(*w->service_sessions));
	w->target_sessions = calloc(TARGET_MAX, sizeof(*w->target_sessions));
	if (!w->session_memory || !w->neighbours || !w->drops || !w->vip_counters || !w->buckets ||
		!w->round_robin || !w->service_slots || !w->service_sessions || !w->target_sessions)
		return -ENOMEM;
	for (unsigned int i = 0; i < SERVICE_MAX; i++) // begun apart in each worker
		w->round_robin[i] = w->index;
	return port_pool_init(&w->ports, &ports);
}

int worker_create(const struct worker_config *config, struct worker **out)
{
	struct node *node = config->node;
	struct worker *w =
		rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, config->socket);

	if (!w)
		return -ENOMEM;
	w->index = config->index;
	w->node = node;
	w->pool = config->pool;
	w->random =
		flow_hash_mix(config->random_seed ^ 0x9e3779b97f4a7c15ull, config->index + 1ull) |
		1;
	w->ip_id = (uint16_t)(config->random_seed ^ config->index << 10);
	if (make_tables(w, config) != 0) {
		worker_free(w);
		return -ENOMEM;
	}
	session_table_init(&w->sessions, w->session_memory, capacity_of(w, config), node->hash_seed,
		node->targets, config->session_timeout_ticks);
	w->sessions.on_remove = session_removed;
	w->sessions.context = w;
	w->neighbours->callbacks = (struct neighbour_callbacks){
		.request = neighbour_request,
		.unreachable = unreachable,
		.context = w,
	};
	w->neighbours->assume_present = config->assume_neighbours;
	node->workers[config->index] = w;
	*out = w;
	return 0;
}

static void release_packets(struct worker *w)
{
	struct rte_mbuf *packet;

	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		while (w->from[i] && rte_ring_sc_dequeue(w->from[i], (void **)&packet) == 0)
			drop(w, packet, DT_DROP_HANDOFF_RING_FULL);
	}
	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		while (w->handover[i].count)
			drop(w, w->handover[i].packets[--w->handover[i].count],
				DT_DROP_HANDOFF_RING_FULL);
	}
	neighbour_flush(w->neighbours);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->neighbours && w->drops && w->push)
		release_packets(w);
	port_pool_free(&w->ports);
	rte_free(w->session_memory);
	free(w->neighbours);
	free(w->drops);
	free(w->vip_counters);
	free(w->buckets);
	free(w->round_robin);
	free(w->service_slots);
	free(w->service_sessions);
	free(w->target_sessions);
	rte_free(w);
}

void worker_begin(struct worker *w)
{
	w->now = w->node->clock(w->node->clock_context);
	w->tick = (uint32_t)(w->now.mono_ns / SESSION_TICK_NS);
	w->vips = atomic_load_explicit(&w->node->vips, memory_order_acquire);
}

static void work(struct worker *w, struct rte_mbuf *packet)
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

static void work_all(struct worker *w, struct owned *owned)
{
	for (unsigned int i = 0; i < owned->count; i++)
		session_prefetch_session(&w->sessions, packet_meta(owned->packets[i])->hash);
	for (unsigned int i = 0; i < owned->count; i++)
		work(w, owned->packets[i]);
}

static void to_owner(struct worker *w, struct owned *owned, struct rte_mbuf *packet,
	enum packet_work kind, unsigned int owner)
{
	if (!dispatch(w, packet, kind, owner))
		return;
	session_prefetch_bucket(&w->sessions, packet_meta(packet)->hash);
	owned->packets[owned->count++] = packet;
}

static bool has_options(const struct packet_view *view)
{
	return view->protocol == PROTOCOL_TCP && view->tcp_header_len > TCP_MIN_BYTES;
}

// A packet for no VIP may be a DNAT backend's reply to its client: the client's owner knows.
static void to_client(struct worker *w, struct owned *owned, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;

	meta->local_index = SESSION_LOCAL_CLIENT;
	meta->hash = session_reply_hash(&w->sessions, &view->source, &view->destination,
		view->source_port, view->destination_port, view->protocol);
	to_owner(w, owned, packet, WORK_REPLY,
		dispatch_owner_of_client(w, &view->destination, view->destination_port));
}

static void to_vip(struct worker *w, struct owned *owned, struct rte_mbuf *packet)
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

static void to_local(struct worker *w, struct owned *owned, struct rte_mbuf *packet)
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
	enum dt_drop_reason reason =
		leave_encapsulate(packet, tunnel_of(w->node, packet_meta(packet)->tunnel_in));

	if (reason != DT_DROP_NONE)
		drop(w, packet, reason);
	else
		transmit(w, packet);
}

static void to_icmp(struct worker *w, struct owned *owned, struct rte_mbuf *packet)
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
	struct owned owned = {.count = 0}, elastic = {.count = 0};

	w->counters.rx_packets += count;
	for (unsigned int i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
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
	work_all(w, &owned);
}

void worker_flush(struct worker *w)
{
	dispatch_flush(w);
	for (unsigned int i = 0; i < w->node->port_count; i++)
		transmit_flush(w, i);
}

static void serve_sample(struct worker *w)
{
	struct session_sample *sample = &w->sample;
	uint32_t wanted = atomic_load_explicit(&sample->wanted, memory_order_acquire), cursor = 0;
	const struct session *s;

	if (wanted == atomic_load_explicit(&sample->served, memory_order_relaxed))
		return;
	sample->count = 0;
	sample->tick = w->tick;
	// Bounded: a look at the whole of a big, nearly empty table would be a gap in forwarding.
	while (sample->count < WORKER_SESSION_SAMPLE &&
		cursor < RTE_MIN(w->sessions.capacity, 4096u)) {
		s = session_table_next(&w->sessions, &cursor);
		if (!s)
			break;
		sample->sessions[sample->count++] = *s;
	}
	atomic_store_explicit(&sample->served, wanted, memory_order_release);
}

// Each family that has a default gateway reaches it.
static bool gateways_answer(const struct worker *w)
{
	const struct node *node = w->node;
	int v4 = node->default_port_v4, v6 = node->default_port_v6;

	return (v4 < 0 || neighbour_is_reachable(w->neighbours, &node->ports[v4].v4.gateway)) &&
	       (v6 < 0 || neighbour_is_reachable(w->neighbours, &node->ports[v6].v6.gateway));
}

void worker_housekeep(struct worker *w, unsigned int found)
{
	const struct node *node = w->node;
	uint32_t steps = RTE_MIN(RTE_MAX(2 * found, WORKER_AGE_STEPS), WORKER_AGE_MAX_STEPS);

	session_table_age(&w->sessions, w->tick, steps);
	serve_sample(w);
	if (w->now.mono_ns - w->neighbours_stepped_ns < NEIGHBOUR_STEP_NS)
		return;
	w->neighbours_stepped_ns = w->now.mono_ns;
	neighbour_step(w->neighbours, w->now.mono_ns);
	atomic_store_explicit(&w->next_hop_reachable, gateways_answer(w), memory_order_relaxed);
	if (w->index == 0 && w->announced < ANNOUNCEMENTS && !w->neighbours->assume_present) {
		w->announced++;
		for (unsigned int i = 0; i < node->port_count; i++)
			neighbour_announce(w, i);
	}
}

static unsigned int poll_ports(struct worker *w)
{
	struct rte_mbuf *packets[WORKER_BURST];
	unsigned int total = 0;

	if (!node_polls_ports(w->node, w->index))
		return 0;
	for (unsigned int i = 0; i < w->node->port_count; i++) {
		uint16_t n;

		if (w->index >= w->node->ports[i].rx_queues)
			continue;
		n = rte_eth_rx_burst(
			w->node->ports[i].id, (uint16_t)w->index, packets, WORKER_BURST);
		if (n)
			worker_process(w, packets, n, i);
		total += n;
	}
	return total;
}

// *emptied: nothing that another worker handed over before this call is left.
static unsigned int poll_rings(struct worker *w, bool *emptied)
{
	struct owned owned;
	unsigned int total = 0;

	*emptied = true;
	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		unsigned int left = 0;

		if (i == w->index)
			continue;
		owned.count = rte_ring_sc_dequeue_burst(
			w->from[i], (void **)owned.packets, WORKER_BURST, &left);
		for (unsigned int p = 0; p < owned.count; p++)
			session_prefetch_bucket(&w->sessions, packet_meta(owned.packets[p])->hash);
		work_all(w, &owned);
		total += owned.count;
		if (left)
			*emptied = false;
	}
	return total;
}

static void measure_gap(struct worker *w)
{
	uint64_t gap;

	if (w->last_poll_ns) {
		gap = w->now.mono_ns - w->last_poll_ns;
		gap = gap > w->slept_ns ? gap - w->slept_ns : 0;
		if (gap > atomic_load_explicit(&w->longest_gap_ns, memory_order_relaxed))
			atomic_store_explicit(&w->longest_gap_ns, gap, memory_order_relaxed);
	}
	w->last_poll_ns = w->now.mono_ns;
	w->slept_ns = 0;
}

// The earliest time a packet that may still be handed to this worker was received at.
static uint64_t floor_of_all(const struct worker *w)
{
	uint64_t floor = w->now.real_ns;

	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		uint64_t theirs =
			atomic_load_explicit(&w->node->workers[i]->floor_ns, memory_order_acquire);

		if (i != w->index && theirs < floor)
			floor = theirs;
	}
	return floor;
}

unsigned int worker_poll(struct worker *w)
{
	unsigned int found;
	uint64_t floor;
	bool emptied;

	worker_begin(w);
	measure_gap(w);
	// What was received before now has been handed on by this worker's earlier polls.
	atomic_store_explicit(&w->floor_ns, w->now.real_ns, memory_order_release);
	floor = floor_of_all(w);
	found = poll_ports(w);
	found += poll_rings(w, &emptied);
	worker_housekeep(w, found);
	worker_flush(w);
	if (emptied)
		w->complete_until_ns = floor;
	if (w->node->qsbr)
		rte_rcu_qsbr_quiescent(w->node->qsbr, w->index);
	return found;
}
