// SPDX-License-Identifier: Apache-2.0
//
// Any lines on the control socket of either tier: each is answered with one JSON object, a refusal
// is one line and changes nothing, a change counts as one, the configuration that comes of them
// starts a gateway, and nothing is left of them once they are taken back.
//
//   0 tier: odd eip | 1 the lines
#include "fuzz.h"

#include "../../main/c/control/commands.h"
#include "../../main/c/datapath/worker.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define SESSIONS 100 // more than a page

#define HEAD(tier)                                                                                 \
	"version: 1\nnode: gw-1\ntier: " tier "\nworkers: 1\n"                                     \
	"ports: [{name: p0, address: 198.18.21.2/24, gateway: 198.18.21.1, address6: "             \
	"\"2001:db8:21::2/64\", gateway6: \"2001:db8:21::1\"}]\n"                                  \
	"local_addresses: [198.18.21.16, \"2001:db8:21::16\"]\n"                                   \
	"tunnels: [{name: t1, kind: vxlan, local: 198.18.21.2, remote: 198.18.70.1, id: 100}]\n"   \
	"colour: {keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]}\n"                       \
	"blacklist_capacity: 64\ncontrol_socket: /run/gw.sock\n"                                   \
	"telemetry: {directory: /run}\n"

static const char *const files[] = {HEAD("clb"), HEAD("eip") "eip_capacity: 64\n"};
static const char *const first_lines[] = {
	"{\"command\":\"vip-add\",\"vip\":{\"name\":\"vip-web\",\"address\":\"198.19.0.1\","
	"\"port\":80,\"protocol\":\"tcp\",\"backends\":["
	"{\"name\":\"b1\",\"address\":\"198.18.31.2\"},"
	"{\"name\":\"b2\",\"address\":\"2001:db8:31::2\",\"weight\":3}]}}",
	"{\"command\":\"eip-add\",\"eip\":{\"name\":\"e1\",\"public\":\"203.0.113.1\","
	"\"private\":\"10.1.0.1\",\"tunnel\":\"t1\"}}",
};

// One gateway of each tier.
static struct gateway {
	struct settings *settings;
	struct node node;
	struct worker worker;
	struct heartbeat heartbeat;
	struct commands commands;
} gateways[2];

static struct gateway *current;
static char (*names)[DT_NAME_LEN]; // [DT_MAX_NAMES], of VIPs and backends alike
static int name_count;
static uint64_t now_ns = SECOND_NS;

// In the place of the C library's: what waits for the worker lets it work.
int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	session_sample_serve(&current->worker.sample, &current->worker.sessions, 7);
	return 0;
}

static struct node_time read_clock(void *context)
{
	(void)context;
	return (struct node_time){.mono_ns = now_ns, .real_ns = now_ns};
}

