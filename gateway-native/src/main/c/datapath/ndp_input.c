// SPDX-License-Identifier: Apache-2.0
#include "ndp_input.h"

#include "neighbour_input.h"
#include "transmit.h"

#include "../packet/ndp.h"

// mac NULL: the neighbour that the message is for is looked up, or asked for.
static void send_message(struct worker *worker, unsigned int port,
	const struct ndp_message *message, const uint8_t *mac)
{
	struct rte_mbuf *packet = neighbour_new_packet(worker, port, NDP_PACKET_BYTES);

	if (!packet)
		return;
	ndp_write(packet_l3(packet), message);
	if (mac)
		transmit_ethernet(worker, packet, port, mac, ETHERTYPE_IPV6_ID);
	else
		transmit_on_link(worker, packet, port, &message->destination);
}

static void send_to_group(
	struct worker *worker, unsigned int port, const struct ndp_message *message)
{
	uint8_t mac[6];

	ndp_group_mac(&message->destination, mac);
	send_message(worker, port, message, mac);
}

// What a neighbour can answer to: of the same scope as what is asked for.
static struct ip_address source_for(const struct node_port *port, const struct ip_address *address)
{
	if (ip_is_link_local(address) || !ip_is_set(&port->v6.address))
		return ndp_link_local(port->mac);
	return port->v6.address;
}

void ndp_request(struct worker *worker, unsigned int port, const struct ip_address *address,
	const uint8_t *mac)
{
	const struct node_port *p = &worker->node->ports[port];
	struct ndp_message message = {
		.type = NDP_SOLICITATION,
		.source = source_for(p, address),
		.destination = mac ? *address : ndp_solicited_node(address),
		.target = *address,
	};

	memcpy(message.mac, p->mac, 6);
	if (mac)
		send_message(worker, port, &message, mac);
	else
		send_to_group(worker, port, &message);
}

void ndp_announce(struct worker *worker, unsigned int port, const struct ip_address *address)
{
	struct ndp_message message = {
		.type = NDP_ADVERTISEMENT,
		.source = *address,
		.destination = ndp_all_nodes,
		.target = *address,
		.override = true,
	};

	memcpy(message.mac, worker->node->ports[port].mac, 6);
	send_to_group(worker, port, &message);
}

static void answer(struct worker *worker, unsigned int port, const struct ndp_message *request)
{
	struct ndp_message message = {
		.type = NDP_ADVERTISEMENT,
		.source = request->target,
		.destination = request->source,
		.target = request->target,
		.solicited = true,
		.override = true,
	};

	if (!ip_is_set(&request->source)) { // wants our address for itself
		ndp_announce(worker, port, &request->target);
		return;
	}
	memcpy(message.mac, worker->node->ports[port].mac, 6);
	send_message(worker, port, &message, request->has_mac ? request->mac : NULL);
}

static bool is_ours(const struct node *node, unsigned int port, const struct ip_address *address)
{
	return node_own_address(node, address) || node_is_link_local(node, port, address);
}

enum dt_drop_reason ndp_input(struct worker *worker, struct rte_mbuf *packet, bool is_copy)
{
	const struct packet_meta *meta = packet_meta(packet);
	const struct ip_address *who;
	unsigned int port = meta->port_in;
	struct ndp_message message;

	switch (ndp_read(packet_l3(packet), &meta->view, &message)) {
	case NDP_READ:
		break;
	case NDP_BAD_CHECKSUM:
		return DT_DROP_BAD_CHECKSUM;
	case NDP_MALFORMED:
		return DT_DROP_ICMP_UNSUPPORTED;
	}
	who = message.type == NDP_SOLICITATION ? &message.source : &message.target;
	if (is_ours(worker->node, port, who)) // an echo of ours, or an impostor
		return DT_DROP_NOT_FOR_US;
	if (message.has_mac)
		neighbour_heard(worker, who, message.mac);
	else if (message.type == NDP_ADVERTISEMENT && message.solicited)
		neighbour_heard(worker, who, NULL);
	if (!is_copy && message.type == NDP_SOLICITATION &&
		neighbour_answers_for(worker->node, port, &message.target))
		answer(worker, port, &message);
	return DT_DROP_NONE;
}
