// SPDX-License-Identifier: Apache-2.0
//
// Tells the backend of a full NAT session the client's address, in a TCP option: in the SYN when it
// has room, else in the first later packet that has. Never at the cost of a packet.
#ifndef DYETRACE_TOA_H
#define DYETRACE_TOA_H

#include "leave.h"

// A client's packet, as received, of a session that is to be told about.
void toa_tell(struct worker *worker, struct rte_mbuf *packet, struct session *session,
	const struct way *way);

#endif
