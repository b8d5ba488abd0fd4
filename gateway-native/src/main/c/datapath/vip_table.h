// SPDX-License-Identifier: Apache-2.0
//
// What the workers know of VIPs: an immutable table, replaced as a whole by the control thread and
// freed once no worker reads it. A VIP that did not change is shared by the tables before and
// after.
#ifndef DYETRACE_VIP_TABLE_H
#define DYETRACE_VIP_TABLE_H

#include "../telemetry/ring_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIP_MAX DT_MAX_NAMES
#define VIP_MAX_BACKENDS 1024
#define VIP_MAX_WEIGHT 100

// Addresses raw, ports in host order.
struct backend {
	char name[DT_NAME_LEN];
	uint32_t address;
	uint16_t port;
	uint16_t weight; // 0: takes no new sessions
	uint16_t slot;
	bool enabled;
};

struct vip {
	char name[DT_NAME_LEN];
	uint32_t address;
	uint16_t port;
	uint8_t protocol;
	bool enabled;
	uint16_t slot;
	uint32_t new_connection_limit; // a second on this node, 0: none
	uint32_t maglev_size;          // 0: no backend takes sessions
	uint32_t references;           // tables that hold it; the control thread's
	uint16_t *maglev;              // indices into backends
	uint32_t backend_count;
	struct backend backends[];
};

struct vip_table {
	uint32_t config_version;
	uint32_t count;
	uint32_t mask;
	struct vip **by_key;     // open addressing
	struct vip **by_address; // one VIP of each address
	struct vip *by_slot[VIP_MAX];
};

enum vip_lookup_outcome {
	VIP_FOUND,
	VIP_DISABLED,
	VIP_PROTOCOL_UNSUPPORTED, // the address and port under another protocol
	VIP_UNKNOWN,
};

enum vip_lookup_outcome vip_lookup(const struct vip_table *table, uint32_t address, uint16_t port,
	uint8_t protocol, const struct vip **vip);

// Some VIP has this address.
bool vip_address_known(const struct vip_table *table, uint32_t address);

enum backend_choice_outcome { BACKEND_CHOSEN, BACKEND_NONE, BACKEND_NONE_HEALTHY };

// The same flow gets the same backend on every node, as long as the set of backends stays; few
// flows move when it changes.
enum backend_choice_outcome vip_choose_backend(const struct vip *vip, uint32_t client,
	uint16_t client_port, const struct backend **backend);

// A VIP without backends filled in: name … backend_count are the caller's to set, then
// vip_finish(). NULL: no memory.
struct vip *vip_new(uint32_t backend_count);

// Fills the Maglev table from the backends. -ENOMEM, or 0.
int vip_finish(struct vip *vip);

// For a VIP that is in no table.
void vip_free(struct vip *vip);

// A table of these VIPs, which it holds a reference of each. NULL: no memory. Two VIPs of one key
// or name are the caller's fault.
struct vip_table *vip_table_new(struct vip *const *vips, uint32_t count, uint32_t config_version);

// Frees it and the VIPs that no other table holds.
void vip_table_free(struct vip_table *table);

#endif
