// SPDX-License-Identifier: Apache-2.0
//
// Makes the session of a flow's first packet: the node's and the VIP's limits, a backend, a local
// port, a place in the table.
#ifndef DYETRACE_ADMIT_H
#define DYETRACE_ADMIT_H

#include "worker.h"

// backend: NULL, or the one that the packet itself names. DT_DROP_NONE with *session set, or why
// not. *session: NULL, or what the new one takes the place of, if it may come.
enum dt_drop_reason admit(struct worker *worker, struct rte_mbuf *packet, const struct vip *vip,
	const struct backend *backend, struct session **session);

// A packet of a QUIC VIP: its connection id names the backend, whatever its addresses are.
// *session: what was found by these, or NULL; it gives way to what the connection id says.
enum dt_drop_reason admit_quic(struct worker *worker, struct rte_mbuf *packet,
	const struct vip *vip, struct session **session);

#endif
