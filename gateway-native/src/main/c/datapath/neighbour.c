// SPDX-License-Identifier: Apache-2.0
#include "neighbour.h"

#include "flow_hash.h"

#include <string.h>

static uint64_t hash(const struct ip_address *address)
{
	return flow_hash_mix(address->halves[0] ^ 0x2d358dccaa6c78a5ull,
		address->halves[1] ^ 0x8bb84b93962eacc9ull);
}

static uint32_t bucket_of(uint64_t h)
{
	return (uint32_t)(h >> 40) % NEIGHBOUR_BUCKETS;
}

static uint32_t tag_of(uint64_t h)
{
	return (uint32_t)h ? (uint32_t)h : 1; // 0: free
}

static struct neighbour *find(const struct neighbour_table *table, const struct ip_address *address)
{
	uint64_t h = hash(address);
	uint32_t b = bucket_of(h), tag = tag_of(h);

	for (int way = 0; way < NEIGHBOUR_WAYS; way++) {
		if (table->tags[b][way] == tag &&
			ip_equal(&table->entries[b][way].address, address))
			return (struct neighbour *)&table->entries[b][way];
	}
	return NULL;
}

static bool replaceable(const struct neighbour *n)
{
	return !n->pinned && !n->fixed && n->pending_count == 0;
}

// A free entry of the address's bucket, else the one used least lately; NULL when all are held.
static struct neighbour *claim(struct neighbour_table *table, const struct ip_address *address)
{
	uint64_t h = hash(address);
	uint32_t b = bucket_of(h);
	int best = -1;

	for (int way = 0; way < NEIGHBOUR_WAYS; way++) {
		const struct neighbour *n = &table->entries[b][way];

		if (table->tags[b][way] == 0) {
			best = way;
			break;
		}
		if (replaceable(n) && (best < 0 || n->used_ns < table->entries[b][best].used_ns))
			best = way;
	}
	if (best < 0)
		return NULL;
	table->generation += table->tags[b][best] != 0;
	table->tags[b][best] = tag_of(h);
	table->entries[b][best] = (struct neighbour){.address = *address};
	return &table->entries[b][best];
}

static void ask(struct neighbour_table *table, struct neighbour *n, uint64_t now_ns)
{
	bool known = n->state == NEIGHBOUR_REFRESHING;

	n->tries++;
	n->next_try_ns = now_ns + (known ? NEIGHBOUR_REFRESH_RETRY_NS : NEIGHBOUR_RETRY_NS);
	// The second half of a refresh asks everybody: the neighbour may have a new MAC.
	table->callbacks.request(table->callbacks.context, n->port, &n->address,
		known && n->tries <= 2 ? n->mac : NULL);
}

static void start_resolving(struct neighbour_table *table, struct neighbour *n, uint64_t now_ns)
{
	n->state = NEIGHBOUR_INCOMPLETE;
	n->tries = 0;
	ask(table, n, now_ns);
}

// A locally administered address that contains the IP address, or the end of an IPv6 one.
static void placeholder_mac(struct neighbour *n)
{
	n->mac[0] = 0x02;
	n->mac[1] = 0x00;
	memcpy(n->mac + 2, &n->address.words[3], 4);
}

enum neighbour_outcome neighbour_resolve(struct neighbour_table *table, uint8_t port,
	const struct ip_address *address, void *packet, uint64_t now_ns, const uint8_t **mac)
{
	struct neighbour *n = table->recent;

	if (!n || !ip_equal(&n->address, address))
		n = find(table, address);
	if (!n) {
		n = claim(table, address);
		if (!n)
			return NEIGHBOUR_DEAD;
		n->port = port;
		if (table->assume_present) {
			placeholder_mac(n);
			n->state = NEIGHBOUR_REACHABLE;
		} else {
			start_resolving(table, n, now_ns);
		}
	}
	table->recent = n;
	n->used_ns = now_ns;
	if (n->state == NEIGHBOUR_REACHABLE || n->state == NEIGHBOUR_REFRESHING) {
		*mac = n->mac;
		return NEIGHBOUR_KNOWN;
	}
	if (n->state == NEIGHBOUR_FAILED) {
		if (now_ns < n->next_try_ns)
			return NEIGHBOUR_DEAD;
		start_resolving(table, n, now_ns);
	}
	if (n->pending_count == NEIGHBOUR_PENDING || table->pending_total == NEIGHBOUR_ALL_PENDING)
		return NEIGHBOUR_DEAD;
	table->pending_total++;
	n->pending[n->pending_count++] = packet;
	return NEIGHBOUR_QUEUED;
}

