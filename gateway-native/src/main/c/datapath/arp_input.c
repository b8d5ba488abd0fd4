// SPDX-License-Identifier: Apache-2.0
#include "arp_input.h"

#include "drop.h"
#include "transmit.h"

#include "../packet/arp.h"

static void send_arp(struct worker *worker, unsigned int port, const struct arp_message *message,
	const uint8_t *unicast)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(worker->pool);
	uint8_t *frame;

	if (!packet) {
		drop_uncreated(worker, ARP_FRAME_BYTES, DT_DROP_MBUF_EXHAUSTED);
		return;
	}
	frame = (uint8_t *)rte_pktmbuf_append(packet, ARP_FRAME_BYTES);
	arp_write(frame, message);
	if (unicast)
		memcpy(frame, unicast, 6);
	*packet_meta(packet) = (struct packet_meta){
		.rx_mono_ns = worker->now.mono_ns,
		.rx_real_ns = worker->now.real_ns,
		.vip_slot = DT_SLOT_NONE,
		.backend_slot = DT_SLOT_NONE,
		.frame_bytes = ARP_FRAME_BYTES,
		.port_out = (uint8_t)port,
		.stage = DT_TP_TX,
	};
	transmit_frame(worker, packet, port);
}

void arp_request(void *context, uint8_t port, uint32_t address, const uint8_t *mac)
{
	struct worker *worker = context;
	const struct node_port *p = &worker->node->ports[port];
	struct arp_message message = {
		.op = ARP_OP_REQUEST,
		.sender = p->address,
		.target = address,
	};

	memcpy(message.sender_mac, p->mac, 6);
	send_arp(worker, port, &message, mac);
}

void arp_announce(struct worker *worker, unsigned int port)
{
	const struct node *node = worker->node;
	const struct node_port *p = &node->ports[port];

	for (unsigned int i = 0; i < NODE_OWN_SLOTS; i++) {
		struct arp_message message = {.op = ARP_OP_REQUEST};
		uint32_t address = node->own_addresses[i];

		if (node->own_kinds[i] == OWN_NOT || ((address ^ p->address) & p->mask) != 0)
			continue;
		if (node->own_kinds[i] == OWN_PORT && address != p->address)
			continue;
		message.sender = address;
		message.target = address;
		memcpy(message.sender_mac, p->mac, 6);
		send_arp(worker, port, &message, NULL);
	}
}

// Only an address of the port's own link, or a local address, is ours to answer for.
static bool answers_for(const struct node *node, unsigned int port, uint32_t address)
{
	switch (node_own_address(node, address)) {
	case OWN_PORT:
		return address == node->ports[port].address;
	case OWN_LOCAL:
		return true;
	default:
		return false;
	}
}

static void learn(struct worker *worker, const struct arp_message *message)
{
	void *waiting[NEIGHBOUR_PENDING];
	unsigned int count;

	if (message->sender_mac[0] & 1) // a group is nobody's own address
		return;
	count = neighbour_learn(worker->neighbours, message->sender, message->sender_mac,
		worker->now.mono_ns, waiting);
	for (unsigned int i = 0; i < count; i++)
		transmit_pending(worker, waiting[i], message->sender_mac);
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
		*packet_meta(copy) = *packet_meta(packet);
		packet_meta(copy)->work = WORK_ARP;
		if (rte_ring_sp_enqueue(worker->to[i], copy) != 0)
			drop(worker, copy, DT_DROP_HANDOFF_RING_FULL);
	}
}

static bool read(struct rte_mbuf *packet, struct arp_message *message)
{
	return arp_read(rte_pktmbuf_mtod_offset(packet, const uint8_t *, ETHERNET_BYTES),
		packet->data_len - (size_t)ETHERNET_BYTES, message);
}

void arp_input(struct worker *worker, struct rte_mbuf *packet)
{
	unsigned int port = packet_meta(packet)->port_in;
	const struct node_port *p = &worker->node->ports[port];
	struct arp_message message;

	if (!read(packet, &message)) {
		drop(worker, packet, DT_DROP_MALFORMED_ETHERNET);
		return;
	}
	if (node_own_address(worker->node, message.sender) !=
		OWN_NOT) { // an echo of ours, or an impostor
		drop(worker, packet, DT_DROP_NOT_FOR_US);
		return;
	}
	learn(worker, &message);
	copy_to_others(worker, packet);
	if (message.op == ARP_OP_REQUEST && answers_for(worker->node, port, message.target)) {
		struct arp_message answer = {
			.op = ARP_OP_REPLY,
			.sender = message.target,
			.target = message.sender,
		};

		memcpy(answer.sender_mac, p->mac, 6);
		memcpy(answer.target_mac, message.sender_mac, 6);
		send_arp(worker, port, &answer, NULL);
	}
	consume(packet);
}

void arp_input_copy(struct worker *worker, struct rte_mbuf *packet)
{
	struct arp_message message;

	if (read(packet, &message))
		learn(worker, &message);
	consume(packet);
}
