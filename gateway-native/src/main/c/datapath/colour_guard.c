// SPDX-License-Identifier: Apache-2.0
#include "colour_guard.h"

#include "prober_prefixes.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// A prober sends at most 1,000 probes a second and a colour is valid for at most 34 s, so that two
// valid sequences never meet in a slot.
#define WINDOW_SLOTS 65536

// A replay window: the slot of a sequence is its low 16 bits. A slot holds the newest sequence seen
// there and the newest epoch one of them was valid in, plus one (0: empty). A slot whose epoch is
// over is as good as empty, because nothing that was valid then verifies any more; so a prober that
// was silent for weeks, or whose clock stepped back, is not shut out.
struct window {
	_Atomic uint64_t slots[WINDOW_SLOTS];
};

// What outlives a change of configuration.
struct prober_state {
	unsigned int users; // guards
	// The second (high 32 bits) and the packets stamped in it.
	_Alignas(64) _Atomic uint64_t cap;
	_Alignas(64) _Atomic uint64_t reply_cap; // of the replies that were recognised
	_Alignas(64) struct window syns;
	struct window resets;
};

struct prefix {
	uint8_t address[16];
	uint8_t address_len;
	uint8_t bits;
};

struct prober {
	uint16_t id;
	struct prober_state *state;
	struct dt_siphash_key keys[DT_COLOUR_KEY_IDS]; // derived
	size_t first_prefix;
	size_t prefix_count;
};

struct dt_colour_guard {
	bool has_key[DT_COLOUR_KEY_IDS];
	uint32_t stamp_rate_limit;
	size_t prober_count;
	struct prober *probers; // by id
	struct prefix *prefixes;
	struct prober_prefixes by_address;
};

