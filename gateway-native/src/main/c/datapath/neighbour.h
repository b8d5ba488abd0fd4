// SPDX-License-Identifier: Apache-2.0
//
// One worker's neighbours: address to MAC, resolved by ARP or neighbour discovery, refreshed before
// they age, with the first packets kept while a neighbour is being resolved. Single-threaded; what
// it sends and drops goes through two callbacks.
#ifndef DYETRACE_NEIGHBOUR_H
#define DYETRACE_NEIGHBOUR_H

#include "../packet/ip_address.h"

#include <stdbool.h>
#include <stdint.h>

#define NEIGHBOUR_BUCKETS 512
#define NEIGHBOUR_WAYS 8
#define NEIGHBOUR_PENDING 16      // packets kept a neighbour …
#define NEIGHBOUR_ALL_PENDING 512 // … and a table: a scan must not take all buffers
#define NEIGHBOUR_TRIES 3         // unanswered requests until a new neighbour counts as dead
#define NEIGHBOUR_REFRESH_TRIES 5 // the same for one that was alive
#define NEIGHBOUR_RETRY_NS 300000000ull
#define NEIGHBOUR_REFRESH_RETRY_NS 1000000000ull
#define NEIGHBOUR_REFRESH_NS 20000000000ull // age at which it is asked again
#define NEIGHBOUR_UNUSED_NS 60000000000ull  // not asked again when no packet went there for so long
#define NEIGHBOUR_STEP_NS 50000000ull       // how often neighbour_step() is due

enum neighbour_state {
	NEIGHBOUR_EMPTY,
	NEIGHBOUR_INCOMPLETE, // asked, no answer yet
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_REFRESHING, // still used while it is asked again
	NEIGHBOUR_FAILED,
};

struct neighbour {
	struct ip_address address;
	uint8_t mac[6];
	uint8_t state;
	uint8_t port;
	uint8_t tries;
	uint8_t pending_count;
	bool pinned; // asked again for ever: the default gateway
	bool fixed;  // from the configuration
	uint64_t answered_ns;
	uint64_t used_ns;
	uint64_t next_try_ns;
	void *pending[NEIGHBOUR_PENDING];
};

struct neighbour_callbacks {
	// mac: whom to ask; NULL: everybody.
	void (*request)(
		void *context, uint8_t port, const struct ip_address *address, const uint8_t *mac);
	void (*unreachable)(void *context, void *packet);
	void *context;
};

struct neighbour_table {
	uint32_t tags[NEIGHBOUR_BUCKETS][NEIGHBOUR_WAYS]; // of the address's hash; 0: free
	struct neighbour entries[NEIGHBOUR_BUCKETS][NEIGHBOUR_WAYS];
	struct neighbour *recent; // resolved last; most packets go where the one before went
	struct neighbour_callbacks callbacks;
	unsigned int pending_total;
	uint32_t generation; // another one whenever a MAC that was given out is no longer right
	bool assume_present; // replay: nobody answers, so everybody has a made-up MAC
};

enum neighbour_outcome {
	NEIGHBOUR_KNOWN,
	NEIGHBOUR_QUEUED, // the packet is the table's now
	NEIGHBOUR_DEAD,   // or its queue is full: the packet stays the caller's
};

// Sets *mac for NEIGHBOUR_KNOWN.
enum neighbour_outcome neighbour_resolve(struct neighbour_table *table, uint8_t port,
	const struct ip_address *address, void *packet, uint64_t now_ns, const uint8_t **mac);

// Keeps an address resolved from now on.
void neighbour_pin(struct neighbour_table *table, uint8_t port, const struct ip_address *address,
	uint64_t now_ns);

// A neighbour that is never asked for.
void neighbour_fix(struct neighbour_table *table, uint8_t port, const struct ip_address *address,
	const uint8_t mac[6]);

// An ARP or neighbour discovery message came from this address. The packets that waited for it are
// taken out into packets (NEIGHBOUR_PENDING of them at most); returns how many. Addresses that
// nobody asked for are not learned. mac NULL: it is there and has not changed.
unsigned int neighbour_learn(struct neighbour_table *table, const struct ip_address *address,
	const uint8_t *mac, uint64_t now_ns, void **packets);

// Asks, asks again and gives up, where that is due.
void neighbour_step(struct neighbour_table *table, uint64_t now_ns);

// Gives every waiting packet to `unreachable`.
void neighbour_flush(struct neighbour_table *table);

bool neighbour_is_reachable(const struct neighbour_table *table, const struct ip_address *address);

#endif
