// SPDX-License-Identifier: Apache-2.0
#include "setup.h"

#include "../datapath/transmit.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include <stdio.h>
#include <string.h>

#define POOL_CACHE 128
#define POOL_BASE 4096 // descriptors of software ports are few; the rest is packets on the way
#define POOL_PER_WORKER 2048 // a worker's bursts and hand-over rings
#define POOL_PER_QUEUE 2048
#define ROOM_STEP 1024u
#define POOL_REPLAY 512 // one packet at a time, what is answered to it, copies for each worker

static int fail(char *error, int status, const char *what)
{
	snprintf(error, SETTINGS_ERROR_BYTES, "%s: %s", what, strerror(-status));
	return status;
}

static void set_ports(struct node *node, const struct settings *s)
{
	for (unsigned int i = 0; i < s->port_count; i++) {
		const struct settings_port *own = &s->ports[i];
		struct node_port *port = &node->ports[i];

		port->v4 = own->v4;
		port->v6 = own->v6;
		port->vlan = own->vlan;
		if (ip_is_set(&own->v4.gateway))
			node->default_port_v4 = (int)i;
		if (ip_is_set(&own->v6.gateway))
			node->default_port_v6 = (int)i;
	}
}

static bool own(struct node *node, const struct ip_address *address, enum own_kind kind,
	unsigned int index, const char *key, char *error)
{
	char text[IP_ADDRESS_TEXT_BYTES];

	if (node_add_own_address(node, address, kind, index))
		return true;
	snprintf(error, SETTINGS_ERROR_BYTES, "%s[%u]: %s is an address of the gateway already",
		key, index, ip_text(address, text));
	return false;
}

// Tunnels may share their end with each other, a port or a local address.
static bool set_own_addresses(struct node *node, const struct settings *s, char *error)
{
	for (unsigned int i = 0; i < s->port_count; i++) {
		const struct settings_port *p = &s->ports[i];

		if ((ip_is_set(&p->v4.address) &&
			    !own(node, &p->v4.address, OWN_PORT, i, "ports", error)) ||
			(ip_is_set(&p->v6.address) &&
				!own(node, &p->v6.address, OWN_PORT, i, "ports", error)))
			return false;
	}
	for (unsigned int i = 0; i < s->local_count; i++) {
		if (!own(node, &s->local_addresses[i], OWN_LOCAL, i, "local_addresses", error))
			return false;
	}
	for (unsigned int i = 0; i < s->tunnel_count; i++)
		node_add_own_address(node, &s->tunnels[i].tunnel.local, OWN_TUNNEL, i);
	return true;
}

int setup_node(struct node *node, const struct settings *s, uint64_t seed,
	char error[SETTINGS_ERROR_BYTES])
{
	const struct dt_colour_guard_config guard = {
		.probers = s->probers,
		.prober_count = s->prober_count,
		.keys = s->keys,
		.key_count = s->key_count,
		.stamp_rate_limit = s->stamp_rate_limit,
	};
	struct dt_colour_guard *made;
	int status;

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
		.short_way = true,
		.idle_sleep_ns = s->idle_sleep_ns,
		.hash_seed = seed,
		.sample_threshold = (uint64_t)(s->drop_sample_share * 4294967296.0),
		.sample_weight =
			s->drop_sample_share > 0
				? (uint32_t)RTE_MIN(1 / s->drop_sample_share + 0.5, 4294967295.0)
				: 0,
		.sample_limit = WORKER_SAMPLED_DROPS_PER_SECOND,
		.state = NODE_STARTING,
		.session_limit = s->session_limit,
	};
	memcpy(node->locals, s->local_addresses, sizeof(node->locals));
	for (unsigned int i = 0; i < s->tunnel_count; i++)
		node->tunnels[i] = s->tunnels[i].tunnel;
	set_ports(node, s);
	if (!set_own_addresses(node, s, error))
		return -EEXIST;
	status = dt_colour_guard_create(&guard, NULL, &made);
	if (status != 0)
		return fail(error, status, "colour");
	node->guard = made;
	return 0;
}

void setup_node_free(struct node *node)
{
	dt_colour_guard_free((struct dt_colour_guard *)node->guard);
	node->guard = NULL;
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

// Whole frames, whatever the greatest MTU is, with two VLAN tags and the checksum; in steps, so
// that net_af_packet's framesz (9216 for an MTU of 9000) need not be met exactly.
static uint16_t room_for(const struct settings *s)
{
	const uint32_t headers = ETHERNET_BYTES + VLAN_MAX_TAGS * VLAN_BYTES + RTE_ETHER_CRC_LEN;
	uint32_t room = RTE_MBUF_DEFAULT_BUF_SIZE;

	for (unsigned int i = 0; i < s->port_count; i++)
		room = RTE_MAX(room, RTE_PKTMBUF_HEADROOM +
					     RTE_ALIGN_CEIL(s->ports[i].mtu + headers, ROOM_STEP));
	return (uint16_t)room;
}

struct rte_mempool *setup_pool(
	const struct settings *s, unsigned int threads, char error[SETTINGS_ERROR_BYTES])
{
	return make_pool(POOL_BASE + threads * (POOL_PER_WORKER + s->port_count * POOL_PER_QUEUE),
		room_for(s), error);
}

struct rte_mempool *setup_replay_pool(
	unsigned int threads, uint16_t frame_bytes, char error[SETTINGS_ERROR_BYTES])
{
	return make_pool(
		POOL_REPLAY * (1 + threads), (uint16_t)(RTE_PKTMBUF_HEADROOM + frame_bytes), error);
}

uint32_t setup_session_capacity(const struct settings *s)
{
	return s->tier == DT_TIER_EIP ? SESSION_MIN_CAPACITY : s->session_capacity;
}

// Not by rte_ring_create(): each of its rings takes one of the EAL's 2,560 memory zones, and 64
// threads have 4,032 rings.
static struct rte_ring *make_ring(const char *name)
{
	struct rte_ring *ring = rte_zmalloc(
		"ring", (size_t)rte_ring_get_memsize(WORKER_RING_PACKETS), RTE_CACHE_LINE_SIZE);

	if (ring && rte_ring_init(ring, name, WORKER_RING_PACKETS, RING_F_SP_ENQ | RING_F_SC_DEQ) !=
			    0) {
		rte_free(ring);
		return NULL;
	}
	return ring;
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
			ring = make_ring(name);
			if (!ring)
				return fail(error, -ENOMEM, "workers: hand-over rings");
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

	for (unsigned int i = 0; i < s->neighbour_count; i++) {
		const struct ip_address *address = &s->neighbours[i].address;

		neighbour_fix(w->neighbours, (uint8_t)port_of(node, address), address,
			s->neighbours[i].mac);
	}
	if (node->default_port_v4 >= 0)
		neighbour_pin(w->neighbours, (uint8_t)node->default_port_v4,
			&node->ports[node->default_port_v4].v4.gateway, now_ns);
	if (node->default_port_v6 >= 0)
		neighbour_pin(w->neighbours, (uint8_t)node->default_port_v6,
			&node->ports[node->default_port_v6].v6.gateway, now_ns);
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
			.session_capacity = setup_session_capacity(s),
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
				config.session_capacity,
				session_table_bytes(config.session_capacity) >> 20, s->workers);
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
				rte_free(ring);
			}
		}
	}
	for (unsigned int i = 0; i < node->worker_count; i++) {
		worker_free(node->workers[i]);
		node->workers[i] = NULL;
	}
}
