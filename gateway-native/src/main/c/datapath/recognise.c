// SPDX-License-Identifier: Apache-2.0
#include "recognise.h"

#include "stamp.h"

#include "../packet/bytes.h"

enum { TCP_ACKNOWLEDGMENT = 8 };

static bool may_answer_a_probe(const struct packet_view *view)
{
	return (view->tcp_flags & TCP_ACK) && (view->tcp_flags & (TCP_SYN | TCP_RST)) &&
	       view->fragment != FRAGMENT_LATER;
}

void recognise(struct worker *worker, struct packet_meta *meta, const uint8_t *tcp,
	const struct ip_address *vip)
{
	struct packet_view *view = &meta->view;
	size_t skip = view->is_v6 ? 0 : 12;

	if (likely(!may_answer_a_probe(view)))
		return;
	if (!dt_colour_guard_recognise(worker->node->guard, view->destination.bytes + skip,
		    vip->bytes + skip, 16 - skip, view->destination_port, view->source_port,
		    load_be32(tcp + TCP_ACKNOWLEDGMENT) - 1, meta->rx_real_ns))
		return;
	worker->counters.colour_recognised++;
	view->source = *vip;
	meta->stamped = true;
	stamp(worker, meta, DT_TP_RX);
}
