// SPDX-License-Identifier: Apache-2.0
#include "icmp_answer.h"

#include "drop.h"
#include "encap.h"
#include "transmit.h"

// The port's the packet came in by, or any other's of its family.
static const struct ip_address *source_address(const struct node *node, unsigned int port, bool v6)
{
	for (unsigned int i = 0; i < node->port_count; i++) {
		const struct node_port *p = &node->ports[(port + i) % node->port_count];
		const struct node_link *link = v6 ? &p->v6 : &p->v4;

		if (ip_is_set(&link->address))
			return &link->address;
	}
	return NULL;
}

static void begin_meta(
	const struct worker *worker, struct packet_meta *meta, const struct packet_meta *about)
{
	*meta = (struct packet_meta){
		.rx_mono_ns = worker->now.mono_ns,
		.rx_real_ns = worker->now.real_ns,
		.vip_slot = about->vip_slot,
		.backend_slot = about->backend_slot,
		.direction = about->direction == DT_DIR_FORWARD ? DT_DIR_REPLY : DT_DIR_FORWARD,
		.stage = DT_TP_TX,
		.port_in = about->port_in,
	};
}

// Counted when there is none.
static struct rte_mbuf *new_buffer(struct worker *worker, size_t len)
{
	uint32_t bytes = (uint32_t)(len + ETHERNET_BYTES);
	struct rte_mbuf *buffer;

	if (rte_pktmbuf_data_room_size(worker->pool) < RTE_PKTMBUF_HEADROOM + len) {
		drop_uncreated(worker, bytes, DT_DROP_NO_HEADROOM);
		return NULL;
	}
	buffer = rte_pktmbuf_alloc(worker->pool);
	if (!buffer)
		drop_uncreated(worker, bytes, DT_DROP_MBUF_EXHAUSTED);
	return buffer;
}

static struct rte_mbuf *new_packet(
	struct worker *worker, const struct packet_meta *about, const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *answer = new_buffer(worker, len);
	struct packet_meta *meta;

	if (!answer)
		return NULL;
	worker->counters.packets_made++;
	memcpy(rte_pktmbuf_append(answer, (uint16_t)len), bytes, len);
	meta = packet_meta(answer);
	begin_meta(worker, meta, about);
	meta->frame_bytes = (uint16_t)(len + ETHERNET_BYTES);
	parse_ip(bytes, len, &meta->view);
	return answer;
}

static void send_back(struct worker *worker, struct rte_mbuf *answer, uint8_t tunnel_in)
{
	const struct packet_view *view = &packet_meta(answer)->view;
	const struct tunnel *tunnel = node_tunnel_back(worker->node, tunnel_in);
	enum dt_drop_reason failed;

	if (tunnel) {
		failed = encap(answer, view, tunnel, encap_entropy(view));
		if (failed != DT_DROP_NONE) {
			drop(worker, answer, failed);
			return;
		}
	}
	worker->counters.icmp_errors_sent++;
	transmit(worker, answer);
}

void icmp_answer(
	struct worker *worker, struct rte_mbuf *packet, enum icmp_error_kind kind, uint32_t mtu)
{
	const struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const struct ip_address *source = source_address(worker->node, meta->port_in, view->is_v6);
	uint8_t bytes[ICMP_ERROR_V6_MAX_BYTES];
	struct rte_mbuf *answer;
	size_t len;

	if (!source || !icmp_error_allowed(packet_l3(packet), view) ||
		!rate_limit_take(
			&worker->icmp_errors, ICMP_ANSWERS_PER_SECOND, 1, 1, worker->now.mono_ns))
		return;
	len = icmp_error_write(kind, mtu, source, packet_l3(packet), view, bytes);
	answer = len ? new_packet(worker, meta, bytes, len) : NULL;
	if (answer)
		send_back(worker, answer, meta->tunnel_in);
}
