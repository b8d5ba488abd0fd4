// SPDX-License-Identifier: Apache-2.0
//
// The session table against the model, over random operations on few keys, so that they meet often.
// SESSION_MODEL_SEED=N repeats a run; SESSION_MODEL_OPERATIONS=N sets its length.
#include "session_model.h"
#include "test.h"

#include "../../main/c/packet/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CLIENTS = 12, PORTS = 6, SERVICES = 4, TARGETS = 6, LOCALS = 3, MAX_TICKS = 400 };

// What the table sees of a hash: the less, the more keys share buckets and tags.
struct weakness {
	const char *name;
	uint64_t mask;
	uint32_t capacity;
};

static const uint32_t timeouts[SESSION_CLASSES] = {80, 900, 160, 40, 240, 500, 700};

struct run {
	struct session_table table;
	struct model model;
	struct target targets[TARGET_MAX];
	const struct weakness *weakness;
	uint64_t random;
	uint64_t operation;
	uint64_t refused;
	uint32_t tick;
	uint32_t removed; // by on_remove
};

static uint64_t seed;

static uint32_t below(struct run *r, uint32_t n) // xorshift64*
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return (uint32_t)((r->random * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s, operation %" PRIu64 ", SESSION_MODEL_SEED=%" PRIu64 ": %s",  \
				r->weakness->name, r->operation, seed, #condition);                \
	} while (0)

static struct ip_address address(uint32_t n)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8}};

	if (n % 2)
		return ip_from_v4(htonl(0x0a000000 + n / 2));
	a.words[2] = htonl(n / 4); // some differ in the upper half of the interface id alone …
	a.words[1] = htonl(n % 4); // … and some in the prefix
	return a;
}

static uint64_t forward_hash(const struct run *r, const struct session *s)
{
	struct ip_address vip = address(100 + s->service);

	return session_forward_hash(&r->table, &s->client, &vip, s->client_port, 80, s->protocol) &
	       r->weakness->mask;
}

static uint64_t reply_hash(const struct run *r, const struct session *s)
{
	const struct target *target = &r->targets[s->target];
	struct ip_address local = address(200 + s->local_index);

	return session_reply_hash(&r->table, &target->address,
		       s->local_index == SESSION_LOCAL_CLIENT ? &s->client : &local, target->port,
		       s->local_port, s->protocol) &
	       r->weakness->mask;
}

static struct session random_session(struct run *r)
{
	struct session s = {
		.client = address(below(r, CLIENTS)),
		.client_port = (uint16_t)(1000 + below(r, PORTS)),
		.local_port = (uint16_t)(2000 + below(r, PORTS)),
		.service = (uint16_t)below(r, SERVICES),
		.target = (uint16_t)below(r, TARGETS),
		.state = SESSION_ESTABLISHED,
		.class = (uint8_t)below(r, SESSION_CLASSES),
		.local_index = (uint8_t)below(r, LOCALS),
		.probe_sequence = (uint32_t)r->operation,
	};
	uint32_t mode = below(r, 4);

	s.protocol = s.service % 2 ? PROTOCOL_UDP : PROTOCOL_TCP;
	if (mode == 0) { // DNAT
		s.local_index = SESSION_LOCAL_CLIENT;
		s.local_port = s.client_port;
	} else if (mode == 1) { // tunnel
		s.local_index = SESSION_LOCAL_NONE;
	}
	return s;
}

static struct model_session *model_forward(const struct run *r, const struct session *s)
{
	return model_find_forward(&r->model, &s->client, s->client_port, s->service);
}

static struct model_session *model_reply(const struct run *r, const struct session *s)
{
	const struct target *target = &r->targets[s->target];

	return model_find_reply(&r->model, &target->address, target->port, s->local_index,
		&s->client, s->local_port, s->protocol);
}

static struct session *real_forward(const struct run *r, const struct session *s)
{
	uint64_t hash = forward_hash(r, s);

