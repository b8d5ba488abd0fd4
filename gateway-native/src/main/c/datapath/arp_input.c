// SPDX-License-Identifier: Apache-2.0
#include "arp_input.h"

#include "neighbour_input.h"
#include "transmit.h"

#include "../packet/arp.h"

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send_message(struct worker *worker, unsigned int port,
	const struct arp_message *message, const uint8_t *mac)
{
	struct rte_mbuf *packet = neighbour_new_packet(worker, port, ARP_PADDED_BYTES);

	if (!packet)
		return;
	arp_write(packet_l3(packet), message);
	transmit_ethernet(worker, packet, port, mac, ETHERTYPE_ARP_ID);
}

// A port without an address asks as 0.0.0.0.
void arp_request(struct worker *worker, unsigned int port, uint32_t address, const uint8_t *mac)
{
	const struct node_port *p = &worker->node->ports[port];
	struct arp_message message = {
		.op = ARP_OP_REQUEST,
		.sender = ip_v4(&p->v4.address),
		.target = address,
	};

	memcpy(message.sender_mac, p->mac, 6);
	send_message(worker, port, &message, mac ? mac : everybody);
}

void arp_announce(struct worker *worker, unsigned int port, uint32_t address)
{
	struct arp_message message = {
		.op = ARP_OP_REQUEST,
		.sender = address,
		.target = address,
	};

	memcpy(message.sender_mac, worker->node->ports[port].mac, 6);
	send_message(worker, port, &message, everybody);
}

static void answer(struct worker *worker, unsigned int port, const struct arp_message *request)
{
	struct arp_message message = {
		.op = ARP_OP_REPLY,
		.sender = request->target,
		.target = request->sender,
	};

	memcpy(message.sender_mac, worker->node->ports[port].mac, 6);
	memcpy(message.target_mac, request->sender_mac, 6);
	send_message(worker, port, &message, request->sender_mac);
}

enum dt_drop_reason arp_input(struct worker *worker, struct rte_mbuf *packet, bool is_copy)
{
	const struct packet_meta *meta = packet_meta(packet);
	size_t offset = meta->view.l3_offset;
	struct ip_address sender, target;
	struct arp_message message;

	if (!arp_read(rte_pktmbuf_mtod_offset(packet, const uint8_t *, offset),
		    packet->data_len - offset, &message))
		return DT_DROP_MALFORMED_ETHERNET;
	sender = ip_from_v4(message.sender);
	target = ip_from_v4(message.target);
	if (node_own_address(worker->node, &sender)) // an echo of ours, or an impostor
		return DT_DROP_NOT_FOR_US;
	if (message.sender != 0) // 0: asks whether an address is free (RFC 5227)
		neighbour_heard(worker, &sender, message.sender_mac);
	if (!is_copy && message.op == ARP_OP_REQUEST &&
		neighbour_answers_for(worker->node, meta->port_in, &target))
		answer(worker, meta->port_in, &message);
	return DT_DROP_NONE;
}
