// SPDX-License-Identifier: Apache-2.0
//
// The session table beside the floor: nanoseconds a packet for finding and touching one session of
// many, and for new sessions with a local port each. One JSON object a line.
//   table_bench [FLOWS…]
#include "lookup_floor.h"

#include "../datapath/huge_memory.h"
#include "../datapath/port_pool.h"
#include "../datapath/session_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 32, TARGETS = 512, PACKETS = 1 << 24, SERVICE = 3, REPEATS = 3 };

static const uint32_t timeouts[SESSION_CLASSES] = {1000, 90000, 1000, 200, 3000, 20000, 12000};

struct bench {
	struct lookup_bench lookup;
	struct session_table table;
	struct port_pool ports;
	struct target targets[TARGET_MAX];
	struct ip_address vip;
	struct ip_address local;
	uint16_t *local_ports; // of each flow …
	uint16_t *order_ports; // … and in the order of the packets
	uint32_t *order;
	uint64_t order_count;
	void *memory;
};

struct key {
	struct ip_address client;
	uint16_t port;
	uint64_t hash;
};

static uint32_t target_of(uint32_t flow)
{
	return flow * 2654435761u >> 23; // of TARGETS
}

// In place: a copy would wait for the stores that it reads.
static inline void set_forward_key(const struct bench *b, struct key *k, uint32_t flow)
{
	k->client = ip_from_v4(0x0a000000 + flow / 50000);
	k->port = (uint16_t)(1024 + flow % 50000);
	k->hash = session_forward_hash(&b->table, &k->client, &b->vip, k->port, 443, PROTOCOL_TCP);
}

static inline void set_reply_key(
	const struct bench *b, struct key *k, uint32_t flow, uint16_t local_port)
{
	const struct target *target = &b->targets[target_of(flow)];

	k->client = target->address;
	k->port = local_port;
	k->hash = session_reply_hash(
		&b->table, &target->address, &b->local, 8080, k->port, PROTOCOL_TCP);
}

static inline struct session *find(const struct bench *b, const struct key *k, bool reply)
{
	if (reply)
		return session_find_reply(
			&b->table, k->hash, &k->client, 8080, 0, NULL, k->port, PROTOCOL_TCP);
	return session_find_forward(&b->table, k->hash, &k->client, k->port, SERVICE);
}

static inline __attribute__((always_inline)) void one_burst(
	struct bench *b, uint64_t at, bool reply, bool prefetch, uint32_t tick)
{
	const uint32_t *flows = b->order + at;
	struct key keys[BURST];

	for (uint32_t i = 0; i < BURST; i++) {
		if (reply)
			set_reply_key(b, &keys[i], flows[i], b->order_ports[at + i]);
		else
			set_forward_key(b, &keys[i], flows[i]);
		if (prefetch)
			session_prefetch_bucket(&b->table, keys[i].hash);
	}
	for (uint32_t i = 0; prefetch && i < BURST; i++)
		session_prefetch_session(&b->table, keys[i].hash);
	for (uint32_t i = 0; i < BURST; i++) {
		struct session *s = find(b, &keys[i], reply);

		if (!s)
			abort();
		session_follow(&b->table, s, !reply, TCP_ACK, tick);
	}
}

static inline __attribute__((always_inline)) double run(struct bench *b, bool reply, bool prefetch)
{
	uint64_t start = 0, at = 0, warm = b->order_count / BURST;
	uint64_t bursts = b->lookup.packets / BURST;

	for (uint64_t i = 0; i < warm + bursts; i++) {
		if (i == warm)
			start = lookup_now_ns();
		one_burst(b, at, reply, prefetch, 7);
		at = (at + BURST) & (b->order_count - 1);
	}
	return (double)(lookup_now_ns() - start) / (double)(bursts * BURST);
}

static double find_forward(struct bench *b)
{
	return run(b, false, true);
}

static double find_reply(struct bench *b)
{
	return run(b, true, true);
}

static double find_unprefetched(struct bench *b)
{
	return run(b, false, false);
}

static void insert(struct bench *b, uint32_t flow, const struct key *k)
{
	struct session s = {
		.client = k->client,
		.client_port = k->port,
		.service = SERVICE,
		.target = (uint16_t)target_of(flow),
		.protocol = PROTOCOL_TCP,
		.state = SESSION_ESTABLISHED,
		.class = SESSION_CLASS_ESTABLISHED,
	};
	uint64_t reply_hash;

	if (!port_pool_take(&b->ports, &b->table, &s, k->hash, &reply_hash) ||
		!session_insert(&b->table, &s, k->hash, reply_hash, 7))
		abort();
	b->local_ports[flow] = s.local_port;
}

