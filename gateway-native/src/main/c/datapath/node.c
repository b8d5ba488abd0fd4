// SPDX-License-Identifier: Apache-2.0
#include "node.h"

void node_add_own_address(struct node *node, uint32_t address, enum own_kind kind)
{
	uint32_t i = node_own_slot(address);

	while (node->own_kinds[i] != OWN_NOT && node->own_addresses[i] != address)
		i = (i + 1) % NODE_OWN_SLOTS;
	node->own_addresses[i] = address;
	node->own_kinds[i] = (uint8_t)kind;
}
