// SPDX-License-Identifier: Apache-2.0
//
// What all workers share. Written before they start; afterwards only the atomics change.
#ifndef DYETRACE_NODE_H
#define DYETRACE_NODE_H

#include "colour_guard.h"
#include "eip_table.h"
#include "vip_table.h"

#include "../packet/ndp.h"
#include "../packet/tunnel.h"

#include "../telemetry/registry.h"

#include "flow_hash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define NODE_MAX_WORKERS 64
#define NODE_MAX_PORTS 8
#define NODE_MAX_LOCALS 64
#define NODE_MAX_TUNNELS 64
#define NODE_OWN_FILTER_WORDS 16
#define NODE_OWN_SLOTS 512 // of a hash set, more than twice the addresses it holds

struct blacklist;
struct rte_mbuf;
struct rte_rcu_qsbr;
struct worker;

// counters.proto's NodeState.
enum node_state { NODE_STARTING = 1, NODE_READY = 2, NODE_DRAINING = 3 };

// One family of a port's link.
struct node_link {
	struct ip_address address; // not set: the port has none of this family
	struct ip_address mask;    // IPv4: behind 12 bytes of ones
	struct ip_address gateway; // not set: none
};

struct node_port {
	uint16_t id;  // DPDK's
	uint16_t mtu; // of IP packets
	uint16_t rx_queues;
	uint16_t tx_queues;
	uint16_t vlan; // 0: untagged. Frames of another VLAN are not for us
	uint8_t mac[6];
	bool accept_any_mac; // recorded traffic was addressed to somebody else
	struct node_link v4;
	struct node_link v6;
};

enum own_kind { OWN_NOT, OWN_PORT, OWN_LOCAL, OWN_TUNNEL };

struct own_address {
	struct ip_address address;
	uint8_t kind;  // enum own_kind
	uint8_t index; // of the port, local address or tunnel
};

struct node_time {
	uint64_t mono_ns; // for ageing and intervals
	uint64_t real_ns; // for records and colours
};

struct node {
	// Threads: dispatchers first, then those that own flows; without dispatchers each does
	// both.
	unsigned int worker_count;
	unsigned int dispatcher_count;
	struct worker *workers[NODE_MAX_WORKERS];
	struct node_port ports[NODE_MAX_PORTS];
	unsigned int port_count;
	int default_port_v4; // with a gateway; -1: none
	int default_port_v6;
	struct ip_address locals[NODE_MAX_LOCALS]; // of both families
	unsigned int local_count;
	struct tunnel tunnels[NODE_MAX_TUNNELS];
	unsigned int tunnel_count;
	uint16_t gue_port; // accepted, host order; 0: none
	uint16_t vxlan_port;
	struct own_address own[NODE_OWN_SLOTS];
	uint64_t own_filter[NODE_OWN_FILTER_WORDS]; // a bit by the end of each of them
	uint8_t tier;
	bool erase_colour;     // this is the last tier
	bool verify_checksums; // of TCP, UDP and SCTP
	bool short_way;        // most packets go by eip_fast.h or clb_fast.h; false: only tests
	uint64_t idle_sleep_ns;
	uint64_t hash_seed;
	uint64_t sample_threshold; // a random 32-bit number below it: the drop is stamped
	uint32_t sample_weight;
	uint32_t sample_limit; // sampled drop points a second and worker
	const struct dt_colour_guard *guard;
	const struct target *targets; // [TARGET_MAX]
	const struct eip_table *eips; // NULL: none
	const struct blacklist *blacklist;
	struct rte_rcu_qsbr *qsbr; // NULL in replay

	struct node_time (*clock)(void *context);
	void *clock_context;
	// Sends what it can and returns how many; the rest stays the caller's.
	uint16_t (*send)(struct worker *worker, unsigned int port, struct rte_mbuf **packets,
		uint16_t count);

	_Atomic(const struct vip_table *) vips;
	_Atomic uint32_t state;         // enum node_state
	_Atomic uint64_t session_limit; // of all VIPs together; 0: none
	_Atomic bool stop;
};

static inline unsigned int node_owners(const struct node *node)
{
	return node->worker_count - node->dispatcher_count;
}

// What one of the owners may hold of a limit of the node: together they hold it exactly, and none
// has to know of the others.
static inline uint64_t node_share(const struct node *node, unsigned int worker, uint64_t limit)
{
	unsigned int owners = node_owners(node);

	return limit / owners + (worker - node->dispatcher_count < limit % owners);
}

// The thread that owns a flow of this hash (flow_hash.h), or a local port.
static inline unsigned int node_owner_of_hash(const struct node *node, uint64_t hash)
{
	return node->dispatcher_count + flow_hash_owner(hash, node_owners(node));
}

static inline unsigned int node_owner_of_port(const struct node *node, uint16_t local_port)
{
	return node->dispatcher_count + local_port % node_owners(node);
}

static inline bool node_polls_ports(const struct node *node, unsigned int worker)
{
	return node->dispatcher_count == 0 || worker < node->dispatcher_count;
}

// Before the workers start. false: no room, or the address is there already.
bool node_add_own_address(struct node *node, const struct ip_address *address, enum own_kind kind,
	unsigned int index);

static inline uint32_t node_own_slot(const struct ip_address *address)
{
	uint64_t h = flow_hash_mix(address->halves[0] ^ 0xa0761d6478bd642full,
		address->halves[1] ^ 0xe7037ed1a0b428dbull);

	return (uint32_t)(h >> 40) % NODE_OWN_SLOTS;
}

static inline uint32_t node_own_filter_bit(const struct ip_address *address)
{
	uint16_t end;

	memcpy(&end, address->bytes + 14, sizeof(end));
	return end >> 6;
}

// false: not ours, for certain.
static inline bool node_may_own_v4(const struct node *node, uint32_t address)
{
	const struct ip_address a = ip_from_v4(address);
	uint32_t bit = node_own_filter_bit(&a);

	return node->own_filter[bit / 64] >> bit % 64 & 1;
}

// NULL: not ours, which most addresses are told by a few bits of them.
static inline const struct own_address *node_own_address(
	const struct node *node, const struct ip_address *address)
{
	uint32_t bit = node_own_filter_bit(address), i;

	if (__builtin_expect(!(node->own_filter[bit / 64] >> bit % 64 & 1), 1))
		return NULL;
	i = node_own_slot(address);
	for (; node->own[i].kind != OWN_NOT; i = (i + 1) % NODE_OWN_SLOTS) {
		if (ip_equal(&node->own[i].address, address))
			return &node->own[i];
	}
	return NULL;
}

// The tunnel back to where a number in a session or a packet's meta says it came from. NULL: none,
// or one that takes packets from anybody and so leads to nobody.
static inline const struct tunnel *node_tunnel_back(const struct node *node, uint8_t number)
{
	if (number == 0 || !ip_is_set(&node->tunnels[number - 1].remote))
		return NULL;
	return &node->tunnels[number - 1];
}

// The address that every port with IPv6 has besides (RFC 4291, 2.8).
static inline bool node_is_link_local(
	const struct node *node, unsigned int port, const struct ip_address *address)
{
	struct ip_address ours;

	if (!ip_is_link_local(address) || !ip_is_set(&node->ports[port].v6.address))
		return false;
	ours = ndp_link_local(node->ports[port].mac);
	return ip_equal(address, &ours);
}

#endif