static int slot_of(void *context, const char *name)
{
	(void)context;
	CHECK(name[0] != '\0' && strlen(name) < DT_NAME_LEN);
	for (int i = 0; i < name_count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	if (name_count == DT_MAX_NAMES)
		return -ENOSPC;
	strcpy(names[name_count], name);
	return name_count++;
}

static bool is_own(void *context, const struct ip_address *address)
{
	return node_own_address(context, address) != NULL;
}

static uint64_t no_sessions(void *context, uint16_t id)
{
	(void)context;
	(void)id;
	return 0;
}

static void make_worker(struct gateway *g)
{
	static const uint32_t timeouts[SESSION_CLASSES] = {100, 100, 100, 100, 100, 100, 100};
	struct worker *w = &g->worker;

	w->node = &g->node;
	w->drops = calloc(VIP_MAX + 1, sizeof(*w->drops));
	w->vip_counters = calloc(VIP_MAX + 1, sizeof(*w->vip_counters));
	w->session_memory = aligned_alloc(64, (session_table_bytes(SESSIONS) + 63) & ~63ul);
	w->drops[VIP_MAX][1].packets = 1;
	session_table_init(&w->sessions, w->session_memory, SESSIONS, 1,
		services_targets(g->commands.services), timeouts);
	for (uint16_t i = 0; i < SESSIONS; i++) {
		struct session s = {.client = ip_from_v4(i),
			.client_port = i,
			.protocol = 6,
			.local_index = i % 3,
			.state = 1};
		uint64_t hash = i * 0x9e3779b97f4a7c15ull;

		CHECK(session_insert(&w->sessions, &s, hash, ~hash, i) != NULL);
	}
	g->node.workers[0] = w;
	g->node.worker_count = 1;
}

static void make_telemetry(struct gateway *g)
{
	char directory[] = "/tmp/dt-fuzz-XXXXXX";
	struct dt_ring_producer_config config = {mkdtemp(directory), "gw-1", 1, 1, 64};

	CHECK(dt_ring_producer_create(&config, &g->heartbeat.producer) == 0);
	unlink(dt_ring_producer_path(g->heartbeat.producer)); // it stays mapped
	rmdir(directory);
	g->heartbeat.writer = dt_ring_producer_writer(g->heartbeat.producer, 1);
	dt_ring_producer_vip_slot(g->heartbeat.producer, "vip-web"); // slot 0, as slot_of() says
}

static void add_own_addresses(struct gateway *g)
{
	const struct settings *s = g->settings;

	node_add_own_address(&g->node, &s->ports[0].v4.address, OWN_PORT, 0);
	node_add_own_address(&g->node, &s->ports[0].v6.address, OWN_PORT, 0);
	for (unsigned int i = 0; i < s->local_count; i++)
		node_add_own_address(&g->node, &s->local_addresses[i], OWN_LOCAL, i);
}

static void make_gateway(struct gateway *g, const char *file)
{
	const struct slot_names slots = {slot_of, slot_of, NULL};
	const struct services_config config = {
		.names = slots,
		.published = &g->node.vips,
		.is_own_address = is_own,
		.service_sessions = no_sessions,
		.target_sessions = no_sessions,
		.context = &g->node,
	};
	char error[SETTINGS_ERROR_BYTES];

	g->settings = settings_parse("gateway.yaml", file, strlen(file), error);
	CHECK(g->settings != NULL);
	g->node.clock = read_clock;
	add_own_addresses(g);
	g->commands = (struct commands){
		.settings = g->settings,
		.node = &g->node,
		.services = services_create(&config, NULL, 0, 1, error),
		.blacklist = blacklist_create(g->settings->blacklist_capacity, NULL),
		.heartbeat = &g->heartbeat,
		.telemetry_path = "/run/gw.rings",
	};
	if (g->settings->tier == DT_TIER_EIP)
		g->commands.eips = eips_create(g->settings, &slots, 1, NULL, error);
	g->heartbeat.node = &g->node;
	g->heartbeat.services = g->commands.services;
	g->heartbeat.eips = g->commands.eips;
	make_worker(g);
	make_telemetry(g);
}

static json_t *answer_to(const char *line, size_t len)
{
	char *text = commands_answer(&current->commands, line, len);
	json_t *answer;

	CHECK(text != NULL && strchr(text, '\n') == NULL);
	answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	CHECK(json_is_object(answer) && json_is_boolean(json_object_get(answer, "ok")));
	return answer;
}

static bool ask(const char *line, size_t len)
{
	uint32_t before = heartbeat_version(&current->heartbeat), after;
	json_t *answer = answer_to(line, len), *version = json_object_get(answer, "config_version");
	const char *error = json_string_value(json_object_get(answer, "error"));
	bool ok = json_is_true(json_object_get(answer, "ok"));

	after = heartbeat_version(&current->heartbeat);
	CHECK(after == before || (ok && after == before + 1));
	CHECK(!version || json_integer_value(version) == after);
	CHECK(ok != (error != NULL));
	for (const char *c = error; c && *c; c++)
		CHECK((unsigned char)*c >= ' ');
	json_decref(answer);
	return ok;
}

// What the gateway says of itself another one starts with.
static void check_config(void)
{
	static const char request[] = "{\"command\":\"config\",\"secrets\":true}";
	json_t *answer = answer_to(request, strlen(request));
	char *text = json_dumps(json_object_get(answer, "config"), JSON_COMPACT);
	char error[SETTINGS_ERROR_BYTES] = "";
	struct settings *settings = settings_parse("config", text, strlen(text), error);

	if (!settings)
		fprintf(stderr, "%s\n%s\n", error, text);
	CHECK(settings != NULL);
	settings_free(settings);
	free(text);
	json_decref(answer);
}

static void take_back(struct commands *c)
{
	char error[SETTINGS_ERROR_BYTES];
	struct blacklist_entry entry;
	struct settings_eip eip;
	uint32_t cursor;

	while (services_count(c->services) > 0)
		CHECK(services_remove(c->services, services_get(c->services, 0)->name, error));
	while (c->eips && (cursor = 0, eips_next(c->eips, &cursor, &eip)))
		CHECK(eips_remove(c->eips, &eip.public_address, error));
	while ((cursor = 0, blacklist_next(c->blacklist, &cursor, &entry)))
		CHECK(blacklist_remove(c->blacklist, &entry.prefix, entry.prefix_bits) == 0);
	now_ns += 10 * SECOND_NS; // ids have rested
	services_step(c->services, now_ns);
	if (c->eips)
		eips_collect(c->eips);
	blacklist_expire(c->blacklist, now_ns, 1000);
	CHECK(blacklist_count(c->blacklist) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	unsigned int tier = take8(&in) & 1;
	uint32_t version;

	if (!names) {
		names = calloc(DT_MAX_NAMES, sizeof(*names));
		for (int i = 0; i < 2; i++)
			make_gateway(current = &gateways[i], files[i]);
	}
	current = &gateways[tier];
	name_count = 0;
	atomic_store(&current->node.state, NODE_READY);
	CHECK(ask(first_lines[tier], strlen(first_lines[tier])));
	version = heartbeat_version(&current->heartbeat);
	while (in.left > 0) {
		const uint8_t *end = memchr(in.at, '\n', in.left);
		size_t len = end ? (size_t)(end - in.at) : in.left;
		char *line = (char *)copy_of(in.at, len);

		ask(line, len);
		free(line);
		in.at += end ? len + 1 : len;
		in.left -= end ? len + 1 : len;
		now_ns += SECOND_NS / 10;
		blacklist_expire(current->commands.blacklist, now_ns, 10);
	}
	if (heartbeat_version(&current->heartbeat) != version)
		check_config();
	take_back(&current->commands);
	return 0;
}
