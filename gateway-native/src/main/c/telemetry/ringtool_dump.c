// SPDX-License-Identifier: Apache-2.0
#include "ringtool.h"

#include "registry.h"
#include "ring_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 256 };

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

static void print_actions(const struct dt_node_actions *a)
{
	printf(",\"type\":\"node_actions\",\"colour_recognised\":%" PRIu64
	       ",\"handed_over\":%" PRIu64 ",\"icmp_errors_sent\":%" PRIu64,
		a->colour_recognised, a->handed_over, a->icmp_errors_sent);
	printf(",\"packets_made\":%" PRIu64 ",\"packets_consumed\":%" PRIu64
	       ",\"toa_told\":%" PRIu64 ",\"toa_late\":%" PRIu64 ",\"toa_untold\":%" PRIu64,
		a->packets_made, a->packets_consumed, a->toa_told, a->toa_late, a->toa_untold);
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
	case DT_RECORD_NODE_ACTIONS:
		print_actions(&r->actions);
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

int ringtool_dump(int argc, char **argv)
{
	bool from_tail = argc == 2 && strcmp(argv[0], "--from-tail") == 0;
	struct dt_ring_reader *reader;
	int ret = 0;

	if (argc != (from_tail ? 2 : 1)) {
		ringtool_usage(stderr);
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

int ringtool_status(int argc, char **argv)
{
	struct dt_ring_reader *reader;
	int ret = 0;

	if (argc != 1) {
		ringtool_usage(stderr);
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
