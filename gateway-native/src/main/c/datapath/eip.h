// SPDX-License-Identifier: Apache-2.0
//
// The EIP tier's one stage, stateless, run to completion: public address to private address (and
// into the entry's tunnel) for what comes from outside, private to public for what comes from
// inside, whatever the protocol.
//
// Fragments pass: the first one gets the transport checksum's change, later ones the address alone.
// What is too long for the next hop is dropped and answered (with the MTU that is left for the
// sender), IPv4 without DF too: the gateway never fragments. A TTL that runs out is answered. ICMP
// errors take the packet they quote along.
#ifndef DYETRACE_EIP_H
#define DYETRACE_EIP_H

#include "worker.h"

// Packets of RECEIVE_TO_EIP, at most WORKER_BURST; takes them all. What came through a tunnel, or
// from an entry's private address, is from inside.
void eip(struct worker *worker, struct rte_mbuf **packets, unsigned int count);

#endif
