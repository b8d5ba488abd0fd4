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

// Of an IPv4 address, the first half alone, its upper part zero.
struct prefix {
	uint64_t value[2];
	uint64_t mask[2];
	uint8_t address[16]; // as configured
	uint8_t address_len;
	uint8_t bits;
};

struct prober {
	uint16_t id;
	struct prober_state *state;
	struct dt_siphash_key keys[DT_COLOUR_KEY_IDS]; // derived
	const struct prefix *prefixes;
	size_t prefix_count;
};

struct dt_colour_guard {
	bool has_key[DT_COLOUR_KEY_IDS];
	uint32_t stamp_rate_limit;
	size_t prober_count;
	struct prober *probers;      // by id
	size_t id_count;             // one more than the highest
	const struct prober **by_id; // [id_count]; NULL: none
	struct prefix *prefixes;
	struct prober_prefixes by_address;
};

static inline const struct prober *find_prober(const struct dt_colour_guard *guard, uint16_t id)
{
	return id < guard->id_count ? guard->by_id[id] : NULL;
}

struct loaded_address {
	uint64_t halves[2];
};

static inline struct loaded_address load_address(const uint8_t *address, size_t address_len)
{
	struct loaded_address loaded = {{0, 0}};
	uint32_t v4;

	if (address_len == 16) {
		memcpy(&loaded.halves[0], address, 8);
		memcpy(&loaded.halves[1], address + 8, 8);
	} else {
		memcpy(&v4, address, sizeof(v4));
		loaded.halves[0] = v4;
	}
	return loaded;
}

static inline bool prefix_covers(
	const struct prefix *prefix, struct loaded_address address, size_t address_len)
{
	return (((address.halves[0] & prefix->mask[0]) ^ prefix->value[0]) |
		       ((address.halves[1] & prefix->mask[1]) ^ prefix->value[1])) == 0 &&
	       prefix->address_len == address_len;
}

static inline bool covered(const struct prober *prober, const uint8_t *source, size_t address_len)
{
	struct loaded_address address = load_address(source, address_len);

	for (size_t i = 0; i < prober->prefix_count; i++) {
		if (prefix_covers(&prober->prefixes[i], address, address_len))
			return true;
	}
	return false;
}

static inline uint64_t slot_of(uint32_t sequence, uint64_t epoch)
{
	return (uint64_t)(uint32_t)(epoch + 1) << 32 | sequence;
}

// Enters a sequence. false: it, or a newer one of its slot, was there already.
static bool window_enter(
	struct window *window, uint32_t sequence, uint64_t epoch, uint64_t now_epoch)
{
	_Atomic uint64_t *slot = &window->slots[sequence % WINDOW_SLOTS];
	uint64_t seen = atomic_load_explicit(slot, memory_order_relaxed);

	uint64_t newest_epoch;

	do {
		const uint64_t seen_epoch = (seen >> 32) - 1;

		newest_epoch = epoch;
		// Not empty, and valid now. Two epochs on each side: another worker's clock may be
		// a moment apart from this one's.
		if (seen >> 32 != 0 && seen_epoch - now_epoch + 2 <= 4) {
			if ((int32_t)(sequence - (uint32_t)seen) <= 0)
				return false;
			if (seen_epoch > newest_epoch)
				newest_epoch = seen_epoch;
		}
	} while (!atomic_compare_exchange_weak_explicit(slot, &seen,
		slot_of(sequence, newest_epoch), memory_order_acq_rel, memory_order_relaxed));
	return true;
}

