// SPDX-License-Identifier: Apache-2.0
#include "toa.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"
#include "../packet/tcp_option.h"

static void lengthen_ip(uint8_t *ip, bool is_v6, unsigned int growth)
{
	uint8_t *field = ip + (is_v6 ? IPV6_PAYLOAD_LENGTH : IPV4_TOTAL_LENGTH);
	uint16_t before = load_raw16(field);

	store_be16(field, (uint16_t)(load_be16(field) + growth));
	if (!is_v6)
		store_raw16(ip + IPV4_CHECKSUM,
			checksum_apply(load_raw16(ip + IPV4_CHECKSUM),
				checksum_fold(checksum_delta16(before, load_raw16(field)))));
}

// Makes room behind the TCP header by moving what is in front of it.
static bool insert(struct rte_mbuf *packet, unsigned int growth)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	const uint8_t *before = packet_l3(packet);
	uint16_t tcp_len = (uint16_t)(packet->data_len - view->l4_offset);
	uint8_t *ip = (uint8_t *)rte_pktmbuf_prepend(packet, (uint16_t)growth), *tcp;
	uint64_t delta;

	if (!ip)
		return false;
	memmove(ip, before, (size_t)view->l4_offset + view->tcp_header_len);
	tcp = ip + view->l4_offset;
	delta = toa_insert(tcp, view->tcp_header_len, growth, &view->source, view->source_port);
	delta += checksum_delta16(htons(tcp_len), htons((uint16_t)(tcp_len + growth)));
	store_raw16(tcp + TCP_CHECKSUM,
		checksum_apply(load_raw16(tcp + TCP_CHECKSUM), checksum_fold(delta)));
	lengthen_ip(ip, view->is_v6, growth);
	return true;
}

void toa_tell(struct worker *worker, struct rte_mbuf *packet, struct session *session,
	const struct way *way)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	int growth = toa_growth(packet_l4(packet), view->tcp_header_len, &view->source);

	if (growth < 0 || packet->data_len + growth > UINT16_MAX ||
		!leave_fits(worker, packet, way, (unsigned int)growth) ||
		!insert(packet, (unsigned int)growth))
		return;
	if (!(session->flags & SESSION_TOA_TOLD)) {
		session->flags |= SESSION_TOA_TOLD;
		worker->counters.toa_told++;
		worker->counters.toa_late += !(view->tcp_flags & TCP_SYN);
	}
	if (view->tcp_flags & TCP_ACK)
		session->flags &= (uint8_t)~SESSION_TOA_DUE;
}