void neighbour_pin(struct neighbour_table *table, uint8_t port, const struct ip_address *address,
	uint64_t now_ns)
{
	struct neighbour *n = find(table, address);

	if (!n)
		n = claim(table, address);
	if (!n || n->fixed)
		return;
	n->pinned = true;
	n->port = port;
	if (n->state == NEIGHBOUR_EMPTY && !table->assume_present)
		start_resolving(table, n, now_ns);
	if (table->assume_present) {
		placeholder_mac(n);
		n->fixed = true;
		n->state = NEIGHBOUR_REACHABLE;
	}
}

void neighbour_fix(struct neighbour_table *table, uint8_t port, const struct ip_address *address,
	const uint8_t mac[6])
{
	struct neighbour *n = find(table, address);

	if (!n)
		n = claim(table, address);
	if (!n)
		return;
	n->port = port;
	n->fixed = true;
	n->state = NEIGHBOUR_REACHABLE;
	table->generation++;
	memcpy(n->mac, mac, 6);
}

unsigned int neighbour_learn(struct neighbour_table *table, const struct ip_address *address,
	const uint8_t *mac, uint64_t now_ns, void **packets)
{
	struct neighbour *n = find(table, address);
	unsigned int count;

	if (!n || n->fixed || table->assume_present)
		return 0;
	if (mac) {
		table->generation += memcmp(n->mac, mac, 6) != 0;
		memcpy(n->mac, mac, 6);
	} else if (n->state != NEIGHBOUR_REACHABLE && n->state != NEIGHBOUR_REFRESHING)
		return 0;
	n->state = NEIGHBOUR_REACHABLE;
	n->answered_ns = now_ns;
	n->tries = 0;
	count = n->pending_count;
	n->pending_count = 0;
	table->pending_total -= count;
	memcpy(packets, n->pending, count * sizeof(packets[0]));
	return count;
}

static void give_up(struct neighbour_table *table, struct neighbour *n, uint64_t now_ns)
{
	n->state = NEIGHBOUR_FAILED;
	table->generation++;
	n->next_try_ns = now_ns + NEIGHBOUR_REFRESH_RETRY_NS;
	for (unsigned int i = 0; i < n->pending_count; i++)
		table->callbacks.unreachable(table->callbacks.context, n->pending[i]);
	table->pending_total -= n->pending_count;
	n->pending_count = 0;
}

static void step_entry(struct neighbour_table *table, struct neighbour *n, uint64_t now_ns)
{
	switch (n->state) {
	case NEIGHBOUR_REACHABLE:
		if (now_ns - n->answered_ns < NEIGHBOUR_REFRESH_NS)
			return;
		if (!n->pinned && now_ns - n->used_ns > NEIGHBOUR_UNUSED_NS)
			return;
		n->state = NEIGHBOUR_REFRESHING;
		n->tries = 0;
		ask(table, n, now_ns);
		return;
	case NEIGHBOUR_REFRESHING:
	case NEIGHBOUR_INCOMPLETE:
		if (now_ns < n->next_try_ns)
			return;
		if (n->tries >= (n->state == NEIGHBOUR_INCOMPLETE ? NEIGHBOUR_TRIES
								  : NEIGHBOUR_REFRESH_TRIES))
			give_up(table, n, now_ns);
		else
			ask(table, n, now_ns);
		return;
	case NEIGHBOUR_FAILED:
		if (n->pinned && now_ns >= n->next_try_ns)
			start_resolving(table, n, now_ns);
		return;
	default:
		return;
	}
}

void neighbour_step(struct neighbour_table *table, uint64_t now_ns)
{
	for (int b = 0; b < NEIGHBOUR_BUCKETS; b++) {
		for (int way = 0; way < NEIGHBOUR_WAYS; way++) {
			struct neighbour *n = &table->entries[b][way];

			if (table->tags[b][way] && !n->fixed)
				step_entry(table, n, now_ns);
		}
	}
}

void neighbour_flush(struct neighbour_table *table)
{
	for (int b = 0; b < NEIGHBOUR_BUCKETS; b++) {
		for (int way = 0; way < NEIGHBOUR_WAYS; way++) {
			struct neighbour *n = &table->entries[b][way];

			for (unsigned int i = 0; table->tags[b][way] && i < n->pending_count; i++)
				table->callbacks.unreachable(
					table->callbacks.context, n->pending[i]);
			n->pending_count = 0;
		}
	}
	table->pending_total = 0;
}

bool neighbour_is_reachable(const struct neighbour_table *table, const struct ip_address *address)
{
	const struct neighbour *n = find(table, address);

	return n && (n->state == NEIGHBOUR_REACHABLE || n->state == NEIGHBOUR_REFRESHING);
}
