// SPDX-License-Identifier: Apache-2.0
#include "node.h"

bool node_add_own_address(
	struct node *node, const struct ip_address *address, enum own_kind kind, unsigned int index)
{
	uint32_t i = node_own_slot(address), bit = node_own_filter_bit(address), tries = 0;

	for (; node->own[i].kind != OWN_NOT; i = (i + 1) % NODE_OWN_SLOTS) {
		// Half empty, so that a look-up ends soon.
		if (ip_equal(&node->own[i].address, address) || ++tries > NODE_OWN_SLOTS / 2)
			return false;
	}
	node->own[i] = (struct own_address){*address, (uint8_t)kind, (uint8_t)index};
	node->own_filter[bit / 64] |= 1ull << bit % 64;
	return true;
}
