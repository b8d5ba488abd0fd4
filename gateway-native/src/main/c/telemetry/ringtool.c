// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-ringtool: looks into telemetry files, and writes some for tests.
#include "registry.h"
#include "ring.h"
#include "ring_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, BURST = 256 };

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

static void usage(FILE *out)
{
	fputs("Usage: dyetrace-ringtool dump [--from-tail] FILE\n"
	      "       dyetrace-ringtool status FILE\n"
	      "       dyetrace-ringtool produce --directory DIR --node NODE [OPTION…]\n"
	      "\n"
	      "dump     prints every record that is still in the file as one JSON object a line,\n"
	      "         released ones included as far as they are not overwritten;\n"
	      "         with --from-tail only those the agent has not released\n"
	      "status   prints one JSON object: the header and each ring's counts\n"
	      "produce  writes points into a new telemetry file, as a gateway would, for tests\n"
	      "  --workers N       rings of workers (default 1)\n"
	      "  --ring-records N  capacity of a ring, a power of two (default 65536)\n"
	      "  --count N         points per worker, then stop (default 0: until SIGTERM)\n"
	      "  --rate N          points a second and worker (default 0: as fast as room allows, "
	      "waiting for room)\n"
	      "  --boot-id N       default: the clock\n"
	      "  --no-counters     no counters each second\n"
	      "  --hold            keep the file locked after --count until SIGTERM or end of "
	      "standard input\n",
		out);
}

// Numbers

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

// dump and status

