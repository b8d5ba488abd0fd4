// SPDX-License-Identifier: Apache-2.0
#include "transmit.h"

#include "drop.h"
#include "stamp.h"

#include "../packet/bytes.h"

static bool route(
	const struct node *node, uint32_t destination, unsigned int *port, uint32_t *next_hop)
{
	for (unsigned int i = 0; i < node->port_count; i++) {
		const struct node_port *p = &node->ports[i];

		if (((destination ^ p->address) & p->mask) == 0) {
			*port = i;
			*next_hop = destination;
			return true;
		}
	}
	if (node->default_port < 0)
		return false;
	*port = (unsigned int)node->default_port;
	*next_hop = node->ports[*port].gateway;
	return true;
}

// The queue of a port with fewer queues than workers belongs to the worker of its number.
static unsigned int queue_owner(const struct worker *worker, unsigned int port)
{
	return worker->index % worker->node->ports[port].tx_queues;
}

static void hand_to_queue_owner(struct worker *worker, unsigned int port, unsigned int owner,
	struct transmit_buffer *buffer)
{
	for (unsigned int i = 0; i < buffer->count; i++) {
		struct packet_meta *meta = packet_meta(buffer->packets[i]);

		meta->work = WORK_TRANSMIT;
		meta->port_out = (uint8_t)port;
		if (rte_ring_sp_enqueue(worker->to[owner], buffer->packets[i]) != 0)
			drop(worker, buffer->packets[i], DT_DROP_HANDOFF_RING_FULL);
	}
	buffer->count = 0;
}

void transmit_flush(struct worker *worker, unsigned int port)
{
	struct transmit_buffer *buffer = &worker->transmit[port];
	struct packet_meta stamped[WORKER_BURST];
	uint8_t stamped_at[WORKER_BURST];
	unsigned int owner = queue_owner(worker, port), stamped_count = 0;
	uint16_t sent;

	if (buffer->count == 0)
		return;
	if (owner != worker->index) {
		hand_to_queue_owner(worker, port, owner, buffer);
		return;
	}
	// A packet that was sent may be gone: what its stamp needs is kept.
	for (unsigned int i = 0; i < buffer->count; i++) {
		const struct packet_meta *meta = packet_meta(buffer->packets[i]);

		if (unlikely(meta->key_state == DT_KEY_VERIFIED)) {
			stamped_at[stamped_count] = (uint8_t)i;
			stamped[stamped_count++] = *meta;
		}
	}
	sent = worker->node->send(worker, port, buffer->packets, buffer->count);
	worker->counters.tx_packets += sent;
	for (unsigned int i = 0; i < stamped_count && stamped_at[i] < sent; i++)
		stamp(worker, &stamped[i], DT_TP_TX);
	for (unsigned int i = sent; i < buffer->count; i++)
		drop(worker, buffer->packets[i], DT_DROP_TX_QUEUE_FULL);
	buffer->count = 0;
}

void transmit_frame(struct worker *worker, struct rte_mbuf *packet, unsigned int port)
{
	struct transmit_buffer *buffer = &worker->transmit[port];

	buffer->packets[buffer->count++] = packet;
	if (buffer->count == WORKER_BURST)
		transmit_flush(worker, port);
}

static void send_to(
	struct worker *worker, struct rte_mbuf *packet, unsigned int port, const uint8_t *mac)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);

	memcpy(frame, mac, 6);
	memcpy(frame + 6, worker->node->ports[port].mac, 6);
	store_be16(frame + 12, ETHERTYPE_IPV4_ID);
	transmit_frame(worker, packet, port);
}

void transmit_pending(struct worker *worker, struct rte_mbuf *packet, const uint8_t *mac)
{
	send_to(worker, packet, packet_meta(packet)->port_out, mac);
}

void transmit(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	uint32_t destination = load_raw32(packet_l3(packet) + IPV4_DESTINATION), next_hop;
	const uint8_t *mac;
	unsigned int port;

	meta->stage = DT_TP_TX;
	if (!route(worker->node, destination, &port, &next_hop)) {
		drop(worker, packet, DT_DROP_NO_NEIGHBOUR);
		return;
	}
	if (packet->pkt_len > worker->node->ports[port].mtu + (uint32_t)ETHERNET_BYTES) {
		drop(worker, packet, DT_DROP_MTU_EXCEEDED);
		return;
	}
	meta->port_out = (uint8_t)port;
	meta->next_hop = next_hop;
	switch (neighbour_resolve(
		worker->neighbours, (uint8_t)port, next_hop, packet, worker->now.mono_ns, &mac)) {
	case NEIGHBOUR_KNOWN:
		send_to(worker, packet, port, mac);
		return;
	case NEIGHBOUR_QUEUED:
		return;
	case NEIGHBOUR_DEAD:
		drop(worker, packet, DT_DROP_NO_NEIGHBOUR);
		return;
	}
}
