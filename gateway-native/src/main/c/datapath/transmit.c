// SPDX-License-Identifier: Apache-2.0
#include "transmit.h"

#include "clb_fast.h"
#include "drop.h"
#include "eip_fast.h"
#include "stamp.h"

#include "../packet/bytes.h"

bool transmit_route(const struct node *node, const struct ip_address *destination,
	unsigned int *port, struct ip_address *next_hop)
{
	const struct ip_address *found;

	if (ip_is_link_local(destination)) // on each of the links
		return false;
	found = transmit_next_hop(node, destination, port);
	if (found)
		*next_hop = *found;
	return found != NULL;
}

// The queue of a port with fewer queues than workers belongs to the worker of its number.
static unsigned int queue_owner(const struct worker *worker, unsigned int port)
{
	return worker->index % worker->node->ports[port].tx_queues;
}

// Does what the short way left out, now that somebody will ask.
static void write_meta(struct worker *worker, unsigned int port,
	const struct transmit_buffer *buffer, unsigned int i)
{
	const struct short_note *note = &buffer->notes[i];

	if (!note->eip)
		return;
	if (note->what & SHORT_NOTE_SESSION)
		clb_fast_write_meta(worker, buffer->packets[i], note, buffer->ports[i], port);
	else
		eip_fast_write_meta(worker, buffer->packets[i], note, port);
}

static void hand_to_queue_owner(struct worker *worker, unsigned int port, unsigned int owner,
	struct transmit_buffer *buffer)
{
	for (unsigned int i = 0; i < buffer->count; i++) {
		struct packet_meta *meta = packet_meta(buffer->packets[i]);

		write_meta(worker, port, buffer, i);
		meta->work = WORK_TRANSMIT;
		meta->port_out = (uint8_t)port;
		if (rte_ring_sp_enqueue(worker->to[owner], buffer->packets[i]) != 0)
			drop(worker, buffer->packets[i], DT_DROP_HANDOFF_RING_FULL);
	}
}

static void empty(struct transmit_buffer *buffer)
{
	buffer->count = 0;
	buffer->stamped = 0;
}

void transmit_flush(struct worker *worker, unsigned int port)
{
	struct transmit_buffer *buffer = &worker->transmit[port];
	struct stamp_leaving leaving; // of its arrays, only what its count says is there
	unsigned int owner = queue_owner(worker, port);
	uint16_t sent;

	if (buffer->count == 0)
		return;
	if (unlikely(owner != worker->index)) {
		hand_to_queue_owner(worker, port, owner, buffer);
		empty(buffer);
		return;
	}
	leaving.count = 0;
	if (unlikely(buffer->stamped))
		stamp_leaving(worker, &leaving, buffer->packets, buffer->stamped);
	sent = worker->node->send(worker, port, buffer->packets, (uint16_t)buffer->count);
	worker->counters.tx_packets += sent;
	if (unlikely(leaving.count))
		stamp_left(worker, &leaving, sent);
	for (unsigned int i = sent; i < buffer->count; i++) {
		write_meta(worker, port, buffer, i);
		drop(worker, buffer->packets[i], DT_DROP_TX_QUEUE_FULL);
	}
	empty(buffer);
}

static inline void enqueue(struct worker *worker, struct rte_mbuf *packet, unsigned int port)
{
	struct transmit_buffer *buffer = &worker->transmit[port];

	buffer->stamped |= (uint32_t)packet_meta(packet)->stamped << buffer->count;
	buffer->notes[buffer->count].eip = NULL;
	buffer->packets[buffer->count++] = packet;
	if (unlikely(buffer->count == WORKER_BURST))
		transmit_flush(worker, port);
}

void transmit_frame(struct worker *worker, struct rte_mbuf *packet, unsigned int port)
{
	enqueue(worker, packet, port);
}

// At most 18 bytes; returns how many.
static unsigned int write_ethernet(
	const struct node_port *port, const uint8_t *mac, uint16_t type, uint8_t *frame)
{
	unsigned int len = port->vlan ? ETHERNET_BYTES + VLAN_BYTES : ETHERNET_BYTES;

	memcpy(frame, mac, 6);
	memcpy(frame + 6, port->mac, 6);
	store_be16(frame + len - 2, type);
	if (port->vlan) {
		store_be16(frame + 12, ETHERTYPE_VLAN_ID);
		store_be16(frame + 14, port->vlan);
	}
	return len;
}

static inline void put_header(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *header, unsigned int len)
{
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(packet, (uint16_t)len);

	if (unlikely(!frame)) {
		drop(worker, packet, DT_DROP_NO_HEADROOM);
		return;
	}
	if (likely(len == ETHERNET_BYTES))
		memcpy(frame, header, ETHERNET_BYTES);
	else
		memcpy(frame, header, ETHERNET_BYTES + VLAN_BYTES);
	enqueue(worker, packet, port);
}

static void put_ethernet(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *mac, uint16_t type)
{
	uint8_t header[ETHERNET_BYTES + VLAN_BYTES];
	unsigned int len = write_ethernet(&worker->node->ports[port], mac, type, header);

	put_header(worker, packet, port, header, len);
}

