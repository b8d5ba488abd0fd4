// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include "drop.h"
#include "huge_memory.h"
#include "neighbour_input.h"

#include <rte_eal.h>
#include <rte_malloc.h>

#include <errno.h>
#include <stdlib.h>

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
	worker->counters.toa_untold +=
		(session->flags & (SESSION_TOA_DUE | SESSION_TOA_TOLD)) == SESSION_TOA_DUE;
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

// EAL's memory without its huge pages is in small ones, for good: then the kernel's transparent
// huge pages are better, and no -m has to foresee the sessions.
static void take_session_memory(struct worker *w, size_t bytes, int socket)
{
	if (rte_eal_has_hugepages()) {
		w->session_memory =
			rte_malloc_socket("sessions", bytes, RTE_CACHE_LINE_SIZE, socket);
		return;
	}
	w->session_memory = huge_memory_map(bytes);
	w->session_mapped_bytes = bytes;
}

static void give_session_memory(struct worker *w)
{
	if (w->session_mapped_bytes)
		huge_memory_unmap(w->session_memory, w->session_mapped_bytes);
	else
		rte_free(w->session_memory);
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

	take_session_memory(w, session_table_bytes(capacity_of(w, config)), config->socket);
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
	if (w->neighbours && w->drops && (w->ring || w->push))
		release_packets(w);
	port_pool_free(&w->ports);
	give_session_memory(w);
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
	w->least_mtu = UINT16_MAX;
	for (unsigned int i = 0; i < w->node->port_count; i++)
		w->least_mtu = RTE_MIN(w->least_mtu, w->node->ports[i].mtu);
}
