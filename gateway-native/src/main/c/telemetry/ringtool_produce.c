// SPDX-License-Identifier: Apache-2.0
#include "ringtool.h"

#include "registry.h"
#include "ring.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int parse_u64(const char *name, const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || *out > most) {
		fprintf(stderr,
			"dyetrace-ringtool: %s: '%s' is not a number within 0 and %" PRIu64 "\n",
			name, text, most);
		return -EINVAL;
	}
	return 0;
}

struct produce_options {
	struct dt_ring_producer_config config;
	uint64_t count;
	uint64_t rate;
	bool counters;
	bool hold;
};

static int parse_produce(int argc, char **argv, struct produce_options *o)
{
	static const struct option options[] = {
		{"directory", required_argument, NULL, 'd'},
		{"node", required_argument, NULL, 'n'},
		{"workers", required_argument, NULL, 'w'},
		{"ring-records", required_argument, NULL, 'r'},
		{"count", required_argument, NULL, 'c'},
		{"rate", required_argument, NULL, 's'},
		{"boot-id", required_argument, NULL, 'b'},
		{"no-counters", no_argument, NULL, 'x'},
		{"hold", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	uint64_t number = 0;
	int c, ret = 0;

	*o = (struct produce_options){
		.config = {.workers = 1, .ring_records = 65536, .boot_id = now_ns()},
		.counters = true};
	while (ret == 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->config.directory = optarg;
			break;
		case 'n':
			o->config.node = optarg;
			break;
		case 'w':
			ret = parse_u64("--workers", optarg, DT_MAX_RINGS - 1, &number);
			o->config.workers = (unsigned int)number;
			break;
		case 'r':
			ret = parse_u64("--ring-records", optarg, DT_RING_MAX_RECORDS,
				&o->config.ring_records);
			break;
		case 'c':
			ret = parse_u64("--count", optarg, UINT64_MAX, &o->count);
			break;
		case 's':
			ret = parse_u64("--rate", optarg, 10000000, &o->rate);
			break;
		case 'b':
			ret = parse_u64("--boot-id", optarg, UINT64_MAX, &o->config.boot_id);
			break;
		case 'x':
			o->counters = false;
			break;
		case 'h':
			o->hold = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (ret == 0 && (optind != argc || o->config.directory == NULL || o->config.node == NULL)) {
		fprintf(stderr, "dyetrace-ringtool: produce needs --directory and --node and takes "
				"no argument\n");
		ret = -EINVAL;
	}
	return ret;
}

// A point such as a gateway writes; the probe sequence is the point's number, so that a test finds
// each again.
static struct dt_record sample_point(uint64_t number, uint64_t time_ns)
{
	return (struct dt_record){
		.time_ns = time_ns,
		.type = DT_RECORD_POINT,
		.point =
			{
				.tier = 2,
				.point = number % 2 == 0 ? DT_TP_RX : DT_TP_TX,
				.direction = 1,
				.key_state = DT_KEY_VERIFIED,
				.protocol = 6,
				.vip_slot = 0,
				.backend_slot = 0,
				.prober_id = 1,
				.probe_sequence = (uint32_t)number,
				.packet_bytes = 74,
				.dwell_ns = 1500,
				.source = {198, 18, 11, 2},
				.destination = {198, 19, 0, 1},
				.source_port = (uint16_t)(20000 + number % 512),
				.destination_port = 80,
				.tcp_flags = 2,
			},
	};
}

static void push_counters(struct dt_ring_producer *producer, const struct produce_options *o,
	uint64_t points, uint64_t time_ns)
{
	struct dt_ring_writer *control = dt_ring_producer_writer(producer, o->config.workers);
	struct dt_record r = {.time_ns = time_ns, .type = DT_RECORD_NODE_ACTIONS};

	r.actions = (struct dt_node_actions){
		.colour_recognised = points,
		.handed_over = 2 * points,
		.icmp_errors_sent = 3,
		.packets_made = 4,
		.packets_consumed = 5,
		.toa_told = 60,
		.toa_late = 7,
		.toa_untold = 8,
	};
	dt_ring_push(control, &r);
	r = (struct dt_record){.time_ns = time_ns, .type = DT_RECORD_NODE_COUNTERS};
	r.node = (struct dt_node_counters){
		.state = 2,
		.config_version = 1,
		.session_capacity = 1024,
		.rx_packets = points,
		.tx_packets = points,
		.colour_verified = points,
	};
	dt_ring_push(control, &r);
	r = (struct dt_record){.time_ns = time_ns, .type = DT_RECORD_VIP_COUNTERS};
	r.vip = (struct dt_vip_counters){
		.vip_slot = 0, .direction = 1, .packets = points, .bytes = points * 74};
	dt_ring_push(control, &r);
	r = (struct dt_record){.time_ns = time_ns, .type = DT_RECORD_DROP_COUNTERS};
	r.drop = (struct dt_drop_counters){
		.vip_slot = DT_SLOT_NONE, .reason = 12, .packets = 1, .bytes = 74};
	dt_ring_push(control, &r);
	for (unsigned int i = 0; i < o->config.workers; i++) {
		struct dt_ring_writer *writer = dt_ring_producer_writer(producer, i);

		r = (struct dt_record){.time_ns = time_ns, .type = DT_RECORD_WORKER_COUNTERS};
		r.worker = (struct dt_worker_counters){
			.worker = i,
			.ring_used = (uint32_t)dt_ring_used(writer),
			.ring_capacity = (uint32_t)o->config.ring_records,
			.longest_poll_gap_ns = 100000,
			.rx_packets = points,
			.tx_packets = points,
			.points_written = writer->head,
			.points_lost = dt_ring_lost(writer),
		};
		dt_ring_push(control, &r);
	}
	dt_ring_set_time(control, time_ns);
}

static bool input_ended(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char byte;

	return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void produce_loop(struct dt_ring_producer *producer, const struct produce_options *o)
{
	uint64_t start_ns = now_ns(), points = 0, counters_due_ns = start_ns;
	bool done = false;

	while (!stop) {
		uint64_t time_ns = now_ns(), due = UINT64_MAX;

		if (o->counters && time_ns >= counters_due_ns) {
			push_counters(producer, o, points, time_ns);
			counters_due_ns += 1000000000u;
		}
		if (o->rate > 0)
			due = (uint64_t)((double)(time_ns - start_ns) / 1e9 * (double)o->rate);
		if (o->count > 0 && due > o->count)
			due = o->count;
		for (; points < due && !stop; points++) {
			struct dt_record r = sample_point(points + 1, now_ns());
			bool room = true;

			// Without a rate the test wants every point written, so it waits for room.
			for (unsigned int i = 0; i < o->config.workers && o->rate == 0; i++)
				room &= dt_ring_used(dt_ring_producer_writer(producer, i)) <
					o->config.ring_records;
			if (!room)
				break;
			for (unsigned int i = 0; i < o->config.workers; i++)
				dt_ring_push(dt_ring_producer_writer(producer, i), &r);
			if (o->rate == 0 && points % 1024 == 1023) {
				points++;
				break;
			}
		}
		for (unsigned int i = 0; i < o->config.workers; i++)
			dt_ring_set_time(dt_ring_producer_writer(producer, i), now_ns());
		if (!done && o->count > 0 && points == o->count) {
			done = true;
			if (o->counters)
				push_counters(producer, o, points, now_ns());
			printf("{\"written\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n", points,
				dt_ring_lost(dt_ring_producer_writer(producer, 0)));
			fflush(stdout);
			if (!o->hold)
				return;
		}
		if (o->hold && input_ended())
			return;
		if (done || o->rate > 0)
			usleep(1000);
	}
}

int ringtool_produce(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct dt_ring_producer *producer;
	struct produce_options o;
	int ret = parse_produce(argc, argv, &o);

	if (ret < 0)
		return EXIT_USAGE;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	ret = dt_ring_producer_create(&o.config, &producer);
	if (ret < 0) {
		fprintf(stderr, "dyetrace-ringtool: %s: %s\n", o.config.directory, strerror(-ret));
		return EXIT_FAILURE;
	}
	dt_ring_producer_vip_slot(producer, "vip-web");
	dt_ring_producer_backend_slot(producer, "rs-1-web");
	printf("%s\n", dt_ring_producer_path(producer));
	fflush(stdout);
	produce_loop(producer, &o);
	dt_ring_producer_close(producer);
	return EXIT_SUCCESS;
}
