// SPDX-License-Identifier: Apache-2.0
#include "setup.h"

#include "../datapath/transmit.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include <stdio.h>
#include <string.h>

#define POOL_CACHE 128
#define POOL_BASE 4096 // descriptors of software ports are few; the rest is packets on the way
#define POOL_PER_WORKER 2048 // a worker's bursts and hand-over rings
#define POOL_PER_QUEUE 2048
#define POOL_REPLAY 512 // one packet at a time, and what is answered to it

static int fail(char *error, int status, const char *what)
{
	snprintf(error, SETTINGS_ERROR_BYTES, "%s: %s", what, strerror(-status));
	return status;
}

static bool setup_port(struct node *node, unsigned int index, const struct settings_port *s)
{
	struct node_port *port = &node->ports[index];

	port->v4 = s->v4;
	port->v6 = s->v6;
	port->vlan = s->vlan;
	port->mtu = s->mtu;
	if (ip_is_set(&s->v4.gateway))
		node->default_port_v4 = (int)index;
	if (ip_is_set(&s->v6.gateway))
		node->default_port_v6 = (int)index;
	return (!ip_is_set(&s->v4.address) ||
		       node_add_own_address(node, &s->v4.address, OWN_PORT, index)) &&
	       (!ip_is_set(&s->v6.address) ||
		       node_add_own_address(node, &s->v6.address, OWN_PORT, index));
}

// A tunnel may end at an address that is ours already.
static bool setup_tunnel(struct node *node, unsigned int index, const struct tunnel *tunnel)
{
	node->tunnels[index] = *tunnel;
	return node_own_address(node, &tunnel->local) ||
	       node_add_own_address(node, &tunnel->local, OWN_TUNNEL, index);
}

static bool setup_addresses(struct node *node, const struct settings *s)
{
	bool added = true;

	for (unsigned int i = 0; i < s->port_count; i++)
		added &= setup_port(node, i, &s->ports[i]);
	memcpy(node->locals, s->local_addresses, sizeof(node->locals));
	for (unsigned int i = 0; i < s->local_count; i++)
		added &= node_add_own_address(node, &s->local_addresses[i], OWN_LOCAL, i);
	for (unsigned int i = 0; i < s->tunnel_count; i++)
		added &= setup_tunnel(node, i, &s->tunnels[i].tunnel);
	return added;
}

static int setup_guard(struct node *node, const struct settings *s, char *error)
{
	const struct dt_colour_guard_config guard = {
		.probers = s->probers,
		.prober_count = s->prober_count,
		.keys = s->keys,
		.key_count = s->key_count,
		.stamp_rate_limit = s->stamp_rate_limit,
	};
	struct dt_colour_guard *made;
	int status = dt_colour_guard_create(&guard, NULL, &made);

	if (status != 0)
		return fail(error, status, "colour");
	node->guard = made;
	return 0;
}

int setup_node(struct node *node, const struct settings *s, uint64_t seed,
	char error[SETTINGS_ERROR_BYTES])
{
	*node = (struct node){
		.worker_count = settings_threads(s),
		.dispatcher_count = s->dispatchers,
		.port_count = s->port_count,
		.default_port_v4 = -1,
		.default_port_v6 = -1,
		.local_count = s->local_count,
		.tunnel_count = s->tunnel_count,
		.gue_port = s->gue_port,
		.vxlan_port = s->vxlan_port,
		.tier = s->tier,
		.erase_colour = s->erase_colour,
		.verify_checksums = s->verify_checksums,
		.idle_sleep_ns = s->idle_sleep_ns,
		.hash_seed = seed,
		.sample_threshold = (uint64_t)(s->drop_sample_share * 4294967296.0),
		.sample_weight =
			s->drop_sample_share > 0
				? (uint32_t)RTE_MIN(1 / s->drop_sample_share + 0.5, 4294967295.0)
				: 0,
		.sample_limit = WORKER_SAMPLED_DROPS_PER_SECOND,
		.state = NODE_STARTING,
	};
	if (!setup_addresses(node, s))
		return fail(error, -ENOSPC, "ports and local_addresses");
	return setup_guard(node, s, error);
}

void setup_node_free(struct node *node)
{
	dt_colour_guard_free((struct dt_colour_guard *)node->guard);
	node->guard = NULL;
}

static bool is_own_address(void *context, const struct ip_address *address)
{
	return node_own_address(context, address) != NULL;
}

static uint64_t service_sessions(void *context, uint16_t service)
{
	const struct node *node = context;
	uint64_t total = 0;

	for (unsigned int i = 0; i < node->worker_count; i++)
		total += __atomic_load_n(
			&node->workers[i]->service_sessions[service], __ATOMIC_ACQUIRE);
	return total;
}

static uint64_t target_sessions(void *context, uint16_t target)
{
	const struct node *node = context;
	uint64_t total = 0;

	for (unsigned int i = 0; i < node->worker_count; i++)
		total += __atomic_load_n(
			&node->workers[i]->target_sessions[target], __ATOMIC_ACQUIRE);
	return total;
}

struct services *setup_services(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES])
{
	const struct services_config config = {
		.names = *names,
		.published = &node->vips,
		.qsbr = node->qsbr,
		.is_own_address = is_own_address,
		.service_sessions = service_sessions,
		.target_sessions = target_sessions,
		.context = node,
	};
	struct services *services = services_create(
		&config, settings->vips, settings->vip_count, settings->version, error);

