// SPDX-License-Identifier: Apache-2.0
//
// One worker's sessions. A session is one cache line for IPv4 and IPv6, found by its forward key
// (client, service) and by its reply key (backend, local address) through one bucketed index of
// exact keys; it stands in one of a few queues by timeout class, oldest first, from which
// session_table_age() removes what has run out, a few steps at a time.
//
// A session names its VIP by a service id and its backend by a target id (target.h): what stands
// there stays for as long as a session names it.
//
// Single-threaded; time comes in as ticks.
#ifndef DYETRACE_SESSION_TABLE_H
#define DYETRACE_SESSION_TABLE_H

#include "flow_hash.h"
#include "prefetch.h"
#include "session_index.h"
#include "target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_TICK_NS 10000000ull // 10 ms: 32 bits of them last 497 days
#define SESSION_MAX_TIMEOUT_TICKS (1u << 30)
#define SESSION_MIN_CAPACITY 16u
#define SESSION_MAX_CAPACITY (1u << 28)

#define SESSION_PREFETCH static inline __attribute__((always_inline))

enum session_class {
	SESSION_CLASS_SYN,
	SESSION_CLASS_ESTABLISHED,
	SESSION_CLASS_CLOSING,
	SESSION_CLASS_RESET,
	SESSION_CLASS_UDP,
	SESSION_CLASS_SCTP,        // established; before that its class is SYN
	SESSION_CLASS_HALF_CLOSED, // of TCP whose replies do not pass: the client has sent its FIN
	SESSION_CLASSES,
};

enum session_state {
	SESSION_FREE,
	SESSION_SYN_SENT,     // the client's SYN was forwarded
	SESSION_SYN_RECEIVED, // the backend's SYN-ACK was forwarded
	SESSION_ESTABLISHED,
	SESSION_CLOSING, // FINs both ways, or a RST after it was established
	SESSION_RESET,   // a RST while half-open
	SESSION_UDP,
};

enum {
	SESSION_FIN_FORWARD = 0x01,
	SESSION_FIN_REPLY = 0x02,
	SESSION_MARKED = 0x04,   // by a verified colour: replies are stamped with its probe key
	SESSION_DETAIL = 0x08,   // at every stage
	SESSION_TOA_DUE = 0x10,  // the client's address is still to be told, in a packet with ACK
	SESSION_TOA_TOLD = 0x20, // the server has been told it at all
};

// What the reply key's local end is.
enum {
	SESSION_LOCAL_CLIENT = 0xfe, // the client itself: DNAT
	SESSION_LOCAL_NONE = 0xff,   // no reply passes here: tunnel mode
};

// Ports in host order. A session without reply key has no second entry in the index.
struct session {
	struct ip_address client;
	uint16_t client_port;
	uint16_t local_port;
	uint16_t service;
	uint16_t target;
	uint8_t protocol;
	uint8_t state;       // enum session_state
	uint8_t class;       // enum session_class
	uint8_t flags;       // SESSION_*
	uint8_t stamps_left; // replies yet to be stamped
	uint8_t local_index; // of the node's local addresses, or SESSION_LOCAL_*
	uint8_t tunnel;      // replies go back through tunnels[tunnel - 1]; 0: as they are
	bool tcp_v4;         // TCP over IPv4 on both sides
	uint32_t created_tick;
	uint32_t queued_tick; // last moved to its queue's end
	uint32_t next;
	uint32_t previous;
	uint32_t forward_bucket; // low half of the hash of each key: where the index has it
	uint32_t reply_bucket;
	uint32_t probe_sequence;
	uint16_t prober_id;
	uint16_t address_delta; // what the forward translation's addresses do to a checksum that
				// covers them; replies: its complement
};

_Static_assert(sizeof(struct session) == 64, "a session is one cache line");

struct session_table {
	struct session *sessions;
	struct session_index index;   // of number << 1 | is the reply key
	const struct target *targets; // [TARGET_MAX]
	uint64_t seed;
	uint32_t capacity;
	uint32_t count;
	uint32_t free_head;
	uint32_t head[SESSION_CLASSES];
	uint32_t tail[SESSION_CLASSES];
	uint32_t timeout_ticks[SESSION_CLASSES];
	uint32_t next_class; // session_table_age() goes round
	void (*on_remove)(void *context, const struct session *session);
	void *context;
};

// Memory that session_table_init() wants, aligned to 64 bytes: at most 128 bytes a session from
// 1,000 sessions on.
size_t session_table_bytes(uint32_t capacity);

// memory: session_table_bytes(capacity), not necessarily cleared.
void session_table_init(struct session_table *table, void *memory, uint32_t capacity, uint64_t seed,
	const struct target *targets, const uint32_t timeout_ticks[SESSION_CLASSES]);

static inline uint64_t session_forward_hash(const struct session_table *table,
	const struct ip_address *client, const struct ip_address *vip, uint16_t client_port,
	uint16_t vip_port, uint8_t protocol)
{
	return flow_hash(table->seed, client, vip, client_port, vip_port, protocol);
}

// local: the local address, or the client of a DNAT session.
static inline uint64_t session_reply_hash(const struct session_table *table,
	const struct ip_address *backend, const struct ip_address *local, uint16_t backend_port,
	uint16_t local_port, uint8_t protocol)
{
	return flow_hash(~table->seed, backend, local, backend_port, local_port, protocol);
}

