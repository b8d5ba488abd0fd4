// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-gateway-bench: what a packet costs.
#include "bench_options.h"
#include "lookup_floor.h"
#include "measure.h"

#include "../control/log.h"
#include "../packet/parse.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>

struct results {
	struct measurement traffic;
	struct measurement new_connection; // CLB
	struct measurement limited;        // CLB: SYNs over their limit
	struct measurement plain;          // with --coloured: the same packets, masked
	struct box_time box;
	struct measurement floor_port;
	double floor_lookup_ns;
};

static void make_sessions(struct rig *rig, struct results *r)
{
	const struct rig_packets syn = {
		.tcp_flags = TCP_SYN,
		.vip_port = 80,
		.in_sequence = true,
	};
	const struct rig_packets ack = {
		.tcp_flags = TCP_ACK,
		.vip_port = 80,
		.in_sequence = true,
	};

	const struct rig_packets syn_ack = {
		.tcp_flags = TCP_SYN | TCP_ACK,
		.vip_port = 80,
		.direction = BENCH_REPLY,
		.in_sequence = true,
	};

	rig->next = 0;
	r->new_connection = measure(rig, &syn, 0, rig->options->flows);
	rig_drain(rig);
	if (rig->options->mode != BENCH_TUNNEL && rig->options->role != BENCH_DISPATCHER) {
		rig->next = 0;
		measure(rig, &syn_ack, 0, rig->options->flows);
	}
	rig->next = 0;
	measure(rig, &ack, 0, rig->options->flows);
}

static void run_clb(struct rig *rig, struct results *r)
{
	const struct bench_options *o = rig->options;
	const struct rig_packets limited = {.tcp_flags = TCP_SYN, .vip_port = TRAFFIC_LIMITED_PORT};
	struct rig_packets packets = {
		.tcp_flags = TCP_ACK,
		.vip_port = 80,
		.direction = o->direction,
		.coloured = o->coloured,
		.colour = TRAFFIC_MASKED,
	};

	make_sessions(rig, r);
	if (o->coloured > 0)
		r->plain = measure(rig, &packets, o->seconds, 0);
	packets.colour = TRAFFIC_COLOURED;
	r->traffic = measure(rig, &packets, o->seconds, 0);
	if (o->role == BENCH_ALL)
		r->box = measure_box_time(rig, &packets, 2 * r->traffic.ns, o->seconds);
	r->limited = measure(rig, &limited, o->seconds / 2, 0);
}

static void run_eip(struct rig *rig, struct results *r)
{
	struct rig_packets packets = {
		.tcp_flags = TCP_ACK,
		.vip_port = 80,
		.direction = rig->options->direction,
		.coloured = rig->options->coloured,
		.colour = TRAFFIC_MASKED,
	};

	if (rig->options->coloured > 0)
		r->plain = measure(rig, &packets, rig->options->seconds, 0);
	packets.colour = TRAFFIC_COLOURED;
	r->traffic = measure(rig, &packets, rig->options->seconds, 0);
	r->box = measure_box_time(rig, &packets, 2 * r->traffic.ns, rig->options->seconds);
}

