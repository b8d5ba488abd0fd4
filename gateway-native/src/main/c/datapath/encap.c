// SPDX-License-Identifier: Apache-2.0
#include "encap.h"

enum dt_drop_reason encap(struct rte_mbuf *packet, const struct packet_view *view,
	const struct tunnel *tunnel, uint32_t entropy)
{
	uint16_t bytes = (uint16_t)tunnel_header_bytes(tunnel);
	uint8_t *outer = (uint8_t *)rte_pktmbuf_prepend(packet, bytes);

	if (unlikely(!outer))
		return DT_DROP_NO_HEADROOM;
	// The outer packet is never fragmented, so its id need not be one of its own (RFC 6864).
	if (!tunnel_write(tunnel, view->is_v6, view->ip_len, view->traffic_class, entropy,
		    (uint16_t)entropy, outer))
		return DT_DROP_TUNNEL_ENCAP_FAIL;
	return DT_DROP_NONE;
}

enum dt_drop_reason encap_first(struct worker *worker, struct rte_mbuf *packet,
	const struct packet_view *view, unsigned int tunnel, uint32_t entropy)
{
	tunnel_head_make(
		&worker->heads[tunnel][view->is_v6], &worker->node->tunnels[tunnel], view->is_v6);
	return encap(packet, view, &worker->node->tunnels[tunnel], entropy);
}
