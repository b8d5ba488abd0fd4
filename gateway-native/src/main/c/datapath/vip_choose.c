// SPDX-License-Identifier: Apache-2.0
//
// The choice of a backend for a new session; vip_schedule.c has prepared it.
#include "vip_table.h"

#include "flow_hash.h"

#define DRAWN_CANDIDATES 8

static uint32_t next_turn(const struct vip *vip, uint32_t *cursor)
{
	// The schedule may have become shorter, and a beginning may be anything.
	uint32_t turn = *cursor < vip->schedule_size ? *cursor : *cursor % vip->schedule_size;

	*cursor = turn + 1;
	return turn;
}

struct least {
	uint32_t place; // in the schedule
	uint64_t sessions;
	uint64_t weight;
};

// The session to come counts, so that among idle backends the greater weight wins.
static void compare(
	const struct vip *vip, const uint32_t *target_sessions, uint32_t place, struct least *least)
{
	const struct vip_candidate *c = &vip->candidates[place];
	uint64_t sessions = (uint64_t)target_sessions[c->target] + 1;

	if (sessions * least->weight >= least->sessions * c->weight)
		return;
	*least = (struct least){place, sessions, c->weight};
}

static uint32_t least_connections(
	const struct vip *vip, const uint32_t *target_sessions, uint64_t hash)
{
	struct least least = {.sessions = 1}; // of no weight: everything is better
	uint32_t size = vip->schedule_size;
	uint32_t place = (uint32_t)((hash >> 32) * size >> 32);

	if (size <= VIP_EXACT_CANDIDATES) {
		// The flow says where to begin, so that equals share.
		for (uint32_t i = 0; i < size; i++, place = place + 1 < size ? place + 1 : 0)
			compare(vip, target_sessions, place, &least);
		return least.place;
	}
	for (int i = 0; i < DRAWN_CANDIDATES; i++) {
		compare(vip, target_sessions, place, &least);
		hash = flow_hash_mix(hash ^ 0xa0761d6478bd642full, 0xe7037ed1a0b428dbull);
		place = (uint32_t)((hash >> 32) * size >> 32);
	}
	return least.place;
}

enum backend_choice_outcome vip_choose_backend(const struct vip *vip,
	const struct ip_address *client, uint16_t client_port, const struct schedule_state *state,
	const struct backend **backend)
{
	uint32_t place;
	uint64_t hash;

	if (vip->backend_count == 0)
		return BACKEND_NONE;
	if (vip->schedule_size == 0)
		return BACKEND_NONE_HEALTHY;
	hash = flow_hash(
		FLOW_HASH_FIXED_SEED, client, &vip->address, client_port, vip->port, vip->protocol);
	switch (vip->scheduler) {
	case SCHEDULER_ROUND_ROBIN:
		place = next_turn(vip, state->cursor);
		break;
	case SCHEDULER_LEAST_CONNECTIONS:
		place = least_connections(vip, state->target_sessions, hash);
		break;
	default:
		place = (uint32_t)((hash >> 16) % vip->schedule_size);
		break;
	}
	*backend = &vip->backends[vip->schedule[place]];
	return BACKEND_CHOSEN;
}
