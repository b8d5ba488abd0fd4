// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "../control/eal.h"
#include "../control/port.h"
#include "../control/setup.h"
#include "../control/tables.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000ull
#define BACKENDS 16u
#define FLOWS_PER_LOCAL 500000u // of one local address: ports times backends, with room
#define YAML_BYTES 16384

struct text {
	char bytes[YAML_BYTES];
	size_t len;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->len += (size_t)vsnprintf(
		text->bytes + text->len, sizeof(text->bytes) - text->len, format, arguments);
	va_end(arguments);
}

static void add_vip(struct text *text, const struct bench_options *o, const char *name,
	unsigned int port, unsigned int limit)
{
	static const char *const modes[] = {"full-nat", "dnat", "tunnel"};

	add(text,
		"  - name: %s\n    address: \"%s\"\n    port: %u\n    protocol: tcp\n"
		"    mode: %s\n    new_connection_limit: %u\n",
		name, o->ipv6 ? TRAFFIC_VIP6 : TRAFFIC_VIP, port, modes[o->mode], limit);
	if (o->mode == BENCH_TUNNEL)
		add(text, "    tunnel: {kind: ipip}\n");
	add(text, "    backends:\n");
	for (unsigned int i = 0; i < BACKENDS; i++)
		add(text,
			o->ipv6 ? "      - {name: %s-%u, address: \"2001:db8:2::%x\", port: 80}\n"
				: "      - {name: %s-%u, address: 198.18.31.%u, port: 80}\n",
			name, i, i + 2);
}

// The same keys as any gateway's.
static void write_settings(struct text *text, const struct bench_options *o)
{
	uint32_t locals = RTE_MIN(o->flows / FLOWS_PER_LOCAL + 1, 60u);

	add(text,
		"version: 1\nnode: bench\ntier: %s\nworkers: 1\ndispatchers: %u\nidle_sleep: 0us\n"
		"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1,"
		" address6: \"2001:db8:1::2/64\", gateway6: \"2001:db8:1::1\"}\n",
		o->tier == BENCH_EIP ? "eip" : "clb", o->role == BENCH_ALL ? 0u : 1u);
	add(text, "local_addresses:\n");
	for (uint32_t i = 0; i < locals; i++)
		add(text, o->ipv6 ? "  - \"2001:db8:1::1:%x\"\n" : "  - 198.18.21.%u\n", i + 16);
	add(text, "neighbours:\n"
		  "  - {address: 198.18.21.1, mac: \"02:00:5e:00:00:01\"}\n"
		  "  - {address: \"2001:db8:1::1\", mac: \"02:00:5e:00:00:01\"}\n");
	add(text,
		"sessions: {capacity: %u, timeout_syn: 1h, timeout_established: 1h, "
		"timeout_closing: "
		"1h, timeout_reset: 1h, timeout_udp: 1h}\n",
		o->tier == BENCH_EIP ? 1024 : o->flows + o->flows / 16 + 1024);
	add(text, "control_socket: /run/dyetrace/bench.sock\n"
		  "telemetry: {directory: /run/dyetrace, stamp_rate_limit: 4294967295}\n"
		  "colour:\n  keys: [{id: 0, hex: " TRAFFIC_KEY "}]\n"
		  "  probers: [{id: 1, prefix: 11.0.0.0/8},"
		  " {id: 1, prefix: \"2001:db8:b::/48\"}]\n");
	if (o->tier == BENCH_EIP) {
		if (strcmp(o->encap, "none") != 0)
			add(text,
				"tunnels:\n  - {name: inside, kind: %s, local: 198.18.21.2, "
				"remote: "
				"198.18.99.1, id: 42}\n",
				o->encap);
		add(text, "vips: []\n");
		return;
	}
	add(text, "vips:\n");
	add_vip(text, o, "vip-bench", 80, 0);
	add_vip(text, o, "vip-limited", TRAFFIC_LIMITED_PORT, 1);
}

static struct node_time read_clock(void *context)
{
	struct timespec mono, real;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct node_time){
		.mono_ns = (uint64_t)mono.tv_sec * SECOND_NS + (uint64_t)mono.tv_nsec,
		.real_ns = (uint64_t)real.tv_sec * SECOND_NS + (uint64_t)real.tv_nsec,
	};
}

static int vip_slot(void *context, const char *name)
{
	(void)name; // each is asked for once
	return (int)((struct rig *)context)->vip_names++;
}

