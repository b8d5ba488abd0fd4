// SPDX-License-Identifier: Apache-2.0
//
// Takes off a tunnel that ends at one of our addresses.
#ifndef DYETRACE_DECAPSULATE_H
#define DYETRACE_DECAPSULATE_H

#include "worker.h"

enum decapsulate_outcome {
	DECAPSULATE_NOT_ONE, // the packet is what it was
	DECAPSULATE_INNER,   // it begins at the inner IP header; meta->view and tunnel_in say the
			     // rest
	DECAPSULATE_REFUSED, // *reason says why
};

// own: the packet's destination. *parsed: what parse_ip() said of the inner packet.
enum decapsulate_outcome decapsulate(const struct node *node, struct rte_mbuf *packet,
	const struct own_address *own, enum parse_outcome *parsed, enum dt_drop_reason *reason);

#endif
