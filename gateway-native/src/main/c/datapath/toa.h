// SPDX-License-Identifier: Apache-2.0
//
// Tells the backend of a full NAT session the client's address, in a TCP option: in each SYN that
// has room and in the first packet with ACK that has. Some kernel modules read it from the one,
// some from the other, the ACK that makes the connection. Never at the cost of a packet.
#ifndef DYETRACE_TOA_H
#define DYETRACE_TOA_H

#include "leave.h"

// A client's packet, as received, of a session that is to be told about.
void toa_tell(struct worker *worker, struct rte_mbuf *packet, struct session *session,
	const struct way *way);

#endif