static int backend_slot(void *context, const char *name)
{
	(void)name;
	return (int)((struct rig *)context)->backend_names++;
}

static bool start_eal(const char *program)
{
	char *arguments[] = {
		"--no-huge", "--log-level=warning", "--lcores=0@(0-1)", "-m", "256"}; // for
	// buffers: sessions have memory of their own
	const struct options options = {
		.eal = arguments,
		.eal_count = sizeof(arguments) / sizeof(arguments[0]),
	};
	return eal_start(program, &options, "bench");
}

static bool add_eips(struct rig *rig)
{
	rig->eips = eip_table_create(rig->options->flows + 1024, 0x5eed, NULL);
	if (!rig->eips)
		return false;
	for (uint32_t i = 0; i < rig->options->flows; i++) {
		const struct eip eip = {
			.public_address = traffic_public(&rig->traffic, i),
			.private_address = traffic_private(&rig->traffic, i),
			.slot = DT_SLOT_NONE,
			.tunnel = (uint8_t)rig->node.tunnel_count,
			.enabled = true,
		};

		if (eip_table_add(rig->eips, &eip) != 0)
			return false;
	}
	rig->node.eips = rig->eips;
	return true;
}

static bool shuffle(struct rig *rig)
{
	uint64_t random = 0x9e3779b97f4a7c15ull;
	uint32_t n = rig->options->flows;

	rig->order = malloc((size_t)n * sizeof(rig->order[0]));
	if (!rig->order)
		return false;
	for (uint32_t i = 0; i < n; i++)
		rig->order[i] = i;
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j, kept = rig->order[i];

		random ^= random >> 12;
		random ^= random << 25;
		random ^= random >> 27;
		j = (uint32_t)(((random * 0x2545f4914f6cdd1dull) >> 32) * (i + 1ull) >> 32);
		rig->order[i] = rig->order[j];
		rig->order[j] = kept;
	}
	return true;
}

static void blank_buffer(struct rte_mempool *pool, void *opaque, void *object, unsigned int index)
{
	struct rte_mbuf *m = object;

	(void)pool;
	(void)opaque;
	(void)index;
	memset(m->buf_addr, 0, m->buf_len);
}

static bool make_port(struct rig *rig)
{
	static const char *const names[2][2] = {{"in0", "out0"}, {"in1", "out1"}};

	for (int i = 0; i < 2; i++) {
		rig->in[i] = rte_ring_create(names[i][0], 2 * RIG_MAX_PACKETS, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ);
		rig->out[i] = rte_ring_create(names[i][1], 2 * RIG_MAX_PACKETS, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!rig->in[i] || !rig->out[i])
			return false;
	}
	return rte_eth_from_rings("bench", rig->in, 2, rig->out, 2, 0) >= 0;
}

static bool build(struct rig *rig, char *error)
{
	const struct slot_names names = {vip_slot, backend_slot, rig};

	if (setup_node(&rig->node, rig->settings, 0x5eed, error) != 0)
		return false;
	rig->node.clock = read_clock;
	rig->node.send = port_send;
	rig->pool = setup_pool(rig->settings, rig->node.worker_count + 1, error);
	if (!rig->pool)
		return false;
	rte_mempool_obj_iter(rig->pool, blank_buffer, NULL);
	if (!make_port(rig)) {
		snprintf(error, SETTINGS_ERROR_BYTES, "the ring port: no memory");
		return false;
	}
	if (port_open(0, rig->settings, rig->pool, &rig->node.ports[0], error) != 0)
		return false;
	traffic_init(&rig->traffic, rig->options, rig->node.ports[0].mac);
	if (rig->options->tier == BENCH_CLB)
		rig->traffic.flows = calloc(rig->options->flows, sizeof(struct traffic_flow));
	else if (rig->node.tunnel_count)
		rig->traffic.inside = &rig->node.tunnels[0];
	rig->services = tables_make_services(&rig->node, rig->settings, &names, error);
	if (!rig->services)
		return false;
	if (rig->options->tier == BENCH_EIP && !add_eips(rig)) {
		snprintf(error, SETTINGS_ERROR_BYTES, "%u EIPs: no memory", rig->options->flows);
		return false;
	}
	if (setup_workers(&rig->node, rig->settings, rig->pool, 0x5eed, false, error) != 0)
		return false;
	for (unsigned int i = 0; i < rig->node.worker_count; i++)
		rig->node.workers[i]->ring = &rig->points[i].writer;
	atomic_store(&rig->node.state, NODE_READY);
	rig->worker = rig->node.workers[rig->options->role == BENCH_WORKER ? 1 : 0];
	return true;
}

