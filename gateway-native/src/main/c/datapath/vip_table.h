// SPDX-License-Identifier: Apache-2.0
//
// What the workers know of VIPs: an immutable table, replaced as a whole by the control thread and
// freed once no worker reads it. A VIP that did not change is shared by the tables before and
// after.
#ifndef DYETRACE_VIP_TABLE_H
#define DYETRACE_VIP_TABLE_H

#include "target.h"

#include "../packet/quic.h"
#include "../packet/tunnel.h"
#include "../telemetry/ring_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIP_MAX DT_MAX_NAMES
#define SERVICE_MAX 8192
#define VIP_MAX_BACKENDS 1024
#define VIP_MAX_WEIGHT 100

enum vip_mode {
	VIP_FULL_NAT, // both addresses change: replies come back by themselves
	VIP_DNAT,     // the destination changes: the gateway is the backend's way to the client
	VIP_TUNNEL,   // encapsulated to the backend, which answers the client directly
};

enum vip_scheduler { SCHEDULER_MAGLEV, SCHEDULER_ROUND_ROBIN, SCHEDULER_LEAST_CONNECTIONS };

// Ports in host order.
struct backend {
	char name[DT_NAME_LEN];
	struct ip_address address;
	uint16_t port;
	uint16_t weight;           // 0: takes no new sessions
	uint16_t effective_weight; // weight * VIP_WEIGHT_STEPS, less while it starts slowly
	uint16_t slot;
	uint16_t target;
	bool enabled;
	bool draining;                   // keeps its sessions, takes no new ones
	uint64_t up_since_ns;            // monotonic; 0: from the start
	struct quic_server_id server_id; // len 0: none
};

#define VIP_WEIGHT_STEPS 10 // effective_weight of a backend that has started, by weight

// What least connections compares, close together.
struct vip_candidate {
	uint16_t target;
	uint16_t weight; // effective
};

#define VIP_EXACT_CANDIDATES 64

struct vip_limits {
	uint64_t packets_per_second; // 0: none, as for all
	uint64_t bits_per_second;    // of IP packets
	uint32_t new_connections_per_second;
	uint32_t sessions;
};

struct vip {
	char name[DT_NAME_LEN];
	struct ip_address address;
	uint16_t port;
	uint8_t protocol; // TCP, UDP or SCTP
	bool enabled;
	uint16_t slot;    // of the name
	uint16_t service; // of (name, address, port, protocol, mode): another one when these change
	uint8_t mode;     // enum vip_mode
	uint8_t scheduler;
	bool toa;
	bool limited;       // some limit but the connections' is set; vip_finish() does it
	uint16_t mss_clamp; // 0: as the mode needs
	// VIP_TUNNEL: kind, id, port, ttl, local; remote is the backend's address.
	struct tunnel tunnel;
	uint64_t slow_start_ns;   // 0: none
	struct vip_limits limits; // on this node
	struct quic_config *quic; // NULL: none; the VIP's own, freed with it
	uint32_t references;      // tables that hold it; the control thread's
	uint32_t schedule_size;   // 0: no backend takes sessions
	// Indices into backends: Maglev's table, or round robin's order. Least connections: every
	// candidate once, or when there are more than VIP_EXACT_CANDIDATES an order to draw from.
	uint16_t *schedule;
	struct vip_candidate *candidates; // beside schedule: least connections only
	uint16_t *servers;                // indices into backends by server id, a hash set
	uint32_t server_mask;             // 0: no backend has a server id
	uint32_t backend_count;
	struct backend backends[];
};

struct vip_table {
	uint32_t generation; // no other table of this process has it, or none for long
	uint32_t config_version;
	uint32_t count;
	uint32_t mask;
	struct vip **by_key;     // open addressing
	struct vip **by_address; // one VIP of each address
	struct vip *by_service[SERVICE_MAX];
};

enum vip_lookup_outcome {
	VIP_FOUND,
	VIP_DISABLED,
	VIP_PROTOCOL_UNSUPPORTED, // the address and port under another protocol
	VIP_UNKNOWN,
};

enum vip_lookup_outcome vip_lookup(const struct vip_table *table, const struct ip_address *address,
	uint16_t port, uint8_t protocol, const struct vip **vip);

#define VIP_RECENT 64