static inline bool session_has_forward_key(const struct session *s, const struct ip_address *client,
	uint16_t client_port, uint16_t service)
{
	return s->client_port == client_port && s->service == service &&
	       ip_equal(&s->client, client);
}

// hash: session_forward_hash() of the packet.
static inline struct session *session_find_forward(const struct session_table *table, uint64_t hash,
	const struct ip_address *client, uint16_t client_port, uint16_t service)
{
	const struct session_bucket *bucket = session_index_bucket(&table->index, (uint32_t)hash);
	uint16_t tag = session_index_tag(hash);

	for (; bucket; bucket = session_index_chained(&table->index, bucket)) {
		uint32_t match = session_bucket_match(bucket, tag);

		for (; match; match &= match - 1) {
			uint32_t value = bucket->values[__builtin_ctz(match)];
			struct session *s = &table->sessions[value >> 1];

			if (session_has_forward_key(s, client, client_port, service))
				return s;
		}
	}
	return NULL;
}

static inline bool session_has_reply_key(const struct session_table *table, const struct session *s,
	const struct ip_address *backend, uint16_t backend_port, uint8_t local_index,
	const struct ip_address *client, uint16_t local_port, uint8_t protocol)
{
	const struct target *target = &table->targets[s->target];

	return s->local_port == local_port && s->local_index == local_index &&
	       s->protocol == protocol && target->port == backend_port &&
	       ip_equal(&target->address, backend) &&
	       (local_index != SESSION_LOCAL_CLIENT || ip_equal(&s->client, client));
}

// hash: session_reply_hash() of the packet. local_index: of the destination, or
// SESSION_LOCAL_CLIENT; then client is the destination, else it may be NULL.
static inline struct session *session_find_reply(const struct session_table *table, uint64_t hash,
	const struct ip_address *backend, uint16_t backend_port, uint8_t local_index,
	const struct ip_address *client, uint16_t local_port, uint8_t protocol)
{
	const struct session_bucket *bucket = session_index_bucket(&table->index, (uint32_t)hash);
	uint16_t tag = session_index_tag(hash);

	for (; bucket; bucket = session_index_chained(&table->index, bucket)) {
		uint32_t match = session_bucket_match(bucket, tag);

		for (; match; match &= match - 1) {
			uint32_t value = bucket->values[__builtin_ctz(match)];
			struct session *s = &table->sessions[value >> 1];

			if ((value & 1) && session_has_reply_key(table, s, backend, backend_port,
						   local_index, client, local_port, protocol))
				return s;
		}
	}
	return NULL;
}

// Fetches into the cache what a find with this hash will read: first the bucket, then (once that
// has arrived) the session. SESSION_PREFETCH: gcc takes a function that only prefetches for one
// without effect, and drops its calls unless they are inlined first.
SESSION_PREFETCH void session_prefetch_bucket(const struct session_table *table, uint64_t hash)
{
	prefetch(session_index_bucket(&table->index, (uint32_t)hash));
}

// The first session whose tag says that it has a key of this hash, without a look into it. NULL:
// none; it may be in a chained bucket.
static inline struct session *session_likely(const struct session_table *table, uint64_t hash)
{
	const struct session_bucket *bucket = session_index_bucket(&table->index, (uint32_t)hash);
	uint32_t match = session_bucket_match(bucket, session_index_tag(hash));

	return match ? &table->sessions[bucket->values[__builtin_ctz(match)] >> 1] : NULL;
}

SESSION_PREFETCH void session_prefetch_session(const struct session_table *table, uint64_t hash)
{
	const struct session *session = session_likely(table, hash);

	if (session)
		prefetch(session);
}

// A new session with the keys, state, class and ids of *session; created now. reply_hash: of its
// reply key; ignored when local_index is SESSION_LOCAL_NONE. NULL: the table is full (or 80 keys
// meet in one bucket, which a secret seed does not let happen); nothing has changed then. The
// caller has seen to it that neither key is in use.
struct session *session_insert(struct session_table *table, const struct session *session,
	uint64_t forward_hash, uint64_t reply_hash, uint32_t tick);

void session_remove(struct session_table *table, struct session *session);

// To its queue's end.
void session_requeue(struct session_table *table, struct session *session, uint32_t tick);

// A packet passed. Cheap: the session moves in its queue only after an eighth of its timeout, so it
// lives between one timeout and nine eighths of it after its last packet.
static inline void session_touch(
	struct session_table *table, struct session *session, uint32_t tick)
{
	if (tick - session->queued_tick > table->timeout_ticks[session->class] / 8)
		session_requeue(table, session, tick);
}

// Moves the session to another timeout class (or refreshes it in its own).
void session_set_class(struct session_table *table, struct session *session,
	enum session_class class, uint32_t tick);

// Looks at up to `steps` queue heads; returns how many sessions it removed.
uint32_t session_table_age(struct session_table *table, uint32_t tick, uint32_t steps);

// The session after index *cursor (start with 0) or NULL at the end; *cursor moves behind it. For
// samples and export.
const struct session *session_table_next(const struct session_table *table, uint32_t *cursor);

#endif