// All sessions anew, in bursts whose buckets are fetched first, as the data path does.
static double fill(struct bench *b)
{
	uint32_t flows = b->lookup.flows;
	uint64_t start = lookup_now_ns();

	for (uint32_t first = 0; first < flows; first += BURST) {
		uint32_t count = first + BURST < flows ? BURST : flows - first;
		struct key keys[BURST];

		for (uint32_t i = 0; i < count; i++) {
			set_forward_key(b, &keys[i], first + i);
			session_prefetch_bucket(&b->table, keys[i].hash);
		}
		for (uint32_t i = 0; i < count; i++) {
			if (find(b, &keys[i], false))
				abort();
			insert(b, first + i, &keys[i]);
		}
	}
	return (double)(lookup_now_ns() - start) / flows;
}

static void give_port(void *context, const struct session *session)
{
	port_pool_give(context, session);
}

static double age_all(struct bench *b)
{
	uint64_t start = lookup_now_ns();

	while (session_table_age(&b->table, 1u << 30, 64) > 0)
		;
	return (double)(lookup_now_ns() - start) / b->lookup.flows;
}

static double floor_of(struct bench *b)
{
	return bench_lookup_floor(&b->lookup);
}

// The machine has other work too: the best of a few runs.
static double best(double (*measure)(struct bench *b), struct bench *b)
{
	double least = measure(b);

	for (int i = 1; i < REPEATS; i++) {
		double ns = measure(b);

		least = ns < least ? ns : least;
	}
	return least;
}

static int set_up(struct bench *b, uint32_t flows)
{
	uint32_t capacity = flows < 1000 ? 1000 : flows;
	struct port_pool_config ports = {
		.locals = &b->local,
		.local_count = 1,
		.workers = 1,
		.first_port = 1024,
		.last_port = 65535,
	};

	b->lookup = (struct lookup_bench){
		.flows = flows, .burst = BURST, .packets = PACKETS, .seed = 0x5deece66d2b79ull};
	b->vip = ip_from_v4(0x010200c0);
	b->local = ip_from_v4(0x010300c0);
	for (uint32_t i = 0; i < TARGETS; i++)
		b->targets[i] =
			(struct target){.address = ip_from_v4(0x0b000000 + i), .port = 8080};
	b->memory = huge_memory_map(session_table_bytes(capacity));
	b->local_ports = huge_memory_map(flows * sizeof(*b->local_ports));
	b->order = lookup_order(&b->lookup, &b->order_count);
	b->order_ports = huge_memory_map(b->order_count * sizeof(*b->order_ports));
	if (!b->memory || !b->local_ports || !b->order_ports || !b->order ||
		port_pool_init(&b->ports, &ports) != 0)
		return -1;
	session_table_init(&b->table, b->memory, capacity, b->lookup.seed * 0x9e3779b97f4a7c15ull,
		b->targets, timeouts);
	b->table.on_remove = give_port;
	b->table.context = &b->ports;
	return 0;
}

static void tear_down(struct bench *b)
{
	port_pool_free(&b->ports);
	huge_memory_unmap(b->memory, session_table_bytes(b->table.capacity));
	huge_memory_unmap(b->local_ports, b->lookup.flows * sizeof(*b->local_ports));
	huge_memory_unmap(b->order_ports, b->order_count * sizeof(*b->order_ports));
	free(b->order);
	free(b);
}

static int bench(uint32_t flows)
{
	struct bench *b = calloc(1, sizeof(*b));
	double first, again, age;

	if (!b || set_up(b, flows) != 0) {
		fprintf(stderr, "%u flows: out of memory\n", flows);
		return 1;
	}
	first = fill(b);
	age = age_all(b);
	again = fill(b);
	for (uint64_t i = 0; i < b->order_count; i++)
		b->order_ports[i] = b->local_ports[b->order[i]];
	printf("{\"flows\": %u, \"floor_ns\": %.1f, \"find_forward_ns\": %.1f, "
	       "\"find_reply_ns\": %.1f, \"without_prefetch_ns\": %.1f, \"insert_ns\": %.1f, "
	       "\"insert_again_ns\": %.1f, \"age_ns\": %.1f, \"bytes_per_session\": %.1f}\n",
		flows, best(floor_of, b), best(find_forward, b), best(find_reply, b),
		find_unprefetched(b), first, again, age,
		(double)session_table_bytes(b->table.capacity) / b->table.capacity);
	fflush(stdout);
	tear_down(b);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t preset[] = {1, 1000, 100000, 1000000, 10000000};
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= bench((uint32_t)strtoul(argv[i], NULL, 10));
	for (size_t i = 0; argc == 1 && i < sizeof(preset) / sizeof(preset[0]); i++)
		failed |= bench(preset[i]);
	return failed;
}
