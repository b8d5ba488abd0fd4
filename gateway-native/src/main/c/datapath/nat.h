// SPDX-License-Identifier: Apache-2.0
//
// Rewrites addresses and ports, with the checksums brought up to date by the session's deltas.
#ifndef DYETRACE_NAT_H
#define DYETRACE_NAT_H

#include "worker.h"

// Works out the deltas of a session whose addresses and ports are set.
void nat_prepare(struct session *session);

// Client -> VIP becomes local -> backend. The TTL goes down by one.
void nat_forward(struct rte_mbuf *packet, const struct session *session);

// Backend -> local becomes VIP -> client.
void nat_reply(struct rte_mbuf *packet, const struct session *session);

// Takes one off the TTL of the IPv4 header and repairs its checksum.
void nat_decrement_ttl(uint8_t *ip);

#endif
