// SPDX-License-Identifier: Apache-2.0
#include "arp.h"

#include "bytes.h"
#include "parse.h"

enum { HARDWARE_ETHERNET = 1 };

bool arp_read(const uint8_t *arp, size_t len, struct arp_message *out)
{
	if (len < ARP_BYTES)
		return false;
	if (load_be16(arp) != HARDWARE_ETHERNET || load_be16(arp + 2) != ETHERTYPE_IPV4_ID ||
		arp[4] != 6 || arp[5] != 4)
		return false;
	out->op = load_be16(arp + 6);
	memcpy(out->sender_mac, arp + 8, 6);
	out->sender = load_raw32(arp + 14);
	memcpy(out->target_mac, arp + 18, 6);
	out->target = load_raw32(arp + 24);
	return true;
}

void arp_write(uint8_t *arp, const struct arp_message *message)
{
	store_be16(arp, HARDWARE_ETHERNET);
	store_be16(arp + 2, ETHERTYPE_IPV4_ID);
	arp[4] = 6;
	arp[5] = 4;
	store_be16(arp + 6, message->op);
	memcpy(arp + 8, message->sender_mac, 6);
	store_raw32(arp + 14, message->sender);
	memcpy(arp + 18, message->target_mac, 6);
	store_raw32(arp + 24, message->target);
}