	if (!services)
		return NULL;
	settings->vip_count = 0;
	node->targets = services_targets(services);
	return services;
}

static struct rte_mempool *make_pool(
	unsigned int size, uint16_t room_bytes, char error[SETTINGS_ERROR_BYTES])
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("packets", size - 1, POOL_CACHE,
		PACKET_META_BYTES, room_bytes, (int)rte_socket_id());

	if (!pool)
		snprintf(error, SETTINGS_ERROR_BYTES,
			"%u packet buffers of %zu bytes: %s; give the EAL more memory (-m "
			"MEGABYTES)",
			size, PACKET_META_BYTES + room_bytes + sizeof(struct rte_mbuf),
			rte_strerror(rte_errno));
	return pool;
}

struct rte_mempool *setup_pool(
	const struct settings *s, unsigned int workers, char error[SETTINGS_ERROR_BYTES])
{
	return make_pool(POOL_BASE + workers * (POOL_PER_WORKER + s->port_count * POOL_PER_QUEUE),
		RTE_MBUF_DEFAULT_BUF_SIZE, error);
}

struct rte_mempool *setup_replay_pool(uint16_t frame_bytes, char error[SETTINGS_ERROR_BYTES])
{
	return make_pool(POOL_REPLAY, (uint16_t)(RTE_PKTMBUF_HEADROOM + frame_bytes), error);
}

static int make_rings(struct node *node, char *error)
{
	for (unsigned int from = 0; from < node->worker_count; from++) {
		for (unsigned int to = 0; to < node->worker_count; to++) {
			char name[RTE_RING_NAMESIZE];
			struct rte_ring *ring;

			if (from == to)
				continue;
			snprintf(name, sizeof(name), "h%u-%u", from, to);
			ring = rte_ring_create(name, WORKER_RING_PACKETS, (int)rte_socket_id(),
				RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!ring)
				return fail(error, -rte_errno, "workers: hand-over rings");
			node->workers[from]->to[to] = ring;
			node->workers[to]->from[from] = ring;
		}
	}
	return 0;
}

static unsigned int port_of(const struct node *node, const struct ip_address *address)
{
	struct ip_address next_hop;
	unsigned int port;

	return transmit_route(node, address, &port, &next_hop) ? port : 0;
}

static void set_neighbours(struct worker *w, const struct settings *s, uint64_t now_ns)
{
	const struct node *node = w->node;

	int v4 = node->default_port_v4, v6 = node->default_port_v6;

	for (unsigned int i = 0; i < s->neighbour_count; i++)
		neighbour_fix(w->neighbours, (uint8_t)port_of(node, &s->neighbours[i].address),
			&s->neighbours[i].address, s->neighbours[i].mac);
	if (v4 >= 0)
		neighbour_pin(w->neighbours, (uint8_t)v4, &node->ports[v4].v4.gateway, now_ns);
	if (v6 >= 0)
		neighbour_pin(w->neighbours, (uint8_t)v6, &node->ports[v6].v6.gateway, now_ns);
}

int setup_workers(struct node *node, const struct settings *s, struct rte_mempool *pool,
	uint64_t seed, bool assume_neighbours, char error[SETTINGS_ERROR_BYTES])
{
	int status;

	for (unsigned int i = 0; i < node->worker_count; i++) {
		struct worker_config config = {
			.index = i,
			.node = node,
			.pool = pool,
			.session_capacity = s->session_capacity,
			.first_local_port = s->first_local_port,
			.last_local_port = s->last_local_port,
			.random_seed = seed,
			.assume_neighbours = assume_neighbours,
			.socket = SOCKET_ID_ANY,
		};
		struct worker *worker;

		for (int class = 0; class < SESSION_CLASSES; class ++)
			config.session_timeout_ticks[class] =
				(uint32_t)(s->session_timeout_ns[class] / SESSION_TICK_NS);
		status = worker_create(&config, &worker);
		if (status != 0) {
			snprintf(error, SETTINGS_ERROR_BYTES,
				"sessions.capacity: %u sessions need %zu MiB for each of %u "
				"workers; give the EAL more memory (-m MEGABYTES)",
				s->session_capacity, session_table_bytes(s->session_capacity) >> 20,
				s->workers);
			return status;
		}
		worker_begin(worker);
	}
	status = make_rings(node, error);
	for (unsigned int i = 0; status == 0 && i < node->worker_count; i++)
		set_neighbours(node->workers[i], s, node->workers[i]->now.mono_ns);
	return status;
}

void setup_workers_free(struct node *node)
{
	for (unsigned int from = 0; from < node->worker_count; from++) {
		for (unsigned int to = 0; node->workers[from] && to < node->worker_count; to++) {
			if (from != to && node->workers[to] && node->workers[from]->to[to]) {
				struct rte_ring *ring = node->workers[from]->to[to];
				struct rte_mbuf *packet;

				while (rte_ring_dequeue(ring, (void **)&packet) == 0)
					rte_pktmbuf_free(packet);
				node->workers[to]->from[from] = NULL;
				rte_ring_free(ring);
			}
		}
	}
	for (unsigned int i = 0; i < node->worker_count; i++) {
		worker_free(node->workers[i]);
		node->workers[i] = NULL;
	}
}
