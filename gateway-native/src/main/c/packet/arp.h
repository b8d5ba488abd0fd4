// SPDX-License-Identifier: Apache-2.0
//
// ARP for IPv4 over Ethernet (RFC 826): bytes in, struct out, and back. Addresses are raw.
#ifndef DYETRACE_ARP_H
#define DYETRACE_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ARP_PADDED_BYTES = 46, // with what fills an Ethernet frame of least size up
	ARP_OP_REQUEST = 1,
	ARP_OP_REPLY = 2,
};

struct arp_message {
	uint16_t op;
	uint8_t sender_mac[6];
	uint8_t target_mac[6];
	uint32_t sender;
	uint32_t target;
};

// false: not ARP for IPv4 over Ethernet, or cut short. arp: behind the Ethernet header.
bool arp_read(const uint8_t *arp, size_t len, struct arp_message *out);

// Without the Ethernet header; ARP_BYTES.
void arp_write(uint8_t *arp, const struct arp_message *message);

#endif