// Takes one packet of this second's allowance.
static bool cap_take(_Atomic uint64_t *cap, uint32_t limit, uint32_t second)
{
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

// NULL: FORGED, whatever the MAC is.
static inline __attribute__((always_inline)) const struct dt_siphash_key *find_key(
	const struct dt_colour_guard *guard, uint8_t version, uint8_t flags, uint16_t prober_id,
	const uint8_t *source, size_t address_len)
{
	const struct prober *prober = find_prober(guard, prober_id);

	if (prober == NULL || version != DT_COLOUR_VERSION ||
		!guard->has_key[flags & DT_COLOUR_FLAG_KEY_ID] ||
		!covered(prober, source, address_len))
		return NULL;
	return &prober->keys[flags & DT_COLOUR_FLAG_KEY_ID];
}

static inline enum dt_colour_result enter(const struct dt_colour_guard *guard, uint8_t flags,
	uint16_t prober_id, uint32_t probe_sequence, uint64_t epoch,
	const struct dt_colour_time *now)
{
	const struct prober *prober = find_prober(guard, prober_id);
	struct prober_state *state;

	if (prober == NULL)
		return DT_COLOUR_FORGED;
	state = prober->state;
	if (!window_enter(flags & DT_COLOUR_FLAG_RESET ? &state->resets : &state->syns,
		    probe_sequence, epoch, now->epoch))
		return DT_COLOUR_REPLAYED;
	if (!cap_take(&state->cap, guard->stamp_rate_limit, now->second))
		return DT_COLOUR_CAPPED;
	return DT_COLOUR_VERIFIED;
}

enum dt_colour_result dt_colour_guard_check(const struct dt_colour_guard *guard,
	const struct dt_colour_option *option, const uint8_t *source, size_t address_len,
	uint16_t source_port, uint32_t syn_sequence, uint64_t now_ns, int *epoch_offset)
{
	const struct dt_colour_time now = dt_colour_time(now_ns);
	uint64_t first_epoch, last_epoch;
	const struct dt_siphash_key *key;

	if (option == NULL)
		return DT_COLOUR_NONE;
	key = find_key(
		guard, option->version, option->flags, option->prober_id, source, address_len);
	if (key == NULL)
		return DT_COLOUR_FORGED;
	dt_colour_epochs(now_ns, &first_epoch, &last_epoch);
	for (uint64_t epoch = first_epoch; epoch <= last_epoch; epoch++) {
		uint64_t mac = dt_colour_mac(key, option->signed_bytes, epoch, source, address_len,
			source_port, syn_sequence);
		enum dt_colour_result result;

		if (!dt_colour_mac_equal(mac, option->mac))
			continue;
		result = enter(guard, option->flags, option->prober_id, option->probe_sequence,
			epoch, &now);
		if (result == DT_COLOUR_VERIFIED && epoch_offset != NULL)
			*epoch_offset = (int)((int64_t)epoch - (int64_t)now.epoch);
		return result;
	}
	return DT_COLOUR_FORGED;
}

static void verify_lanes(
	struct dt_colour_lanes *lanes, size_t len, const struct dt_colour_claims *claims)
{
	const unsigned int count = lanes->count;

	for (uint64_t epoch = claims->first_epoch; epoch <= claims->last_epoch; epoch++) {
		const uint8_t right = (uint8_t)(DT_COLOUR_MAC_RIGHT + epoch - claims->now_epoch);

		for (unsigned int i = 0; i < DT_SIPHASH_LANES; i++)
			lanes->burst.words[1][i] = __builtin_bswap64(epoch);
		dt_siphash24_burst(&lanes->burst, count, len);
		for (unsigned int i = 0; i < count; i++) {
			if (dt_colour_mac_equal(lanes->burst.hashes[i], lanes->macs[i]) &&
				*lanes->states[i] == DT_COLOUR_MAC_WRONG)
				*lanes->states[i] = right;
		}
	}
	lanes->count = 0;
}

static inline __attribute__((always_inline)) void add_lane(struct dt_colour_lanes *lanes,
	const struct dt_colour_claims *claims, const struct dt_colour_claim *claim,
	size_t address_len)
{
	const uint8_t *option = claim->option;
	const struct dt_siphash_key *key = find_key(claims->guard, option[4], option[5],
		(uint16_t)(option[6] << 8 | option[7]), claim->source, address_len);
	uint64_t words[DT_SIPHASH_LANE_WORDS], mac;
	unsigned int lane = lanes->count;
	size_t len;

	if (key == NULL)
		return;
	lanes->count = lane + 1;
	len = dt_colour_message(words, option + 4, 0, claim->source, address_len,
		claim->source_port, claim->syn_sequence);
	memcpy(&mac, option + 12, sizeof(mac));
	lanes->macs[lane] = le64toh(mac);
	lanes->states[lane] = claim->state;
	lanes->burst.k0[lane] = key->k0;
	lanes->burst.k1[lane] = key->k1;
	lanes->burst.words[0][lane] = words[0];
	for (size_t i = 2; i * 8 < len; i++)
		lanes->burst.words[i][lane] = words[i];
	if (lane + 1 == DT_SIPHASH_LANES)
		verify_lanes(lanes, len, claims);
}

void dt_colour_claims_add(struct dt_colour_claims *claims, const struct dt_colour_claim *claim)
{
	*claim->state = DT_COLOUR_MAC_WRONG;
	if (claim->address_len == 16)
		add_lane(&claims->v6, claims, claim, 16);
	else
		add_lane(&claims->v4, claims, claim, 4);
}

void dt_colour_claims_verify(struct dt_colour_claims *claims)
{
	if (claims->v4.count)
		verify_lanes(&claims->v4, DT_COLOUR_MESSAGE_V4_BYTES, claims);
	if (claims->v6.count)
		verify_lanes(&claims->v6, DT_COLOUR_MESSAGE_V6_BYTES, claims);
}

enum dt_colour_result dt_colour_guard_enter(const struct dt_colour_guard *guard,
	enum dt_colour_mac_state state, uint8_t flags, uint16_t prober_id, uint32_t probe_sequence,
	const struct dt_colour_time *now)
{
	if (state < DT_COLOUR_MAC_RIGHT_BEFORE)
		return DT_COLOUR_FORGED;
	return enter(guard, flags, prober_id, probe_sequence,
		now->epoch + (uint64_t)state - DT_COLOUR_MAC_RIGHT, now);
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
				return cap_take(&prober->state->reply_cap, guard->stamp_rate_limit,
					dt_colour_time(now_ns).second);
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

static void set_prefix(struct prefix *prefix, const struct dt_colour_prober_config *config)
{
	struct loaded_address value;
	uint8_t mask[16] = {0};

	memcpy(prefix->address, config->prefix, sizeof(prefix->address));
	prefix->address_len = config->address_len;
	prefix->bits = config->prefix_bits;
	memset(mask, 0xff, prefix->bits / 8);
	if (prefix->bits % 8 != 0)
		mask[prefix->bits / 8] = (uint8_t)(0xff << (8 - prefix->bits % 8));
	memcpy(prefix->mask, mask, sizeof(mask));
	value = load_address(prefix->address, prefix->address_len);
	prefix->value[0] = value.halves[0] & prefix->mask[0];
	prefix->value[1] = value.halves[1] & prefix->mask[1];
}

static int index_ids(struct dt_colour_guard *guard)
{
	size_t count = guard->prober_count ? guard->probers[guard->prober_count - 1].id + 1u : 0;

	guard->by_id = calloc(count + 1, sizeof(*guard->by_id)); // calloc(0) may be NULL
	if (guard->by_id == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < guard->prober_count; i++)
		guard->by_id[guard->probers[i].id] = &guard->probers[i];
	guard->id_count = count;
	return 0;
}

static int add_probers(struct dt_colour_guard *guard, const struct dt_colour_guard_config *config,
	const struct dt_colour_prober_config *sorted, const struct dt_colour_guard *previous)
{
	for (size_t i = 0; i < config->prober_count; i++) {
		struct prober *prober;

		set_prefix(&guard->prefixes[i], &sorted[i]);
		if (i > 0 && sorted[i].id == sorted[i - 1].id) {
			guard->probers[guard->prober_count - 1].prefix_count++;
			continue;
		}
		prober = &guard->probers[guard->prober_count];
		prober->id = sorted[i].id;
		prober->prefixes = &guard->prefixes[i];
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
			const struct prefix *prefix = &prober->prefixes[k];

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
		ret = index_ids(guard);
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
	free(guard->by_id);
	free(guard->probers);
	free(guard->prefixes);
	free(guard);
}
