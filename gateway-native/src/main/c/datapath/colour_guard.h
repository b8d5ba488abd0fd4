// SPDX-License-Identifier: Apache-2.0
//
// Decides which coloured packets are stamped. One guard is shared by all workers;
// dt_colour_guard_check() neither locks, allocates nor reads a clock. A configuration change builds
// a new guard from the old one (the replay windows and caps live on in both) and frees the old one
// once no worker uses it.
#ifndef DYETRACE_COLOUR_GUARD_H
#define DYETRACE_COLOUR_GUARD_H

#include "../packet/colour.h"
#include "../packet/siphash_burst.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dt_colour_guard;

enum dt_colour_result {
	DT_COLOUR_NONE = 0, // no colour
	DT_COLOUR_VERIFIED, // to be stamped
	// Not to be stamped, forwarded as ordinary traffic and counted:
	DT_COLOUR_FORGED,   // not from the prober's prefix, or the MAC, version, key or epoch is
			    // wrong
	DT_COLOUR_REPLAYED, // verified, but seen before (or too old to tell)
	DT_COLOUR_CAPPED,   // verified and new, but its prober is over its packets per second
};

struct dt_colour_prober_config {
	uint16_t id;
	uint8_t address_len; // 4 or 16
	uint8_t prefix_bits;
	uint8_t prefix[16]; // network order
};

struct dt_colour_key_config {
	uint8_t id; // 0 to 3
	uint8_t bytes[DT_SIPHASH_KEY_BYTES];
};

struct dt_colour_guard_config {
	const struct dt_colour_prober_config
		*probers; // an id may stand more than once, with other prefixes
	size_t prober_count;
	const struct dt_colour_key_config *keys;
	size_t key_count;
	uint32_t stamp_rate_limit; // coloured packets a second and prober; 0: none are stamped
};

// Builds a guard. previous (or NULL): the guard whose replay windows and caps the new one shares;
// it stays the caller's to free. Only one thread may build and free guards. -EINVAL: a range or a
// repeated key id; -ENOMEM.
int dt_colour_guard_create(const struct dt_colour_guard_config *config,
	const struct dt_colour_guard *previous, struct dt_colour_guard **out);

// NULL is allowed.
void dt_colour_guard_free(struct dt_colour_guard *guard);

// Judges one packet with a colour. option: NULL for no colour. syn_sequence: the SYN's sequence
// number; for a packet whose colour has DT_COLOUR_FLAG_RESET the TCP sequence number minus one. The
// caller has checked that the flag and the TCP flags agree (else: FORGED). epoch_offset (or NULL)
// is set for VERIFIED: -1, 0 or 1, the colour's epoch minus the gateway's own.
enum dt_colour_result dt_colour_guard_check(const struct dt_colour_guard *guard,
	const struct dt_colour_option *option, const uint8_t *source, size_t address_len,
	uint16_t source_port, uint32_t syn_sequence, uint64_t now_ns, int *epoch_offset);

// What dt_colour_guard_check() finds of a colour before it looks at replays and caps, as a byte
// that can be kept with a packet. DT_COLOUR_MAC_RIGHT: in the epoch of the time; before, after: in
// the one beside it.
enum dt_colour_mac_state {
	DT_COLOUR_MAC_UNSEEN,
	DT_COLOUR_MAC_UNUSUAL, // not looked at; of use to callers
	DT_COLOUR_MAC_WRONG,   // FORGED: or its prober, version, key or prefix is
	DT_COLOUR_MAC_RIGHT_BEFORE,
	DT_COLOUR_MAC_RIGHT,
	DT_COLOUR_MAC_RIGHT_AFTER,
};

// A packet that says it is a prober's.
struct dt_colour_claim {
	const uint8_t *option; // DT_COLOUR_BYTES
	const uint8_t *source; // of address_len bytes
	uint8_t *state;        // out: enum dt_colour_mac_state
	uint32_t syn_sequence;
	uint16_t source_port;
	uint8_t address_len;
};

// MACs to be calculated together: of one family, whose messages are of one length.
struct dt_colour_lanes {
	struct dt_siphash_burst burst;
	uint64_t macs[DT_SIPHASH_LANES];
	uint8_t *states[DT_SIPHASH_LANES];
	unsigned int count; // 0 at first; of the arrays, only so many are there
};

struct dt_colour_claims {
	const struct dt_colour_guard *guard;
	uint64_t now_epoch, first_epoch, last_epoch; // the latter two may be a colour's
	struct dt_colour_lanes v4, v6;
};

// The same check in two steps, for a burst of packets. First: the MACs of all of them, calculated
// together. What a claim points to stays until all are verified. The caller has checked that the
// reset flag and the TCP flags agree.
static inline void dt_colour_claims_begin(
	struct dt_colour_claims *claims, const struct dt_colour_guard *guard, uint64_t now_ns)
{
	claims->guard = guard;
	claims->now_epoch = dt_colour_epoch(now_ns);
	dt_colour_epochs(now_ns, &claims->first_epoch, &claims->last_epoch);
	claims->v4.count = claims->v6.count = 0;
}

void dt_colour_claims_add(struct dt_colour_claims *claims, const struct dt_colour_claim *claim);
void dt_colour_claims_verify(struct dt_colour_claims *claims);

// A time as the guard counts it: the same for all packets of a burst.
struct dt_colour_time {
	uint64_t epoch;
	uint32_t second;
};

static inline struct dt_colour_time dt_colour_time(uint64_t now_ns)
{
	return (struct dt_colour_time){dt_colour_epoch(now_ns), (uint32_t)(now_ns / 1000000000u)};
}

// Then, one by one as they came: replays and caps. prober_id and probe_sequence as the option says;
// now: of the same time.
enum dt_colour_result dt_colour_guard_enter(const struct dt_colour_guard *guard,
	enum dt_colour_mac_state state, uint8_t flags, uint16_t prober_id, uint32_t probe_sequence,
	const struct dt_colour_time *now);

// Whether a packet to this prober, from a VIP as the prober knows it, acknowledges a probe of this
// epoch or of one beside it. isn: the acknowledgment number minus one. Replies have a cap of their
// own, of the same packets a second and prober.
bool dt_colour_guard_recognise(const struct dt_colour_guard *guard, const uint8_t *prober_address,
	const uint8_t *vip, size_t address_len, uint16_t prober_port, uint16_t vip_port,
	uint32_t isn, uint64_t now_ns);

#endif