	session_prefetch_bucket(&r->table, hash);
	session_prefetch_session(&r->table, hash);
	return session_find_forward(&r->table, hash, &s->client, s->client_port, s->service);
}

static struct session *real_reply(const struct run *r, const struct session *s)
{
	const struct target *target = &r->targets[s->target];

	return session_find_reply(&r->table, reply_hash(r, s), &target->address, target->port,
		s->local_index, &s->client, s->local_port, s->protocol);
}

static void compare_finds(struct run *r, const struct session *s)
{
	const struct model_session *forward = model_forward(r, s), *reply = model_reply(r, s);

	CHECK(real_forward(r, s) == (forward ? forward->real : NULL));
	CHECK(real_reply(r, s) == (reply ? reply->real : NULL));
}

// Removals by age are seen here alone: each has to be due.
static void on_remove(void *context, const struct session *session)
{
	struct run *r = context;
	struct model_session *m = model_find_real(&r->model, session);

	CHECK(m);
	CHECK(session->probe_sequence == m->keys.probe_sequence);
	CHECK(session->class == m->keys.class);
	CHECK(ip_equal(&session->client, &m->keys.client));
	r->removed++;
	if (m->used_tick != r->tick + 1) // not marked by remove_one()
		CHECK(r->tick - m->used_tick >= timeouts[m->keys.class]);
	model_remove(&r->model, m);
}

static void insert_one(struct run *r)
{
	struct session s = random_session(r);
	bool clash = model_forward(r, &s) || model_reply(r, &s);
	struct session *real;

	compare_finds(r, &s);
	if (clash)
		return;
	real = session_insert(&r->table, &s, forward_hash(r, &s), reply_hash(r, &s), r->tick);
	if (!real) {
		CHECK(r->model.count == r->weakness->capacity || r->weakness->mask != UINT64_MAX);
		r->refused++;
	} else {
		CHECK(r->model.count < r->weakness->capacity);
		CHECK(!model_find_real(&r->model, real));
		model_insert(&r->model, &s, real, r->tick);
	}
	compare_finds(r, &s);
}

static void remove_one(struct run *r, struct model_session *m)
{
	struct session keys = m->keys;

	m->used_tick = r->tick + 1;
	session_remove(&r->table, m->real);
	CHECK(!real_forward(r, &keys));
}

static void change_one(struct run *r, struct model_session *m)
{
	m->used_tick = r->tick;
	if (below(r, 2)) {
		session_touch(&r->table, m->real, r->tick);
		return;
	}
	m->keys.class = (uint8_t)below(r, SESSION_CLASSES);
	session_set_class(&r->table, m->real, m->keys.class, r->tick);
}

static void age_some(struct run *r)
{
	uint32_t steps = below(r, 5), before = r->removed, removed;

	r->tick += below(r, 12);
	removed = session_table_age(&r->table, r->tick, steps);
	CHECK(removed <= steps && removed == r->removed - before);
}

static void age_all(struct run *r)
{
	r->tick += below(r, MAX_TICKS);
	while (session_table_age(&r->table, r->tick, 2 * SESSION_CLASSES) > 0)
		;
	for (const struct model_session *m = r->model.first; m; m = m->next) {
		uint32_t timeout = timeouts[m->keys.class];

		CHECK(r->tick - m->used_tick < timeout + timeout / 8);
	}
}

// The index holds the keys of the sessions there are, and no chained bucket without any.
static uint32_t count_index(struct run *r)
{
	const struct session_index *index = &r->table.index;
	uint32_t entries = 0;

	for (uint32_t i = 0; i < index->bucket_count; i++) {
		const struct session_bucket *bucket = &index->buckets[i];

		for (; bucket; bucket = session_index_chained(index, bucket)) {
			uint32_t before = entries;

			for (unsigned int slot = 0; slot < SESSION_INDEX_SLOTS; slot++)
				entries += bucket->tags[slot] != 0;
			CHECK(entries > before || bucket == &index->buckets[i]);
		}
	}
	return entries;
}