static void print_string(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void print_name(
	const struct dt_ring_reader *reader, const char *key, enum dt_name_kind kind, uint32_t slot)
{
	char name[DT_NAME_LEN];

	if (slot == DT_SLOT_NONE || dt_ring_reader_name(reader, kind, slot, name) < 0)
		name[0] = '\0';
	printf(",\"%s\":", key);
	print_string(name);
}

static void print_point(const struct dt_ring_reader *reader, const struct dt_point *p)
{
	int family = (p->flags & DT_RECORD_FLAG_IPV6) != 0 ? AF_INET6 : AF_INET;
	char source[INET6_ADDRSTRLEN] = "", destination[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, p->source, source, sizeof(source));
	inet_ntop(family, p->destination, destination, sizeof(destination));
	printf(",\"type\":\"point\",\"tier\":%u,\"point\":\"%s\",\"direction\":\"%s\",\"reason\":"
	       "\"%s\"",
		p->tier, dt_trace_point_name(p->point), dt_direction_name(p->direction),
		p->reason == 0 ? "" : dt_drop_reason_name(p->reason));
	print_name(reader, "vip", DT_NAME_VIP, p->vip_slot);
	print_name(reader, "backend", DT_NAME_BACKEND, p->backend_slot);
	printf(",\"key_state\":%u,\"prober_id\":%u,\"probe_sequence\":%" PRIu32
	       ",\"reset\":%s,\"sample_weight\":%" PRIu32,
		p->key_state, p->prober_id, p->probe_sequence,
		(p->flags & DT_RECORD_FLAG_RESET) != 0 ? "true" : "false", p->sample_weight);
	printf(",\"protocol\":%u,\"source\":\"%s\",\"source_port\":%u,\"destination\":\"%s\","
	       "\"destination_port\":%u",
		p->protocol, source, p->source_port, destination, p->destination_port);
	printf(",\"tcp_flags\":%u,\"packet_bytes\":%u,\"dwell_ns\":%" PRIu64, p->tcp_flags,
		p->packet_bytes, p->dwell_ns);
}

static void print_node(const struct dt_node_counters *n)
{
	printf(",\"type\":\"node_counters\",\"state\":%" PRIu32 ",\"config_version\":%" PRIu32,
		n->state, n->config_version);
	printf(",\"sessions\":%" PRIu64 ",\"session_capacity\":%" PRIu64
	       ",\"mempool_used\":%" PRIu32 ",\"mempool_size\":%" PRIu32,
		n->sessions, n->session_capacity, n->mempool_used, n->mempool_size);
	printf(",\"points_lost\":%" PRIu64 ",\"rx_missed\":%" PRIu64 ",\"rx_packets\":%" PRIu64
	       ",\"tx_packets\":%" PRIu64,
		n->points_lost, n->rx_missed, n->rx_packets, n->tx_packets);
	printf(",\"colour_verified\":%" PRIu64 ",\"colour_forged\":%" PRIu64
	       ",\"colour_replayed\":%" PRIu64 ",\"colour_capped\":%" PRIu64
	       ",\"colour_other_epoch\":%" PRIu64,
		n->colour_verified, n->colour_forged, n->colour_replayed, n->colour_capped,
		n->colour_other_epoch);
}

static void print_record(const struct dt_ring_reader *reader, const struct dt_record *r)
{
	printf("{\"time_ns\":%" PRIu64 ",\"ring\":%u,\"sequence\":%" PRIu64, r->time_ns, r->ring,
		r->sequence);
	switch (r->type) {
	case DT_RECORD_POINT:
		print_point(reader, &r->point);
		break;
	case DT_RECORD_NODE_COUNTERS:
		print_node(&r->node);
		break;
	case DT_RECORD_VIP_COUNTERS:
		printf(",\"type\":\"vip_counters\"");
		print_name(reader, "vip", DT_NAME_VIP, r->vip.vip_slot);
		printf(",\"direction\":\"%s\",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64
		       ",\"new_sessions\":%" PRIu64 ",\"sessions\":%" PRIu64,
			dt_direction_name((uint16_t)r->vip.direction), r->vip.packets, r->vip.bytes,
			r->vip.new_sessions, r->vip.sessions);
		break;
	case DT_RECORD_DROP_COUNTERS:
		printf(",\"type\":\"drop_counters\"");
		print_name(reader, "vip", DT_NAME_VIP, r->drop.vip_slot);
		printf(",\"reason\":\"%s\",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64,
			dt_drop_reason_name((uint16_t)r->drop.reason), r->drop.packets,
			r->drop.bytes);
		break;
	case DT_RECORD_WORKER_COUNTERS:
		printf(",\"type\":\"worker_counters\",\"worker\":%" PRIu32 ",\"ring_used\":%" PRIu32
		       ",\"ring_capacity\":%" PRIu32 ",\"longest_poll_gap_ns\":%" PRIu64,
			r->worker.worker, r->worker.ring_used, r->worker.ring_capacity,
			r->worker.longest_poll_gap_ns);
		printf(",\"rx_packets\":%" PRIu64 ",\"tx_packets\":%" PRIu64
		       ",\"points_written\":%" PRIu64 ",\"points_lost\":%" PRIu64,
			r->worker.rx_packets, r->worker.tx_packets, r->worker.points_written,
			r->worker.points_lost);
		break;
	default:
		printf(",\"type\":%u", r->type);
		break;
	}
	printf("}\n");
}

static int open_reader(const char *path, struct dt_ring_reader **reader)
{
	int ret = dt_ring_reader_open(path, false, reader);

	if (ret < 0)
		fprintf(stderr, "dyetrace-ringtool: %s: %s\n", path,
			ret == -EBADMSG ? "not a telemetry file of this version" : strerror(-ret));
	return ret;
}

static int dump_ring(const struct dt_ring_reader *reader, unsigned int ring, bool from_tail)
{
	static struct dt_record burst[BURST];
	struct dt_ring_status status;
	uint64_t from;
	int ret = dt_ring_reader_status(reader, ring, &status);

	if (ret < 0)
		return ret;
	from = status.tail;
	if (!from_tail)
		from = status.head > status.capacity ? status.head - status.capacity : 0;
	while (from < status.head) {
		uint64_t want = status.head - from < BURST ? status.head - from : BURST;
		int count = dt_ring_reader_look(reader, ring, from, burst, (uint32_t)want);

		if (count < 0)
			return count;
		for (int i = 0; i < count; i++) {
			// Released records may be overwritten while we look.
			if (burst[i].sequence == from + (uint64_t)i + 1)
				print_record(reader, &burst[i]);
		}
		from += (uint64_t)count;
	}
	return 0;
}

static int dump(int argc, char **argv)
{
	bool from_tail = argc == 2 && strcmp(argv[0], "--from-tail") == 0;
	struct dt_ring_reader *reader;
	int ret = 0;

	if (argc != (from_tail ? 2 : 1)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (open_reader(argv[argc - 1], &reader) < 0)
		return EXIT_FAILURE;
	for (unsigned int i = 0; i < dt_ring_reader_count(reader) && ret == 0; i++)
		ret = dump_ring(reader, i, from_tail);
	dt_ring_reader_close(reader);
	if (ret < 0) {
		fprintf(stderr, "dyetrace-ringtool: %s: %s\n", argv[argc - 1], strerror(-ret));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int status(int argc, char **argv)
{
	struct dt_ring_reader *reader;
	int ret = 0;

	if (argc != 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (open_reader(argv[0], &reader) < 0)
		return EXIT_FAILURE;
	printf("{\"node\":");
	print_string(dt_ring_reader_node(reader));
	printf(",\"boot_id\":%" PRIu64 ",\"pid\":%" PRIu32 ",\"alive\":%s,\"rings\":[",
		dt_ring_reader_boot_id(reader), dt_ring_reader_pid(reader),
		dt_ring_reader_alive(reader) == 1 ? "true" : "false");
	for (unsigned int i = 0; i < dt_ring_reader_count(reader) && ret == 0; i++) {
		struct dt_ring_status s;

		ret = dt_ring_reader_status(reader, i, &s);
		if (ret == 0)
			printf("%s{\"head\":%" PRIu64 ",\"tail\":%" PRIu64 ",\"lost\":%" PRIu64
			       ",\"capacity\":%" PRIu64 ",\"producer_time_ns\":%" PRIu64 "}",
				i == 0 ? "" : ",", s.head, s.tail, s.lost, s.capacity,
				s.producer_time_ns);
	}
	printf("]}\n");
	dt_ring_reader_close(reader);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// produce

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
	struct dt_record r = {.time_ns = time_ns, .type = DT_RECORD_NODE_COUNTERS};

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

static int produce(int argc, char **argv)
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

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (argc >= 2 && strcmp(argv[1], "dump") == 0)
		return dump(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "status") == 0)
		return status(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "produce") == 0)
		return produce(argc - 1, argv + 1);
	usage(stderr);
	return EXIT_USAGE;
}