void transmit_ethernet(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *mac, uint16_t type)
{
	put_ethernet(worker, packet, port, mac, type);
}

static inline bool is_v6(struct rte_mbuf *packet)
{
	return *packet_l3(packet) >> 4 == 6;
}

static void send_to(
	struct worker *worker, struct rte_mbuf *packet, unsigned int port, const uint8_t *mac)
{
	put_ethernet(
		worker, packet, port, mac, is_v6(packet) ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
}

void transmit_pending(struct worker *worker, struct rte_mbuf *packet, const uint8_t *mac)
{
	send_to(worker, packet, packet_meta(packet)->port_out, mac);
}

// The neighbour was asked for last and is known.
static void remember(struct worker *worker, struct recent_way *way, unsigned int port,
	const struct ip_address *address, const uint8_t *mac)
{
	const struct node_port *p = &worker->node->ports[port];

	*way = (struct recent_way){
		.address = *address,
		.port = (uint8_t)port,
		.mtu = p->mtu,
		.known = true,
		.generation = worker->neighbours->generation,
		.neighbour = worker->neighbours->recent,
	};
	way->header_len = (uint8_t)write_ethernet(
		p, mac, ip_is_v4(address) ? ETHERTYPE_IPV4_ID : ETHERTYPE_IPV6_ID, way->header);
}

// way (NULL: none is kept): where to remember how packets go to an address.
static void to_neighbour(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const struct ip_address *next_hop, struct recent_way *way, const struct ip_address *address)
{
	struct packet_meta *meta = packet_meta(packet);
	const uint8_t *mac;

	if (packet->pkt_len > worker->node->ports[port].mtu) {
		drop(worker, packet, DT_DROP_MTU_EXCEEDED);
		return;
	}
	meta->port_out = (uint8_t)port;
	switch (neighbour_resolve(
		worker->neighbours, (uint8_t)port, next_hop, packet, worker->now.mono_ns, &mac)) {
	case NEIGHBOUR_KNOWN:
		if (way)
			remember(worker, way, port, address, mac);
		send_to(worker, packet, port, mac);
		return;
	case NEIGHBOUR_QUEUED:
		return;
	case NEIGHBOUR_DEAD:
		drop(worker, packet, DT_DROP_NO_NEIGHBOUR);
		return;
	}
}

void transmit_on_link(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const struct ip_address *next_hop)
{
	to_neighbour(worker, packet, port, next_hop, NULL, NULL);
}

static inline struct ip_address destination_of(struct rte_mbuf *packet)
{
	const uint8_t *ip = packet_l3(packet);

	return is_v6(packet) ? ip_load_v6(ip + IPV6_DESTINATION)
			     : ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
}

static inline bool goes(const struct worker *worker, const struct rte_mbuf *packet,
	const struct recent_way *way, const struct ip_address *address)
{
	return likely(ip_equal(&way->address, address) && way->known &&
		      way->generation == worker->neighbours->generation &&
		      packet->pkt_len <= way->mtu);
}

static inline void go(struct worker *worker, struct rte_mbuf *packet, const struct recent_way *way)
{
	way->neighbour->used_ns = worker->now.mono_ns;
	packet_meta(packet)->port_out = way->port;
	put_header(worker, packet, way->port, way->header, way->header_len);
}

// few: this destination is one of a few, each worth a way of its own. Of others their next hop is.
static inline void find_way(struct worker *worker, struct rte_mbuf *packet,
	const struct ip_address *destination, bool few)
{
	const struct ip_address *next_hop, *address;
	struct recent_way *way;
	unsigned int port;

	if (unlikely(ip_is_link_local(destination))) { // an answer, to the link it was asked from
		transmit_on_link(worker, packet, packet_meta(packet)->port_in, destination);
		return;
	}
	next_hop = transmit_next_hop(worker->node, destination, &port);
	if (unlikely(!next_hop)) {
		drop(worker, packet, DT_DROP_NO_NEIGHBOUR);
		return;
	}
	address = few ? destination : next_hop;
	way = &worker->ways[address->bytes[15] % WORKER_WAYS];
	if (!few && goes(worker, packet, way, next_hop) && way->port == port)
		go(worker, packet, way);
	else
		to_neighbour(worker, packet, port, next_hop, way, address);
}

static __attribute__((noinline)) void find_way_of_few(
	struct worker *worker, struct rte_mbuf *packet, const struct ip_address *destination)
{
	find_way(worker, packet, destination, true);
}

void transmit_to(
	struct worker *worker, struct rte_mbuf *packet, const struct ip_address *destination)
{
	const struct recent_way *way = &worker->ways[destination->bytes[15] % WORKER_WAYS];

	packet_meta(packet)->stage = DT_TP_TX;
	if (goes(worker, packet, way, destination))
		go(worker, packet, way);
	else
		find_way_of_few(worker, packet, destination);
}

void transmit(struct worker *worker, struct rte_mbuf *packet)
{
	struct ip_address destination = destination_of(packet);

	packet_meta(packet)->stage = DT_TP_TX;
	find_way(worker, packet, &destination, false);
}
