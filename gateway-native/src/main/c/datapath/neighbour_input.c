// SPDX-License-Identifier: Apache-2.0
#include "neighbour_input.h"

#include "arp_input.h"
#include "drop.h"
#include "ndp_input.h"
#include "transmit.h"

#include "../packet/ndp.h"

struct rte_mbuf *neighbour_new_packet(struct worker *worker, unsigned int port, uint16_t bytes)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(worker->pool);

	if (!packet) {
		drop_uncreated(worker, bytes + (uint32_t)ETHERNET_BYTES, DT_DROP_MBUF_EXHAUSTED);
		return NULL;
	}
	worker->counters.packets_made++;
	memset(rte_pktmbuf_append(packet, bytes), 0, bytes);
	*packet_meta(packet) = (struct packet_meta){
		.rx_mono_ns = worker->now.mono_ns,
		.rx_real_ns = worker->now.real_ns,
		.vip_slot = DT_SLOT_NONE,
		.backend_slot = DT_SLOT_NONE,
		.frame_bytes = (uint16_t)(bytes + ETHERNET_BYTES),
		.port_in = (uint8_t)port,
		.port_out = (uint8_t)port,
		.stage = DT_TP_TX,
	};
	return packet;
}

void neighbour_request(
	void *context, uint8_t port, const struct ip_address *address, const uint8_t *mac)
{
	if (ip_is_v4(address))
		arp_request(context, port, ip_v4(address), mac);
	else
		ndp_request(context, port, address, mac);
}

static void announce(struct worker *worker, unsigned int port, const struct ip_address *address)
{
	if (ip_is_v4(address))
		arp_announce(worker, port, ip_v4(address));
	else
		ndp_announce(worker, port, address);
}

static bool on_link(const struct node_port *port, const struct ip_address *address)
{
	const struct node_link *link = ip_is_v4(address) ? &port->v4 : &port->v6;

	return ip_is_set(&link->address) && ip_in_prefix(address, &link->address, &link->mask);
}

void neighbour_announce(struct worker *worker, unsigned int port)
{
	const struct node *node = worker->node;
	const struct node_port *p = &node->ports[port];
	struct ip_address link_local = ndp_link_local(p->mac);

	if (ip_is_set(&p->v6.address))
		announce(worker, port, &link_local);
	for (unsigned int i = 0; i < NODE_OWN_SLOTS; i++) {
		const struct own_address *own = &node->own[i];

		if (own->kind == OWN_NOT || !on_link(p, &own->address) ||
			!neighbour_answers_for(node, port, &own->address))
			continue;
		announce(worker, port, &own->address);
	}
}

bool neighbour_answers_for(
	const struct node *node, unsigned int port, const struct ip_address *address)
{
	const struct own_address *own = node_own_address(node, address);

	if (own)
		return own->kind != OWN_PORT || own->index == port;
	return node_is_link_local(node, port, address);
}

void neighbour_heard(struct worker *worker, const struct ip_address *address, const uint8_t *mac)
{
	void *waiting[NEIGHBOUR_PENDING];
	unsigned int count;

	if (mac && (mac[0] & 1)) // a group is nobody's own address
		return;
	count = neighbour_learn(worker->neighbours, address, mac, worker->now.mono_ns, waiting);
	for (unsigned int i = 0; i < count; i++)
		transmit_pending(worker, waiting[i], mac);
}

static void copy_to_others(struct worker *worker, struct rte_mbuf *packet)
{
	for (unsigned int i = 0; i < worker->node->worker_count; i++) {
		struct rte_mbuf *copy;

		if (i == worker->index)
			continue;
		copy = rte_pktmbuf_copy(packet, worker->pool, 0, UINT32_MAX);
		if (!copy) {
			drop_uncreated(worker, packet->pkt_len, DT_DROP_MBUF_EXHAUSTED);
			return;
		}
		worker->counters.packets_made++;
		*packet_meta(copy) = *packet_meta(packet);
		packet_meta(copy)->work = WORK_NEIGHBOUR;
		if (rte_ring_sp_enqueue(worker->to[i], copy) != 0)
			drop(worker, copy, DT_DROP_HANDOFF_RING_FULL);
	}
}

static enum dt_drop_reason take(struct worker *worker, struct rte_mbuf *packet, bool is_copy)
{
	return packet_meta(packet)->view.is_v6 ? ndp_input(worker, packet, is_copy)
					       : arp_input(worker, packet, is_copy);
}

void neighbour_input(struct worker *worker, struct rte_mbuf *packet)
{
	enum dt_drop_reason worthless = take(worker, packet, false);

	if (worthless != DT_DROP_NONE) {
		drop(worker, packet, worthless);
		return;
	}
	copy_to_others(worker, packet);
	consume(worker, packet);
}

void neighbour_input_copy(struct worker *worker, struct rte_mbuf *packet)
{
	take(worker, packet, true);
	consume(worker, packet);
}
