// SPDX-License-Identifier: Apache-2.0
#include "leave.h"

#include "encap.h"
#include "icmp_answer.h"
#include "transmit.h"

#include "../packet/bytes.h"
#include "../packet/tcp_option.h"

#define TUNNEL_TTL 64       // where none is configured
#define IPV6_LEAST_MTU 1280 // what every link carries: no error may name less
#define IPV4_LEAST_MTU 68

static const struct ip_address *link_address(const struct node_port *port, bool v4)
{
	return v4 ? &port->v4.address : &port->v6.address;
}

static const struct ip_address *tunnel_source(
	const struct worker *worker, const struct vip *vip, const struct ip_address *backend)
{
	const struct node *node = worker->node;
	bool v4 = ip_is_v4(backend);
	struct ip_address next_hop;
	unsigned int port;

	if (ip_is_set(&vip->tunnel.local) && ip_is_v4(&vip->tunnel.local) == v4)
		return &vip->tunnel.local;
	if (transmit_route(node, backend, &port, &next_hop) &&
		ip_is_set(link_address(&node->ports[port], v4)))
		return link_address(&node->ports[port], v4);
	for (unsigned int i = 0; i < node->local_count; i++) {
		if (ip_is_v4(&node->locals[i]) == v4)
			return &node->locals[i];
	}
	return NULL;
}

bool leave_tunnel(const struct worker *worker, const struct vip *vip,
	const struct ip_address *backend, struct tunnel *tunnel)
{
	const struct ip_address *source = tunnel_source(worker, vip, backend);

	if (!source)
		return false;
	*tunnel = vip->tunnel;
	tunnel->local = *source;
	tunnel->remote = *backend;
	if (tunnel->ttl == 0)
		tunnel->ttl = TUNNEL_TTL;
	return true;
}

uint16_t leave_mtu(const struct worker *worker, const struct way *way)
{
	struct ip_address next_hop;
	unsigned int port;

	// Without a route the packet gets no further than to its drop.
	if (!transmit_route(worker->node, way->destination, &port, &next_hop))
		return UINT16_MAX;
	return worker->node->ports[port].mtu;
}

enum dt_drop_reason leave_too_big(
	struct worker *worker, struct rte_mbuf *packet, const struct way *way)
{
	int least = packet_meta(packet)->view.is_v6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU;
	int mtu = leave_mtu(worker, way) - way->growth;

	icmp_answer(worker, packet, ICMP_ERROR_PACKET_TOO_BIG, (uint32_t)RTE_MAX(mtu, least));
	return DT_DROP_MTU_EXCEEDED;
}

void leave_clamp_mss(const struct worker *worker, struct rte_mbuf *packet, const struct way *way,
	unsigned int ip_bytes, uint16_t configured)
{
	int headers = (int)ip_bytes + TCP_MIN_BYTES + way->growth;
	int max = leave_mtu(worker, way) - headers;

	if (configured == 0 && way->growth <= 0)
		return;
	if (configured && (way->growth <= 0 || configured < max))
		max = configured;
	if (max > 0)
		tcp_clamp_mss(
			packet_l4(packet), packet_meta(packet)->view.tcp_header_len, (uint16_t)max);
}

enum dt_drop_reason leave_encapsulate(struct rte_mbuf *packet, const struct tunnel *tunnel)
{
	const uint8_t *ip = packet_l3(packet);
	bool is_v6 = ip[0] >> 4 == 6;
	const struct packet_view inner = {
		// as it is now, not as it was received
		.is_v6 = is_v6,
		.ip_len = packet->data_len,
		.traffic_class = is_v6 ? (uint8_t)(load_be16(ip) >> 4) : ip[IPV4_TOS],
	};

	if (likely(!tunnel))
		return DT_DROP_NONE;
	return encap(packet, &inner, tunnel, (uint32_t)packet_meta(packet)->hash);
}