// The VIPs that one worker met lately, each at a place that its address and port name.
struct vip_recent {
	uint32_t generation; // of the table they are from
	const struct vip *vips[VIP_RECENT];
};

static inline bool vip_has_key(
	const struct vip *vip, const struct ip_address *address, uint16_t port, uint8_t protocol)
{
	return vip->port == port && vip->protocol == protocol && ip_equal(&vip->address, address);
}

static inline const struct vip **vip_recent_place(
	struct vip_recent *recent, const struct ip_address *address, uint16_t port)
{
	return &recent->vips[(address->bytes[15] ^ address->bytes[14] ^ port) % VIP_RECENT];
}

// NULL: not among them; ask vip_lookup().
static inline const struct vip *vip_recall(struct vip_recent *recent, const struct vip_table *table,
	const struct ip_address *address, uint16_t port, uint8_t protocol)
{
	const struct vip *vip = *vip_recent_place(recent, address, port);

	if (recent->generation != table->generation || !vip ||
		!vip_has_key(vip, address, port, protocol))
		return NULL;
	return vip;
}

// One that vip_lookup() found in the table.
static inline void vip_remember(
	struct vip_recent *recent, const struct vip_table *table, const struct vip *vip)
{
	if (recent->generation != table->generation)
		*recent = (struct vip_recent){.generation = table->generation};
	*vip_recent_place(recent, &vip->address, vip->port) = vip;
}

// Some VIP has this address.
bool vip_address_known(const struct vip_table *table, const struct ip_address *address);

// What a worker brings to the choice, for this VIP.
struct schedule_state {
	uint32_t *cursor; // round robin: any value is right; best begun apart in each worker
	const uint32_t *target_sessions; // [TARGET_MAX], of this worker: least connections
};

enum backend_choice_outcome {
	BACKEND_CHOSEN,
	BACKEND_NONE,
	BACKEND_NONE_HEALTHY,
	BACKEND_UNKNOWN_SERVER, // the server id of a QUIC connection names no backend
};

// Maglev: the same flow gets the same backend on every node and worker, as long as the set of
// backends stays; few flows move when it changes (state may be NULL). Round robin: this worker's
// next turn. Least connections: the fewest sessions on this worker by weight, exactly among up to
// VIP_EXACT_CANDIDATES backends, else among a few that the flow's hash draws by weight.
enum backend_choice_outcome vip_choose_backend(const struct vip *vip,
	const struct ip_address *client, uint16_t client_port, const struct schedule_state *state,
	const struct backend **backend);

// The backend of a server id; one that is draining or has weight 0 keeps its connections, one that
// is disabled is BACKEND_NONE_HEALTHY.
enum backend_choice_outcome vip_choose_server(const struct vip *vip,
	const struct quic_server_id *server_id, const struct backend **backend);

// A VIP without backends filled in: name … backend_count are the caller's to set, then
// vip_finish(). NULL: no memory.
struct vip *vip_new(uint32_t backend_count);

// Fills in what is made from the rest: the schedule from the backends, their targets and effective
// weights (those of backends that do not start slowly are set here), the server ids, `limited`.
// -ENOMEM, or 0.
int vip_finish(struct vip *vip);

// Sets the effective weights for this time; true when one changed (then vip_finish() is due). A
// backend takes a tenth of its weight at first, and a tenth more with each tenth of slow_start_ns.
bool vip_slow_start(struct vip *vip, uint64_t now_ns);

// vip_slow_start() would change something.
bool vip_slow_start_due(const struct vip *vip, uint64_t now_ns);

// A copy that is in no table, with its own schedule and QUIC configuration. NULL: no memory.
struct vip *vip_copy(const struct vip *vip);

// The same without what vip_finish() makes, and with another number of backends: the first are the
// VIP's, the others clear.
struct vip *vip_copy_unfinished(const struct vip *vip, uint32_t backend_count);

// For a VIP that is in no table.
void vip_free(struct vip *vip);

// A table of these VIPs, which it holds a reference of each. NULL: no memory. Two VIPs of one key
// or name are the caller's fault.
struct vip_table *vip_table_new(struct vip *const *vips, uint32_t count, uint32_t config_version);

// Frees it and the VIPs that no other table holds.
void vip_table_free(struct vip_table *table);

#endif
