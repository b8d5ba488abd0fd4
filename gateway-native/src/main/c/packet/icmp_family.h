// SPDX-License-Identifier: Apache-2.0
//
// The first eight bytes of an ICMP error of one family as the other one says it (RFC 7915, 4.2 and
// 5.2); the checksum is left 0. An MTU is told as it is for the packet on the other side. false:
// there is no such error. Pure.
#ifndef DYETRACE_ICMP_FAMILY_H
#define DYETRACE_ICMP_FAMILY_H

#include "parse.h"

bool icmp_family_to_v6(const uint8_t icmp[ICMP_MIN_BYTES], uint8_t icmpv6[ICMP_MIN_BYTES]);
bool icmp_family_to_v4(const uint8_t icmpv6[ICMP_MIN_BYTES], uint8_t icmp[ICMP_MIN_BYTES]);

#endif