static const struct prober *find_prober(const struct dt_colour_guard *guard, uint16_t id)
{
	size_t low = 0, high = guard->prober_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (guard->probers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < guard->prober_count && guard->probers[low].id == id ? &guard->probers[low]
									 : NULL;
}

static bool prefix_covers(const struct prefix *prefix, const uint8_t *address, size_t address_len)
{
	unsigned int bytes = prefix->bits / 8, rest = prefix->bits % 8;

	if (prefix->address_len != address_len || memcmp(prefix->address, address, bytes) != 0)
		return false;
	return rest == 0 || (prefix->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

static bool covered(const struct dt_colour_guard *guard, const struct prober *prober,
	const uint8_t *address, size_t address_len)
{
	for (size_t i = 0; i < prober->prefix_count; i++) {
		if (prefix_covers(&guard->prefixes[prober->first_prefix + i], address, address_len))
			return true;
	}
	return false;
}

// No early exit and no branch on the bytes: the time tells nothing about how many of them were
// right.
static bool equal_in_constant_time(uint64_t a, uint64_t b)
{
	uint64_t difference = a ^ b;

	return ((difference | (0 - difference)) >> 63) == 0;
}

static inline uint64_t slot_of(uint32_t sequence, uint64_t epoch)
{
	return (uint64_t)(uint32_t)(epoch + 1) << 32 | sequence;
}

// Enters a sequence. false: it, or a newer one of its slot, was there already.
static bool window_enter(
	struct window *window, uint32_t sequence, uint64_t epoch, uint64_t now_epoch)
{
	// One epoch more on each side: another worker's clock may be a moment apart from this
	// one's.
	uint64_t oldest_valid = now_epoch > 2 ? now_epoch - 2 : 0;
	uint64_t newest_valid = now_epoch + 2;
	_Atomic uint64_t *slot = &window->slots[sequence % WINDOW_SLOTS];
	uint64_t seen = atomic_load_explicit(slot, memory_order_relaxed);

	for (;;) {
		uint64_t seen_epoch = (seen >> 32) - 1;
		uint64_t newest_epoch = epoch;

		if (seen >> 32 != 0 && seen_epoch >= oldest_valid && seen_epoch <= newest_valid) {
			if ((int32_t)(sequence - (uint32_t)seen) <= 0)
				return false;
			if (seen_epoch > newest_epoch)
				newest_epoch = seen_epoch;
		}
		if (atomic_compare_exchange_weak_explicit(slot, &seen,
			    slot_of(sequence, newest_epoch), memory_order_acq_rel,
			    memory_order_relaxed))
			return true;
	}
}

// Takes one packet of this second's allowance.
static bool cap_take(_Atomic uint64_t *cap, uint32_t limit, uint64_t now_ns)
{
	uint32_t second = (uint32_t)(now_ns / 1000000000u);
	uint64_t seen = atomic_load_explicit(cap, memory_order_relaxed);

	for (;;) {
		uint32_t seen_second = (uint32_t)(seen >> 32);
		uint64_t next;

		// Another worker may be a moment ahead: its second counts. Further ahead means that
		// the clock stepped back.
		if (seen_second == second || seen_second == second + 1) {
			if ((uint32_t)seen >= limit)
				return false;
			next = seen + 1;
		} else {
			if (limit == 0)
				return false;
			next = (uint64_t)second << 32 | 1;
		}
		if (atomic_compare_exchange_weak_explicit(
			    cap, &seen, next, memory_order_relaxed, memory_order_relaxed))
			return true;
	}
}

enum dt_colour_result dt_colour_guard_check(const struct dt_colour_guard *guard,
	const struct dt_colour_option *option, const uint8_t *source, size_t address_len,
	uint16_t source_port, uint32_t syn_sequence, uint64_t now_ns, int *epoch_offset)
{
	uint64_t first_epoch, last_epoch, now_epoch = dt_colour_epoch(now_ns);
	const struct prober *prober;
	const struct dt_siphash_key *key;
	bool reset;

	if (option == NULL)
		return DT_COLOUR_NONE;
	prober = find_prober(guard, option->prober_id);
	if (prober == NULL || option->version != DT_COLOUR_VERSION ||
		!guard->has_key[option->flags & DT_COLOUR_FLAG_KEY_ID] ||
		!covered(guard, prober, source, address_len))
		return DT_COLOUR_FORGED;

	key = &prober->keys[option->flags & DT_COLOUR_FLAG_KEY_ID];
	reset = (option->flags & DT_COLOUR_FLAG_RESET) != 0;
	dt_colour_epochs(now_ns, &first_epoch, &last_epoch);
	for (uint64_t epoch = first_epoch; epoch <= last_epoch; epoch++) {
		uint64_t mac = dt_colour_mac(key, option->signed_bytes, epoch, source, address_len,
			source_port, syn_sequence);

		if (!equal_in_constant_time(mac, option->mac))
			continue;
		if (!window_enter(reset ? &prober->state->resets : &prober->state->syns,
			    option->probe_sequence, epoch, now_epoch))
			return DT_COLOUR_REPLAYED;
		if (!cap_take(&prober->state->cap, guard->stamp_rate_limit, now_ns))
			return DT_COLOUR_CAPPED;
		if (epoch_offset != NULL)
			*epoch_offset = (int)((int64_t)epoch - (int64_t)now_epoch);
		return DT_COLOUR_VERIFIED;
	}
	return DT_COLOUR_FORGED;
}

static bool made_isn(const struct dt_colour_guard *guard, const struct prober *prober,
	const uint8_t *address, const uint8_t *vip, size_t address_len, uint16_t prober_port,
	uint16_t vip_port, uint32_t isn, uint64_t epoch)
{
	for (int key = 0; key < DT_COLOUR_KEY_IDS; key++) {
		if (guard->has_key[key] &&
			dt_colour_isn(&prober->keys[key], address, vip, address_len, prober_port,
				vip_port, epoch) == isn)
			return true;
	}
	return false;
}

bool dt_colour_guard_recognise(const struct dt_colour_guard *guard, const uint8_t *prober_address,
	const uint8_t *vip, size_t address_len, uint16_t prober_port, uint16_t vip_port,
	uint32_t isn, uint64_t now_ns)
{
	uint64_t now_epoch = dt_colour_epoch(now_ns), first = now_epoch > 0 ? now_epoch - 1 : 0;
	const struct prober_prefix *prefix;
	size_t cursor = 0;

	while ((prefix = prober_prefixes_next(
			&guard->by_address, prober_address, address_len, &cursor)) != NULL) {
		const struct prober *prober = &guard->probers[prefix->prober];

		for (uint64_t epoch = first; epoch <= now_epoch + 1; epoch++) {
			if (made_isn(guard, prober, prober_address, vip, address_len, prober_port,
				    vip_port, isn, epoch))
				return cap_take(
					&prober->state->reply_cap, guard->stamp_rate_limit, now_ns);
		}
	}
	return false;
}

static int by_id(const void *a, const void *b)
{
	const struct dt_colour_prober_config *x = a, *y = b;

	return (int)x->id - (int)y->id;
}

static struct prober_state *state_acquire(const struct dt_colour_guard *previous, uint16_t id)
{
	const struct prober *before = previous == NULL ? NULL : find_prober(previous, id);
	struct prober_state *state;

	if (before != NULL) {
		state = before->state;
	} else {
		state = aligned_alloc(64, sizeof(*state));
		if (state == NULL)
			return NULL;
		memset(state, 0, sizeof(*state));
	}
	state->users++;
	return state;
}

static int check_config(const struct dt_colour_guard_config *config)
{
	bool seen[DT_COLOUR_KEY_IDS] = {false};

	for (size_t i = 0; i < config->key_count; i++) {
		uint8_t id = config->keys[i].id;

		if (id >= DT_COLOUR_KEY_IDS || seen[id])
			return -EINVAL;
		seen[id] = true;
	}
	for (size_t i = 0; i < config->prober_count; i++) {
		const struct dt_colour_prober_config *p = &config->probers[i];

		if ((p->address_len != 4 && p->address_len != 16) ||
			p->prefix_bits > p->address_len * 8)
			return -EINVAL;
	}
	return 0;
}

static int add_probers(struct dt_colour_guard *guard, const struct dt_colour_guard_config *config,
	const struct dt_colour_prober_config *sorted, const struct dt_colour_guard *previous)
{
	for (size_t i = 0; i < config->prober_count; i++) {
		struct prefix *prefix = &guard->prefixes[i];
		struct prober *prober;

		memcpy(prefix->address, sorted[i].prefix, sizeof(prefix->address));
		prefix->address_len = sorted[i].address_len;
		prefix->bits = sorted[i].prefix_bits;
		if (i > 0 && sorted[i].id == sorted[i - 1].id) {
			guard->probers[guard->prober_count - 1].prefix_count++;
			continue;
		}
		prober = &guard->probers[guard->prober_count];
		prober->id = sorted[i].id;
		prober->first_prefix = i;
		prober->prefix_count = 1;
		prober->state = state_acquire(previous, prober->id);
		if (prober->state == NULL)
			return -ENOMEM;
		guard->prober_count++;
		for (size_t k = 0; k < config->key_count; k++) {
			struct dt_siphash_key key = dt_siphash_key_read(config->keys[k].bytes);

			prober->keys[config->keys[k].id] = dt_colour_derive_key(&key, prober->id);
		}
	}
	return 0;
}

static int index_prefixes(struct dt_colour_guard *guard, size_t prefix_count)
{
	struct prober_prefix *list = calloc(prefix_count + 1, sizeof(*list));
	size_t n = 0;
	int ret;

	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < guard->prober_count; i++) {
		const struct prober *prober = &guard->probers[i];

		for (size_t k = 0; k < prober->prefix_count; k++, n++) {
			const struct prefix *prefix = &guard->prefixes[prober->first_prefix + k];

			list[n].address_len = prefix->address_len;
			list[n].bits = prefix->bits;
			list[n].prober = (uint32_t)i;
			memcpy(list[n].address, prefix->address, sizeof(list[n].address));
		}
	}
	ret = prober_prefixes_init(&guard->by_address, list, n);
	free(list);
	return ret;
}

int dt_colour_guard_create(const struct dt_colour_guard_config *config,
	const struct dt_colour_guard *previous, struct dt_colour_guard **out)
{
	struct dt_colour_prober_config *sorted = NULL;
	struct dt_colour_guard *guard = NULL;
	size_t room = config->prober_count + 1; // calloc(0) may be NULL
	int ret = check_config(config);

	if (ret < 0)
		return ret;
	ret = -ENOMEM;
	guard = calloc(1, sizeof(*guard));
	sorted = calloc(room, sizeof(*sorted));
	if (guard == NULL || sorted == NULL)
		goto fail;
	guard->probers = calloc(room, sizeof(*guard->probers));
	guard->prefixes = calloc(room, sizeof(*guard->prefixes));
	if (guard->probers == NULL || guard->prefixes == NULL)
		goto fail;
	guard->stamp_rate_limit = config->stamp_rate_limit;
	for (size_t i = 0; i < config->key_count; i++)
		guard->has_key[config->keys[i].id] = true;
	if (config->prober_count > 0) {
		memcpy(sorted, config->probers, config->prober_count * sizeof(*sorted));
		qsort(sorted, config->prober_count, sizeof(*sorted), by_id);
	}
	ret = add_probers(guard, config, sorted, previous);
	if (ret == 0)
		ret = index_prefixes(guard, config->prober_count);
	if (ret < 0)
		goto fail;
	free(sorted);
	*out = guard;
	return 0;

fail:
	free(sorted);
	dt_colour_guard_free(guard);
	return ret;
}

void dt_colour_guard_free(struct dt_colour_guard *guard)
{
	if (guard == NULL)
		return;
	for (size_t i = 0; i < guard->prober_count; i++) {
		if (--guard->probers[i].state->users == 0)
			free(guard->probers[i].state);
	}
	prober_prefixes_free(&guard->by_address);
	free(guard->probers);
	free(guard->prefixes);
	free(guard);
}