static bool make_points(struct rig *rig)
{
	const size_t bytes = RIG_POINTS * sizeof(struct dt_record);

	for (uint16_t i = 0; i < RTE_DIM(rig->points); i++) {
		struct rig_points *points = &rig->points[i];

		points->records = aligned_alloc(sizeof(struct dt_record), bytes);
		if (!points->records)
			return false;
		memset(points->records, 0, bytes); // the memory is taken now, as the file's is
		points->ring.capacity = RIG_POINTS;
		points->writer = (struct dt_ring_writer){
			.ring = &points->ring,
			.records = points->records,
			.mask = RIG_POINTS - 1,
			.index = i,
		};
	}
	return true;
}

static void read_points(struct rig *rig)
{
	for (size_t i = 0; i < RTE_DIM(rig->points); i++)
		atomic_store(&rig->points[i].ring.tail, rig->points[i].writer.head);
}

bool rig_create(struct rig *rig, const struct bench_options *options, const char *program)
{
	static struct text yaml;
	char error[SETTINGS_ERROR_BYTES] = "out of memory";

	*rig = (struct rig){.options = options};
	write_settings(&yaml, options);
	rig->settings = settings_parse("bench", yaml.bytes, yaml.len, error);
	if (rig->settings && make_points(rig) && shuffle(rig) && start_eal(program) &&
		build(rig, error))
		return true;
	fprintf(stderr, "dyetrace-gateway-bench: %s\n", error);
	return false;
}

void rig_free(struct rig *rig)
{
	if (rig->out[1])
		rig_drain(rig);
	setup_workers_free(&rig->node);
	services_free(rig->services);
	eip_table_free(rig->eips);
	if (rig->settings)
		setup_node_free(&rig->node);
	settings_free(rig->settings);
	free(rig->traffic.flows);
	for (size_t i = 0; i < RTE_DIM(rig->points); i++)
		free(rig->points[i].records);
	free(rig->order);
}

struct rte_mbuf *rig_take(struct rig *rig)
{
	struct rte_mbuf *packet;

	if (rte_ring_dequeue(rig->out[0], (void **)&packet) == 0 ||
		rte_ring_dequeue(rig->out[1], (void **)&packet) == 0)
		return packet;
	return NULL;
}

static struct rte_mbuf *next_packet(struct rig *rig)
{
	struct rte_mbuf *packet = rig_take(rig);

	if (packet && rig->traffic.flows)
		traffic_learn(&rig->traffic, rte_pktmbuf_mtod(packet, uint8_t *));
	if (packet)
		rte_pktmbuf_reset(packet);
	return packet ? packet : rte_pktmbuf_alloc(rig->pool);
}

void rig_drain(struct rig *rig)
{
	struct rte_mbuf *packet;

	while ((packet = rig_take(rig)) != NULL) {
		if (rig->traffic.flows)
			traffic_learn(&rig->traffic, rte_pktmbuf_mtod(packet, uint8_t *));
		rte_pktmbuf_free(packet);
	}
}

void rig_fill(struct rig *rig, const struct rig_packets *packets)
{
	struct rte_mbuf *filled[RIG_MAX_PACKETS];
	double owed = 0;

	read_points(rig);
	rig->traffic.now_ns = read_clock(NULL).real_ns;
	for (uint32_t i = 0; i < rig->options->ring; i++) {
		uint32_t flow = packets->in_sequence ? rig->next : rig->order[rig->next];
		struct traffic_packet wanted = {
			.flow = flow,
			.tcp_flags = packets->tcp_flags,
			.vip_port = packets->vip_port,
			.direction = packets->direction,
		};
		struct rte_mbuf *packet = next_packet(rig);

		rig->next = (rig->next + 1) % rig->options->flows;
		owed += packets->coloured;
		if (owed >= 1) {
			owed -= 1;
			wanted.colour = packets->colour;
		}
		packet->data_len = (uint16_t)traffic_write(
			&rig->traffic, &wanted, rte_pktmbuf_mtod(packet, uint8_t *));
		packet->pkt_len = packet->data_len;
		filled[i] = packet;
	}
	rte_ring_enqueue_bulk(rig->in[0], (void **)filled, rig->options->ring, NULL);
}