static json_t *number_or_null(double value)
{
	return value > 0 ? json_real(value) : json_null();
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void add_measurement(json_t *o, const char *prefix, const struct measurement *m)
{
	static const struct {
		const char *name;
		enum perf_counter counter;
	} counted[] = {
		{"instructions_per_packet", PERF_INSTRUCTIONS},
		{"cache_misses_per_packet", PERF_CACHE_MISSES},
		{"l1_misses_per_packet", PERF_L1_MISSES},
	};
	char key[64];

#define KEY(name) (snprintf(key, sizeof(key), "%s%s", prefix, name), key)
	set(o, KEY("ns_per_packet"), json_real(m->ns));
	set(o, KEY("ns_per_packet_min"), json_real(m->ns_min));
	set(o, KEY("ns_per_packet_p90"), json_real(m->ns_p90));
	set(o, KEY("cycles_per_packet"), json_real(m->cycles));
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		set(o, KEY(counted[i].name), number_or_null(m->counted[counted[i].counter]));
	set(o, KEY("packets"), json_integer((json_int_t)m->packets));
	set(o, KEY("sent"), json_integer((json_int_t)m->sent));
#undef KEY
}

static json_t *to_json(const struct rig *rig, const struct results *r)
{
	static const char *const modes[] = {"full-nat", "dnat", "tunnel"};
	static const char *const roles[] = {"all", "dispatcher", "worker"};
	const struct bench_options *o = rig->options;
	json_t *j = json_object();

	set(j, "tier", json_string(o->tier == BENCH_EIP ? "eip" : "clb"));
	set(j, o->tier == BENCH_EIP ? "encap" : "mode",
		json_string(o->tier == BENCH_EIP ? o->encap : modes[o->mode]));
	set(j, "role", json_string(roles[o->role]));
	set(j, "direction", json_string(o->direction == BENCH_REPLY ? "reply" : "forward"));
#ifdef DYETRACE_NO_PREFETCH
	set(j, "prefetch", json_false());
#else
	set(j, "prefetch", json_true());
#endif
	set(j, "ipv6", json_boolean(o->ipv6));
	set(j, "flows", json_integer(o->flows));
	set(j, "packet_size", json_integer(o->packet_size));
	set(j, "burst", json_integer(o->burst));
	set(j, "coloured", json_real(o->coloured));
	add_measurement(j, "", &r->traffic);
	set(j, "mpps", json_real(1e3 / r->traffic.ns));
	set(j, "floor_port_ns", json_real(r->floor_port.ns));
	set(j, "floor_port_instructions", number_or_null(r->floor_port.counted[PERF_INSTRUCTIONS]));
	set(j, "floor_lookup_ns", json_real(r->floor_lookup_ns));
	set(j, "ratio_to_floor",
		json_real(r->traffic.ns / (r->floor_port.ns + r->floor_lookup_ns)));
	if (o->tier == BENCH_CLB) {
		add_measurement(j, "new_connection_", &r->new_connection);
		add_measurement(j, "limited_syn_", &r->limited);
	}
	if (o->coloured > 0 && r->plain.counted[PERF_INSTRUCTIONS] > 0)
		set(j, "coloured_instructions_ratio",
			json_real(r->traffic.counted[PERF_INSTRUCTIONS] /
				  r->plain.counted[PERF_INSTRUCTIONS]));
	if (o->coloured > 0)
		set(j, "plain_ns_per_packet", json_real(r->plain.ns));
	if (o->role == BENCH_ALL)
		set(j, "box_time_us",
			json_pack("{s:f, s:f, s:f, s:f}", "p50", r->box.p50_us, "p99",
				r->box.p99_us, "p999", r->box.p999_us, "left_out_share",
				r->box.left_out));
	return j;
}

static void print_human(const json_t *j)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)j, key, value)
	{
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));

		printf("%-42s %s\n", key, text ? text : "");
		free(text);
	}
}

static void print(const struct rig *rig, const struct results *r)
{
	json_t *j = to_json(rig, r);

	if (rig->options->json) {
		json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
		putchar('\n');
	} else {
		print_human(j);
	}
	json_decref(j);
}

int main(int argc, char **argv)
{
	struct bench_options options;
	struct results results = {.floor_lookup_ns = 0};
	static struct rig rig;
	char error[160];
	struct lookup_bench floor = {.burst = 32, .packets = 20000000, .seed = 0x5eed};

	switch (bench_options_read(argc, argv, &options, error, sizeof(error))) {
	case BENCH_OPTIONS_DONE:
		return 0;
	case BENCH_OPTIONS_WRONG:
		fprintf(stderr, "dyetrace-gateway-bench: %s\n", error);
		return 2;
	case BENCH_OPTIONS_RUN:
		break;
	}
	if (!rig_create(&rig, &options, argv[0])) {
		rig_free(&rig);
		return 1;
	}
	floor.flows = options.flows;
	results.floor_port = measure_port_floor(&rig, options.seconds / 2);
	results.floor_lookup_ns = bench_lookup_floor(&floor);
	if (options.tier == BENCH_EIP)
		run_eip(&rig, &results);
	else
		run_clb(&rig, &results);
	print(&rig, &results);
	rig_free(&rig);
	return 0;
}