static void compare_all(struct run *r)
{
	uint32_t cursor = 0, seen = 0, entries = 0;

	CHECK(r->table.count == r->model.count);
	for (const struct session *s; (s = session_table_next(&r->table, &cursor)); seen++) {
		const struct model_session *m = model_find_real(&r->model, s);

		CHECK(m);
		CHECK(real_forward(r, &m->keys) == s);
		if (s->local_index != SESSION_LOCAL_NONE)
			CHECK(real_reply(r, &m->keys) == s);
		entries += s->local_index == SESSION_LOCAL_NONE ? 1 : 2;
	}
	CHECK(seen == r->model.count);
	CHECK(count_index(r) == entries);
}

static void operate(struct run *r)
{
	uint32_t kind = below(r, 1000);
	struct session s;

	if (kind < 400) {
		insert_one(r);
	} else if (kind < 600) {
		s = random_session(r);
		compare_finds(r, &s);
	} else if (kind < 997 && r->model.count == 0) {
		return;
	} else if (kind < 780) {
		change_one(r, model_at(&r->model, below(r, r->model.count)));
	} else if (kind < 900) {
		remove_one(r, model_at(&r->model, below(r, r->model.count)));
	} else if (kind < 996) {
		age_some(r);
	} else if (kind < 998) {
		age_all(r);
	} else {
		compare_all(r);
	}
}

static void set_targets(struct run *r)
{
	for (uint32_t i = 0; i < TARGETS; i++) // two differ by port, two not at all
		r->targets[i] = (struct target){
			.address = address(300 + i / 2),
			.port = (uint16_t)(80 + (i == 1)),
		};
}

static void run(const struct weakness *weakness, uint64_t operations)
{
	struct run *r = calloc(1, sizeof(*r));
	void *memory = aligned_alloc(64, session_table_bytes(weakness->capacity));

	memset(memory, 0xa5, session_table_bytes(weakness->capacity));
	r->weakness = weakness;
	r->random = seed ^ weakness->mask ^ weakness->capacity ^ 0x9e3779b97f4a7c15ull;
	r->tick = UINT32_MAX - 100000; // wraps on the way
	r->model.targets = r->targets;
	set_targets(r);
	session_table_init(&r->table, memory, weakness->capacity, seed, r->targets, timeouts);
	r->table.on_remove = on_remove;
	r->table.context = r;
	for (; r->operation < operations; r->operation++)
		operate(r);
	compare_all(r);
	print_message("%s: %" PRIu64 " operations, %" PRIu32 " removed, %" PRIu64 " refused\n",
		weakness->name, operations, r->removed, r->refused);
	CHECK(r->refused > 0 && r->removed > operations / 100);
	while (r->model.first)
		model_remove(&r->model, r->model.first);
	free(memory);
	free(r);
}

static uint64_t number(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : preset;
}

static void should_do_what_the_model_does(void **state)
{
	// Bucket: bits 0-31 (the upper ones choose), tag: bits 33-47.
	static const struct weakness all[] = {
		{"good hashes", UINT64_MAX, 100},
		{"smallest table", UINT64_MAX, SESSION_MIN_CAPACITY},
		{"one tag", 0xffffffff, 100},
		{"two buckets", 0xffff80000000, 90},
		{"one bucket, four tags", 0x000600000000, 96},
		{"one hash", 0, 90},
	};
	uint64_t operations = number("SESSION_MODEL_OPERATIONS", 2400000);

	(void)state;
	seed = number("SESSION_MODEL_SEED", (uint64_t)time(NULL) * 1000003 + (uint64_t)clock());
	print_message("SESSION_MODEL_SEED=%" PRIu64 "\n", seed);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		run(&all[i], operations / (sizeof(all) / sizeof(all[0])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(should_do_what_the_model_does)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
