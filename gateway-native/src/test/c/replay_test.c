// SPDX-License-Identifier: Apache-2.0
//
// The whole datapath, through `dyetrace-gateway --replay`: captures in, captures and points out.
#include "test.h"

#include "frame.h"

#include "../../main/c/packet/arp.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/colour.h"

#include <jansson.h>
#include <pcap/pcap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define START (1767225600ull * SECOND + 7 * SECOND) // well inside an epoch
#define CLIENT "198.18.11.2"                        // a prober's prefix
#define VIP "198.19.0.1"
#define LOCAL "198.18.21.16"

enum { MAX_FRAMES = 1024, L3 = ETHERNET_BYTES, L4 = L3 + IPV4_MIN_BYTES };

struct capture {
	unsigned int count; // may be more than are kept
	uint64_t times[MAX_FRAMES];
	struct frame frames[MAX_FRAMES];
};

static struct capture in, out;
static json_t *points;
static char directory[64];
static const char *config_head, *config_tail;
static pcap_t *input_format;
static pcap_dumper_t *input;

static const char usual_head[] =
	"version: 1\nnode: gw-1\ntier: clb\n"
	"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1}\n"
	"local_addresses: [198.18.21.16]\n"
	"neighbours: [{address: 198.18.21.1, mac: '02:00:5e:00:00:01'}]\n"
	"control_socket: /nonexistent/x.sock\n"
	"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"
	"  probers: [{id: 1, prefix: 198.18.11.0/24}]\n";

static const char usual_tail[] =
	"sessions: {capacity: 1024}\n"
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
	"vips:\n"
	"  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n"
	"    backends:\n"
	"      - {name: rs-1-web, address: 198.18.31.2, port: 8080}\n"
	"      - {name: rs-2-web, address: 198.18.32.2, port: 8080}\n"
	"  - {name: vip-off, address: 198.19.0.1, port: 81, protocol: tcp, enabled: false}\n"
	"  - {name: vip-empty, address: 198.19.0.1, port: 82, protocol: tcp}\n"
	"  - name: vip-down\n    address: 198.19.0.1\n    port: 83\n    protocol: tcp\n"
	"    backends: [{name: rs-9, address: 198.18.39.2, port: 1, enabled: false}]\n"
	"  - name: vip-slow\n    address: 198.19.0.1\n    port: 84\n    protocol: tcp\n"
	"    new_connection_limit: 10\n"
	"    backends: [{name: rs-1-slow, address: 198.18.31.2, port: 84}]\n"
	"  - name: vip-dns\n    address: 198.19.0.1\n    port: 53\n    protocol: udp\n"
	"    backends: [{name: rs-1-dns, address: 198.18.31.2, port: 5353}]\n";

static int setup(void **state)
{
	(void)state;
	in.count = 0;
	config_head = usual_head;
	config_tail = usual_tail;
	return 0;
}

static void feed_at(uint64_t time, struct frame frame)
{
	in.times[in.count] = time;
	in.frames[in.count++] = frame;
}

static void feed(struct frame frame)
{
	feed_at(START + in.count * 1000000, frame);
}

static void path_of(char *path, const char *name)
{
	snprintf(path, 128, "%s/%s", directory, name);
}

static void write_config(void)
{
	char path[128];
	FILE *file;

	path_of(path, "gateway.yaml");
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(config_head, file);
	fputs(config_tail, file);
	fclose(file);
}

static void open_input(void)
{
	char path[128];

	path_of(path, "in.pcap");
	input_format =
		pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	input = pcap_dump_open(input_format, path);
	assert_non_null(input);
}

static void put(uint64_t time, const uint8_t *bytes, size_t len)
{
	const struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(time / SECOND), .tv_usec = (suseconds_t)(time % SECOND)},
		.caplen = (bpf_u_int32)len,
		.len = (bpf_u_int32)len,
	};

	pcap_dump((u_char *)input, &header, bytes);
}

static void close_input(void)
{
	pcap_dump_close(input);
	pcap_close(input_format);
}

static void read_output(void)
{
	char path[128], error[PCAP_ERRBUF_SIZE], line[4096];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *file;
	FILE *ndjson;

	path_of(path, "out.pcap");
	file = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	assert_non_null(file);
	out.count = 0;
	while (pcap_next_ex(file, &header, &bytes) == 1) {
		struct frame *f = &out.frames[out.count];

		if (out.count++ >= MAX_FRAMES)
			continue;
		out.times[out.count - 1] =
			(uint64_t)header->ts.tv_sec * SECOND + (uint64_t)header->ts.tv_usec;
		f->len = header->caplen;
		memcpy(f->bytes, bytes, f->len < sizeof(f->bytes) ? f->len : sizeof(f->bytes));
	}
	pcap_close(file);
	json_decref(points);
	points = json_array();
	path_of(path, "points.ndjson");
	ndjson = fopen(path, "r");
	assert_non_null(ndjson);
	while (fgets(line, sizeof(line), ndjson)) {
		json_t *point = json_loads(line, 0, NULL);

		assert_non_null(point);
		json_array_append_new(points, point);
	}
	fclose(ndjson);
}

// What put() has written.
static void replay_input(void)
{
	char command[1024];

	close_input();
	write_config();
	snprintf(command, sizeof(command),
		"'%s' --config %s/gateway.yaml --replay %s/in.pcap --out %s/out.pcap --points "
		"%s/points.ndjson 2>%s/log",
		getenv("GATEWAY"), directory, directory, directory, directory, directory);
	if (system(command) != 0) {
		snprintf(command, sizeof(command), "cat %s/log >&2", directory);
		assert_int_equal(system(command), 0);
		fail_msg("the replay failed");
	}
	read_output();
}

static void replay(void)
{
	open_input();
	for (unsigned int i = 0; i < in.count; i++)
		put(in.times[i], in.frames[i].bytes, in.frames[i].len);
	replay_input();
}

static const char *text(size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(points, index), key));
}

static json_int_t number(size_t index, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(points, index), key));
}

// "RX,TX" and so on; a drop is its reason.
static const char *told(void)
{
	static char all[4096];

	all[0] = '\0';
	for (size_t i = 0; i < json_array_size(points); i++) {
		strcat(all, i ? "," : "");
		strcat(all, text(i, "reason")[0] ? text(i, "reason") : text(i, "point"));
	}
	return all;
}

static struct frame syn(uint16_t source_port, uint16_t vip_port)
{
	return frame_tcp(
		(struct frame_flow){CLIENT, VIP, source_port, vip_port}, TCP_SYN, 1000, NULL, 0, 0);
}

static struct frame reply_to(const struct frame *sent, uint8_t flags)
{
	const uint8_t *ip = sent->bytes + L3, *l4 = sent->bytes + L4;
	char backend[INET_ADDRSTRLEN], local[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, ip + IPV4_DESTINATION, backend, sizeof(backend));
	inet_ntop(AF_INET, ip + IPV4_SOURCE, local, sizeof(local));
	return frame_tcp((struct frame_flow){backend, local, load_be16(l4 + 2), load_be16(l4)},
		flags, 5000, NULL, 0, 0);
}

struct colour {
	uint8_t flags;
	uint16_t prober_id;
	uint32_t sequence;
	uint32_t syn_sequence;
	uint64_t time;
	uint16_t source_port;
};

static void make_option(uint8_t out_bytes[DT_COLOUR_BYTES], struct colour c)
{
	static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct dt_siphash_key key = dt_siphash_key_read(bytes),
			      derived = dt_colour_derive_key(&key, c.prober_id);
	struct dt_colour_option option = {
		.version = DT_COLOUR_VERSION,
		.flags = c.flags,
		.prober_id = c.prober_id,
		.probe_sequence = c.sequence,
	};
	uint32_t source = frame_address(CLIENT);

	dt_colour_write(&option, out_bytes);
	option.mac = dt_colour_mac(&derived, out_bytes + 4, dt_colour_epoch(c.time),
		(const uint8_t *)&source, 4, c.source_port, c.syn_sequence);
	dt_colour_write(&option, out_bytes);
}

// A coloured SYN or, with the reset flag, RST towards vip-web; sequence is the probe's.
static struct frame coloured(uint16_t source_port, uint8_t flags, uint32_t sequence, uint64_t time)
{
	uint8_t options[24] = {2, 4, 5, 0xb4};
	bool reset = flags & DT_COLOUR_FLAG_RESET;

	make_option(options + 4, (struct colour){.flags = flags,
					 .prober_id = 1,
					 .sequence = sequence,
					 .syn_sequence = 1000,
					 .time = time,
					 .source_port = source_port});
	return frame_tcp((struct frame_flow){CLIENT, VIP, source_port, 80},
		reset ? TCP_RST : TCP_SYN, reset ? 1001 : 1000, options, sizeof(options), 0);
}

static bool has_colour(const struct frame *f)
{
	struct dt_colour_option option;
	const uint8_t *tcp = f->bytes + L4;

	return dt_colour_find(tcp + 20, (size_t)(tcp[TCP_DATA_OFFSET] >> 4) * 4 - 20, &option) != 0;
}

static void should_translate_both_ways_with_right_checksums(void **state)
{
	const uint8_t *ip, *tcp;
	struct frame first;

	(void)state;
	feed(syn(40000, 80));
	replay();
	assert_int_equal(out.count, 1);
	first = out.frames[0];
	ip = first.bytes + L3;
	tcp = first.bytes + L4;
	assert_true(frame_checksums_right(first.bytes, first.len));
	assert_int_equal(load_raw32(ip + IPV4_SOURCE), frame_address(LOCAL));
	assert_true(load_raw32(ip + IPV4_DESTINATION) == frame_address("198.18.31.2") ||
		    load_raw32(ip + IPV4_DESTINATION) == frame_address("198.18.32.2"));
	assert_int_equal(load_be16(tcp + 2), 8080);
	assert_int_equal(ip[IPV4_TTL], 63);
	assert_int_equal(load_be32(tcp + TCP_SEQUENCE), 1000);
	assert_memory_equal(first.bytes, "\x02\x00\x5e\x00\x00\x01", 6); // the configured next hop
	assert_int_equal(out.times[0], in.times[0]);

	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	replay();
	assert_int_equal(out.count, 2);
	assert_memory_equal(out.frames[0].bytes, first.bytes, first.len); // the same again
	ip = out.frames[1].bytes + L3;
	tcp = out.frames[1].bytes + L4;
	assert_true(frame_checksums_right(out.frames[1].bytes, out.frames[1].len));
	assert_int_equal(load_raw32(ip + IPV4_SOURCE), frame_address(VIP));
	assert_int_equal(load_raw32(ip + IPV4_DESTINATION), frame_address(CLIENT));
	assert_int_equal(load_be16(tcp), 80);
	assert_int_equal(load_be16(tcp + 2), 40000);
	assert_int_equal(json_array_size(points), 0); // no colour, no drop
}

static void should_keep_a_flow_at_its_backend_and_spread_flows(void **state)
{
	uint32_t seen[2] = {0};

	(void)state;
	for (uint16_t n = 0; n < 100; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 100; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	replay();
	assert_int_equal(out.count, 200);
	for (unsigned int n = 0; n < 100; n++) {
		assert_memory_equal(
			out.frames[n].bytes, out.frames[n + 100].bytes, out.frames[n].len);
		seen[load_raw32(out.frames[n].bytes + L3 + IPV4_DESTINATION) ==
			frame_address("198.18.31.2")]++;
	}
	assert_in_range(seen[0], 30, 70);
}

static void should_stamp_a_probe_and_hide_its_colour(void **state)
{
	struct frame first;

	(void)state;
	feed(coloured(20000, 0, 77, START));
	replay();
	first = out.frames[0];
	assert_string_equal(told(), "RX,TX");
	assert_false(has_colour(&first));
	assert_true(frame_checksums_right(first.bytes, first.len));
	assert_int_equal(first.len, in.frames[0].len);
	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	feed(coloured(20000, DT_COLOUR_FLAG_RESET, 78, START + 2000000));
	replay();
	assert_string_equal(told(), "RX,TX,RX,TX,RX,TX");
	assert_int_equal(out.count, 3);
	assert_false(has_colour(&out.frames[2]));
	assert_true(frame_checksums_right(out.frames[2].bytes, out.frames[2].len));
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(text(i, "key_state"), "VERIFIED");
		assert_int_equal(number(i, "prober_id"), 1);
		assert_int_equal(number(i, "probe_sequence"), i < 4 ? 77 : 78);
		assert_string_equal(text(i, "direction"), i == 2 || i == 3 ? "REPLY" : "FORWARD");
		assert_int_equal(
			json_is_true(json_object_get(json_array_get(points, i), "reset")), i >= 4);
		assert_int_equal(number(i, "time_ns"), START + i / 2 * 1000000);
	}
	// The packet as received.
	assert_string_equal(text(1, "source_address"), CLIENT);
	assert_string_equal(text(1, "destination_address"), VIP);
	assert_string_equal(text(1, "vip"), "vip-web");
	assert_string_equal(text(2, "destination_address"), LOCAL);
	assert_string_equal(text(2, "backend"), text(1, "backend"));
	assert_int_equal(strncmp(text(1, "backend"), "rs-", 3), 0);
}

static void should_stamp_every_stage_when_asked(void **state)
{
	(void)state;
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,NAT,TX");
}

static void should_forward_what_does_not_verify_without_stamp_or_colour(void **state)
{
	struct frame forged = coloured(20001, 0, 78, START), elsewhere;

	(void)state;
	forged.bytes[L4 + 20 + 4 + 12] ^= 1; // the MAC
	frame_finish(&forged);
	elsewhere = coloured(20002, 0, 79, START);
	store_raw32(elsewhere.bytes + L3 + IPV4_SOURCE, frame_address("198.18.41.2"));
	frame_finish(&elsewhere);
	feed(forged);
	feed(elsewhere);
	feed(coloured(20003, 0, 80, START - 100 * SECOND)); // old
	feed(coloured(20004, 0, 81, START));
	feed(coloured(20004, 0, 81, START)); // once more
	replay();
	assert_int_equal(out.count, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_false(has_colour(&out.frames[i]));
		assert_true(frame_checksums_right(out.frames[i].bytes, out.frames[i].len));
	}
	assert_string_equal(told(), "RX,TX"); // of the one that was genuine and new
	assert_int_equal(number(0, "probe_sequence"), 81);
}

static void should_let_no_second_colour_through(void **state)
{
	uint8_t options[40];

	(void)state;
	make_option(options, (struct colour){.prober_id = 1,
				     .sequence = 5,
				     .syn_sequence = 1000,
				     .time = START,
				     .source_port = 20000});
	memcpy(options + 20, options, 20);
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 20000, 80}, TCP_SYN, 1000, options, 40, 0));
	replay();
	assert_int_equal(out.count, 1);
	assert_false(has_colour(&out.frames[0]));
	assert_true(frame_checksums_right(out.frames[0].bytes, out.frames[0].len));
}

static void should_let_nothing_through_that_looks_like_a_colour(void **state)
{
	static const uint8_t options[][12] = {
		{253, 4, 0x44, 0x59, 253, 8, 0x44, 0x59, 1, 2, 3, 4},
		{253, 12, 0x44, 0x59, 1, 2, 3, 4, 5, 6, 7, 8},
		{0, 1, 253, 10, 0x44, 0x59, 1, 2, 3, 4, 5, 6},
		{2, 4, 5, 0xb4, 0, 253, 4, 0x44, 0x59, 0, 0, 0},
	};

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		feed(frame_tcp((struct frame_flow){CLIENT, VIP, (uint16_t)(20000 + i), 80}, TCP_SYN,
			1000, options[i], 12, 0));
	replay();
	assert_int_equal(out.count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		const struct frame *f = &out.frames[i];

		assert_true(frame_checksums_right(f->bytes, f->len));
		assert_null(memmem(f->bytes + L4 + 20, f->len - L4 - 20, "\x44\x59", 2));
	}
}

static void should_stamp_each_reply_as_the_latest_probe_asked(void **state)
{
	struct frame first;

	(void)state;
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	first = out.frames[0];
	feed(coloured(20000, 0, 78, START));
	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,NAT,TX,RX,TX,RX,TX");
	assert_int_equal(number(10, "probe_sequence"), 78);
}

static void should_stamp_the_death_of_a_probe_to_a_local_address(void **state)
{
	struct frame astray = coloured(20000, 0, 77, START);

	(void)state;
	store_raw32(astray.bytes + L3 + IPV4_DESTINATION, frame_address(LOCAL));
	frame_finish(&astray);
	feed(astray);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,NON_SYN_NO_SESSION");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_string_equal(text(1, "direction"), "FORWARD");
	assert_int_equal(number(1, "probe_sequence"), 77);
}

static void should_stamp_the_death_of_a_probe_with_broken_options(void **state)
{
	uint8_t options[24];

	(void)state;
	make_option(options, (struct colour){.prober_id = 1,
				     .sequence = 5,
				     .syn_sequence = 1000,
				     .time = START,
				     .source_port = 20000});
	memcpy(options + 20, (const uint8_t[]){8, 1, 0, 0}, 4);
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 20000, 80}, TCP_SYN, 1000, options, 24, 0));
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,MALFORMED_TCP");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_int_equal(number(1, "probe_sequence"), 5);
}

static void should_stamp_the_death_of_a_probe(void **state)
{
	struct frame lost = coloured(20000, 0, 77, START);

	(void)state;
	store_be16(lost.bytes + L4 + 2, 99); // no VIP has the port; the MAC does not cover it
	frame_finish(&lost);
	feed(lost);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,NO_VIP");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_int_equal(number(1, "probe_sequence"), 77);
}

static void refresh_ip_checksum(struct frame *f, size_t at, uint16_t value)
{
	store_be16(f->bytes + at, value);
	store_raw16(f->bytes + L3 + IPV4_CHECKSUM, 0);
	uint32_t sum = 0;
	for (int i = 0; i < 20; i += 2)
		sum += load_be16(f->bytes + L3 + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	store_be16(f->bytes + L3 + IPV4_CHECKSUM, (uint16_t)~sum);
}

static void should_name_the_reason_of_every_drop(void **state)
{
	struct frame f;

	(void)state;
	f = syn(1, 80);
	f.len = 10;
	feed(f);
	f = syn(2, 80);
	f.len = 30;
	feed(f);
	f = syn(3, 80);
	f.bytes[L4 + TCP_DATA_OFFSET] = 0xf0;
	feed(f);
	f = frame_udp((struct frame_flow){CLIENT, VIP, 4, 53}, 4, true);
	store_be16(f.bytes + L4 + UDP_LENGTH, 400);
	feed(f);
	f = syn(5, 80);
	f.bytes[L3 + IPV4_CHECKSUM] ^= 1;
	feed(f);
	f = syn(6, 80);
	refresh_ip_checksum(&f, L3 + IPV4_FRAGMENT, 0x2000);
	feed(f);
	f = syn(7, 80);
	refresh_ip_checksum(&f, L3 + IPV4_TTL, 1 << 8 | PROTOCOL_TCP);
	feed(f);
	feed(frame_tcp((struct frame_flow){CLIENT, "224.0.0.5", 8, 80}, TCP_SYN, 1, NULL, 0, 0));
	feed(syn(9, 99));
	feed(frame_tcp((struct frame_flow){CLIENT, "198.19.0.9", 9, 80}, TCP_SYN, 1, NULL, 0, 0));
	feed(syn(10, 81));
	feed(frame_udp((struct frame_flow){CLIENT, VIP, 11, 80}, 4, true));
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 12, 80}, TCP_ACK, 1, NULL, 0, 0));
	feed(frame_tcp((struct frame_flow){"198.18.31.2", LOCAL, 80, 13}, TCP_ACK, 1, NULL, 0, 0));
	feed(syn(14, 82));
	feed(syn(15, 83));
	f = frame_echo(CLIENT, VIP);
	f.bytes[L4] = 13; // timestamp request
	frame_finish(&f);
	feed(f);
	f = syn(17, 80);
	f.bytes[L3 + IPV4_PROTOCOL] = 47;
	frame_finish(&f);
	feed(f);
	f = frame_tcp((struct frame_flow){CLIENT, VIP, 18, 80}, TCP_SYN, 1,
		(const uint8_t[]){8, 1, 0, 0}, 4, 0);
	feed(f);
	f = syn(19, 80);
	f.bytes[0] = 0x01; // a group address
	feed(f);
	replay();
	assert_string_equal(told(), "MALFORMED_ETHERNET,MALFORMED_IP,MALFORMED_TCP,MALFORMED_UDP,"
				    "BAD_CHECKSUM,FRAGMENT_UNSUPPORTED,"
				    "TTL_EXCEEDED,NOT_FOR_US,NO_VIP,NO_VIP,VIP_DISABLED,PROTOCOL_"
				    "UNSUPPORTED,NON_SYN_NO_SESSION,"
				    "NON_SYN_NO_SESSION,NO_BACKEND,NO_HEALTHY_BACKEND,ICMP_"
				    "UNSUPPORTED,PROTOCOL_UNSUPPORTED,"
				    "MALFORMED_TCP,NOT_FOR_US");
	assert_int_equal(out.count, 0);
	for (size_t i = 0; i < json_array_size(points); i++) {
		assert_string_equal(text(i, "key_state"), "SAMPLED");
		assert_int_equal(number(i, "sample_weight"), 1);
	}
	assert_string_equal(text(10, "vip"), "vip-off");
}

static void should_drop_new_connections_over_the_limit(void **state)
{
	(void)state;
	for (uint16_t n = 0; n < 10; n++)
		feed_at(START + n, syn((uint16_t)(40000 + n),
					   84)); // all at once: a tenth of a second's worth passes
	for (uint16_t n = 0; n < 20; n++)
		feed_at(START + SECOND + n * 50000000ull,
			syn((uint16_t)(41000 + n), 84)); // 20 a second
	replay();
	assert_in_range(out.count, 1 + 10, 1 + 11);
	assert_int_equal(json_array_size(points), 30 - out.count);
	assert_string_equal(text(0, "reason"), "NEW_CONNECTION_LIMIT");
	assert_string_equal(text(0, "vip"), "vip-slow");
}

static void should_let_the_first_connection_of_all_through(void **state)
{
	(void)state;
	feed_at(0, syn(40000, 84)); // the clock's beginning
	feed_at(0, syn(40001, 84));
	replay();
	assert_int_equal(out.count, 1);
	assert_string_equal(told(), "NEW_CONNECTION_LIMIT");
}

static void should_keep_sessions_and_limits_when_the_captures_time_steps_back(void **state)
{
	(void)state;
	feed_at(START + 60 * SECOND, syn(40000, 80));
	feed_at(START + 60 * SECOND, syn(40001, 84));
	feed_at(START, syn(40000, 80));
	feed_at(START, syn(40002, 84));
	feed_at(START + 59 * SECOND, syn(40000, 80));
	replay();
	assert_int_equal(out.count, 4);
	assert_memory_equal(out.frames[2].bytes, out.frames[0].bytes, out.frames[0].len);
	assert_memory_equal(out.frames[3].bytes, out.frames[0].bytes, out.frames[0].len);
	assert_int_equal(out.times[2], START); // as captured
	assert_string_equal(told(), "NEW_CONNECTION_LIMIT");
	assert_int_equal(number(0, "time_ns"), START);
	assert_int_equal(number(0, "dwell_ns"), 0);
}

static void should_write_a_point_of_every_drop_whatever_the_share(void **state)
{
	static const char tail[] = "sessions: {capacity: 1024}\n"
				   "telemetry: {directory: /nonexistent, drop_sample_share: 0}\n";
	struct frame lost = syn(40000, 80);

	(void)state;
	config_tail = tail;
	open_input();
	for (uint64_t n = 0; n < 3000; n++) // within a second
		put(START + n, lost.bytes, lost.len);
	replay_input();
	assert_int_equal(out.count, 0);
	assert_int_equal(json_array_size(points), 3000);
	for (size_t i = 0; i < 3000; i++) {
		assert_string_equal(text(i, "reason"), "NO_VIP");
		assert_string_equal(text(i, "key_state"), "SAMPLED");
		assert_int_equal(number(i, "sample_weight"), 1);
	}
}

static void should_carry_frames_up_to_the_mtu_and_tell_of_longer_ones(void **state)
{
	static const size_t lengths[] = {3000, 9014, 9015, 30000};
	static uint8_t bytes[30000];

	(void)state;
	open_input();
	for (uint16_t i = 0; i < 4; i++) {
		struct frame f = syn((uint16_t)(40000 + i), 80);

		refresh_ip_checksum(
			&f, L3 + IPV4_TOTAL_LENGTH, (uint16_t)(lengths[i] - ETHERNET_BYTES));
		memcpy(bytes, f.bytes, f.len);
		put(START, bytes, lengths[i]);
	}
	replay_input();
	assert_int_equal(out.count, 2);
	assert_int_equal(out.frames[0].len, 3000);
	assert_int_equal(out.frames[1].len, 9014);
	assert_string_equal(told(), "MTU_EXCEEDED,MTU_EXCEEDED");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(number(i, "packet_bytes"), lengths[2 + i]);
		assert_int_equal(number(i, "source_port"), 40002 + i);
		assert_string_equal(text(i, "destination_address"), VIP);
	}
}

static void should_answer_thousands_of_clients_on_the_same_link(void **state)
{
	static const char head[] =
		"version: 1\nnode: gw-1\ntier: clb\n"
		"ports:\n  - {name: port0, address: 10.0.0.2/16, gateway: 10.0.0.1}\n"
		"local_addresses: [10.0.0.16]\nlocal_ports: {first: 2000, last: 60000}\n"
		"control_socket: /nonexistent/x.sock\n";
	static const char tail[] =
		"sessions: {capacity: 8192}\n"
		"telemetry: {directory: /nonexistent}\n"
		"vips:\n  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n    protocol: "
		"tcp\n    backends: [{name: rs-1-web, address: 10.0.255.2, port: 8080}]\n";
	enum { CLIENTS = 5000 };

	(void)state;
	config_head = head;
	config_tail = tail;
	open_input();
	for (unsigned int n = 0; n < CLIENTS; n++) {
		char client[INET_ADDRSTRLEN];
		struct frame f;

		snprintf(client, sizeof(client), "10.0.%u.%u", 1 + n / 250, 1 + n % 250);
		f = frame_tcp(
			(struct frame_flow){client, VIP, 40000, 80}, TCP_SYN, 1000, NULL, 0, 0);
		put(START + n, f.bytes, f.len);
	}
	for (unsigned int n = 0; n < CLIENTS; n++) { // ports are given in turn
		struct frame f = frame_tcp(
			(struct frame_flow){"10.0.255.2", "10.0.0.16", 8080, (uint16_t)(2000 + n)},
			TCP_SYN | TCP_ACK, 5000, NULL, 0, 0);

		put(START + CLIENTS + n, f.bytes, f.len);
	}
	replay_input();
	assert_int_equal(json_array_size(points), 0);
	assert_int_equal(out.count, 2 * CLIENTS);
}

static void should_refuse_sessions_over_capacity_and_keep_the_others(void **state)
{
	static const char tail[] =
		"sessions: {capacity: 16}\n"
		"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
		"vips:\n  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n    protocol: "
		"tcp\n"
		"    backends: [{name: rs-1-web, address: 198.18.31.2, port: 8080}]\n";

	(void)state;
	config_tail = tail;
	for (uint16_t n = 0; n < 17; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 16; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	feed_at(START + 12 * SECOND, syn(50000, 80)); // the half-open ones are gone by then
	replay();
	assert_string_equal(told(), "SESSION_TABLE_FULL");
	assert_int_equal(out.count, 33);
}

static void should_refuse_sessions_without_a_local_port_and_keep_the_others(void **state)
{
	static const char tail[] =
		"sessions: {capacity: 1024}\n"
		"local_ports: {first: 2000, last: 2003}\n"
		"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
		"vips:\n  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n    protocol: "
		"tcp\n"
		"    backends: [{name: rs-1-web, address: 198.18.31.2, port: 8080}]\n";

	(void)state;
	config_tail = tail;
	for (uint16_t n = 0; n < 5; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 4; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	replay();
	assert_string_equal(told(), "PORT_POOL_EXHAUSTED");
	assert_int_equal(out.count, 8);
}

static void should_carry_udp_with_and_without_checksum(void **state)
{
	struct frame_flow flow = {CLIENT, VIP, 5000, 53};

	(void)state;
	feed(frame_udp(flow, 33, true));
	feed(frame_udp(flow, 33, false));
	replay();
	assert_int_equal(out.count, 2);
	assert_true(frame_checksums_right(out.frames[0].bytes, out.frames[0].len));
	assert_int_not_equal(load_raw16(out.frames[0].bytes + L4 + UDP_CHECKSUM), 0);
	assert_int_equal(load_raw16(out.frames[1].bytes + L4 + UDP_CHECKSUM), 0);
	assert_int_equal(load_be16(out.frames[0].bytes + L4 + 2), 5353);
}

static void should_answer_echo_and_arp(void **state)
{
	static const char *const addresses[] = {VIP, "198.18.21.2", LOCAL};
	const uint8_t *arp;

	(void)state;
	for (int i = 0; i < 3; i++)
		feed(frame_echo(CLIENT, addresses[i]));
	feed(frame_arp_request("198.18.21.1", "198.18.21.2"));
	feed(frame_arp_request("198.18.21.1", LOCAL));
	feed(frame_arp_request("198.18.21.1", "198.18.21.99"));
	feed(frame_arp_request("198.18.21.1", VIP)); // every node has it: none answers
	replay();
	assert_int_equal(out.count, 5);
	for (int i = 0; i < 3; i++) {
		assert_true(frame_checksums_right(out.frames[i].bytes, out.frames[i].len));
		assert_int_equal(out.frames[i].bytes[L4], 0);
		assert_int_equal(load_raw32(out.frames[i].bytes + L3 + IPV4_SOURCE),
			frame_address(addresses[i]));
	}
	arp = out.frames[4].bytes + ETHERNET_BYTES;
	assert_int_equal(load_be16(arp + 6), ARP_OP_REPLY);
	assert_int_equal(load_raw32(arp + 14), frame_address(LOCAL));
}

static void should_translate_icmp_errors(void **state)
{
	struct frame sent, quoted;
	const uint8_t *inner;

	(void)state;
	feed(frame_udp((struct frame_flow){CLIENT, VIP, 5000, 53}, 33, true));
	replay();
	sent = out.frames[0];
	quoted = in.frames[0];
	feed(frame_unreachable("198.18.31.2", LOCAL, &sent));
	feed(frame_unreachable("198.18.31.2", LOCAL, &quoted)); // about nothing we sent
	replay();
	assert_int_equal(out.count, 2);
	assert_true(frame_checksums_right(out.frames[1].bytes, out.frames[1].len));
	assert_int_equal(load_raw32(out.frames[1].bytes + L3 + IPV4_SOURCE), frame_address(VIP));
	assert_int_equal(
		load_raw32(out.frames[1].bytes + L3 + IPV4_DESTINATION), frame_address(CLIENT));
	inner = out.frames[1].bytes + L4 + ICMP_MIN_BYTES;
	assert_int_equal(load_raw32(inner + IPV4_SOURCE), frame_address(CLIENT));
	assert_int_equal(load_raw32(inner + IPV4_DESTINATION), frame_address(VIP));
	assert_int_equal(load_be16(inner + 20), 5000);
	assert_int_equal(load_be16(inner + 22), 53);
	assert_int_equal(load_raw16(inner + 20 + UDP_CHECKSUM),
		load_raw16(in.frames[0].bytes + L4 + UDP_CHECKSUM)); // what the client had sent
	assert_string_equal(told(), "ICMP_UNSUPPORTED");
}

static void should_start_anew_when_a_port_comes_back(void **state)
{
	struct frame first, second;

	(void)state;
	feed(coloured(20000, 0, 1, START));
	feed(coloured(20000, DT_COLOUR_FLAG_RESET, 2, START));
	feed_at(START + SECOND, coloured(20000, 0, 3, START));
	replay();
	assert_int_equal(out.count, 3);
	first = out.frames[0];
	second = out.frames[2];
	assert_int_not_equal(
		load_be16(first.bytes + L4), load_be16(second.bytes + L4)); // another local port
	assert_int_equal(load_raw32(first.bytes + L3 + IPV4_DESTINATION),
		load_raw32(second.bytes + L3 + IPV4_DESTINATION));
}

static void should_write_the_same_bytes_each_time(void **state)
{
	struct capture before;
	char *told_before;

	(void)state;
	for (uint16_t n = 0; n < 60; n++)
		feed(n % 3 ? syn((uint16_t)(40000 + n), (uint16_t)(80 + n % 5))
			   : coloured(n + 1000, 0, n + 1, START));
	replay();
	before = out;
	told_before = json_dumps(points, 0);
	replay();
	assert_int_equal(before.count, out.count);
	assert_memory_equal(&before.frames, &out.frames, sizeof(out.frames[0]) * out.count);
	char *told_after = json_dumps(points, 0);
	assert_string_equal(told_before, told_after);
	free(told_before);
	free(told_after);
}

static struct frame any_frame(void)
{
	uint16_t port = (uint16_t)(20000 + rand() % 50);
	struct frame udp = frame_udp((struct frame_flow){CLIENT, VIP, port, 53}, 20, rand() % 2);
	struct frame sent = frame_udp(
		(struct frame_flow){LOCAL, "198.18.31.2", (uint16_t)(1024 + rand() % 50), 5353}, 20,
		true);

	switch (rand() % 7) {
	case 0:
		return coloured(port, (uint8_t)(rand() % 16), (uint32_t)rand(), START);
	case 1:
		return udp;
	case 2:
		return frame_echo(CLIENT, rand() % 2 ? VIP : LOCAL);
	case 3:
		return frame_unreachable("198.18.31.2", LOCAL, &sent);
	case 4:
		return frame_unreachable(CLIENT, VIP, &udp);
	case 5:
		return frame_tcp((struct frame_flow){"198.18.31.2", LOCAL, 8080,
					 (uint16_t)(1024 + rand() % 50)},
			(uint8_t)rand(), 1, NULL, 0, 9);
	default:
		return syn(port, (uint16_t)(80 + rand() % 6));
	}
}

// The seed is printed, so that a failure can be repeated: REPLAY_TEST_SEED. Built with the
// sanitizers it also proves that no byte beyond a packet is read.
static void should_send_or_drop_whatever_comes(void **state)
{
	const char *given = getenv("REPLAY_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)getpid();
	unsigned int drops = 0;

	(void)state;
	print_message("REPLAY_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 900; n++) {
		struct frame f = any_frame();
		int changes = rand() % 4;

		for (int i = 0; i < changes; i++) {
			size_t at = (size_t)rand() % f.len;

			if (at < 12 || at > 13) // stays IPv4: an ARP message is neither sent on nor
						// dropped
				f.bytes[at] = (uint8_t)rand();
		}
		if (f.len > L4 + 8 && rand() % 2) {
			uint8_t protocol = f.bytes[L3 + IPV4_PROTOCOL];

			if (protocol == PROTOCOL_ICMP ||
				(protocol == PROTOCOL_TCP && f.len >= L4 + 20))
				frame_finish(&f); // changed, and yet with right checksums
		}
		if (rand() % 10 == 0)
			f.len = (size_t)rand() % f.len;
		feed(f);
	}
	replay();
	for (size_t i = 0; i < json_array_size(points); i++)
		drops += text(i, "reason")[0] != '\0';
	assert_int_equal(out.count + drops, in.count);
	assert_in_range(out.count, 100, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(should_translate_both_ways_with_right_checksums, setup),
		cmocka_unit_test_setup(should_keep_a_flow_at_its_backend_and_spread_flows, setup),
		cmocka_unit_test_setup(should_stamp_a_probe_and_hide_its_colour, setup),
		cmocka_unit_test_setup(should_stamp_every_stage_when_asked, setup),
		cmocka_unit_test_setup(
			should_forward_what_does_not_verify_without_stamp_or_colour, setup),
		cmocka_unit_test_setup(should_let_no_second_colour_through, setup),
		cmocka_unit_test_setup(should_let_nothing_through_that_looks_like_a_colour, setup),
		cmocka_unit_test_setup(should_stamp_each_reply_as_the_latest_probe_asked, setup),
		cmocka_unit_test_setup(should_stamp_the_death_of_a_probe, setup),
		cmocka_unit_test_setup(should_stamp_the_death_of_a_probe_to_a_local_address, setup),
		cmocka_unit_test_setup(
			should_stamp_the_death_of_a_probe_with_broken_options, setup),
		cmocka_unit_test_setup(should_name_the_reason_of_every_drop, setup),
		cmocka_unit_test_setup(should_drop_new_connections_over_the_limit, setup),
		cmocka_unit_test_setup(should_let_the_first_connection_of_all_through, setup),
		cmocka_unit_test_setup(
			should_keep_sessions_and_limits_when_the_captures_time_steps_back, setup),
		cmocka_unit_test_setup(
			should_write_a_point_of_every_drop_whatever_the_share, setup),
		cmocka_unit_test_setup(
			should_carry_frames_up_to_the_mtu_and_tell_of_longer_ones, setup),
		cmocka_unit_test_setup(should_answer_thousands_of_clients_on_the_same_link, setup),
		cmocka_unit_test_setup(
			should_refuse_sessions_over_capacity_and_keep_the_others, setup),
		cmocka_unit_test_setup(
			should_refuse_sessions_without_a_local_port_and_keep_the_others, setup),
		cmocka_unit_test_setup(should_carry_udp_with_and_without_checksum, setup),
		cmocka_unit_test_setup(should_answer_echo_and_arp, setup),
		cmocka_unit_test_setup(should_translate_icmp_errors, setup),
		cmocka_unit_test_setup(should_start_anew_when_a_port_comes_back, setup),
		cmocka_unit_test_setup(should_write_the_same_bytes_each_time, setup),
		cmocka_unit_test_setup(should_send_or_drop_whatever_comes, setup),
	};
	char command[128];
	int failed;

	strcpy(directory, "/tmp/dt-gwtest-replay.XXXXXX");
	if (!getenv("GATEWAY") || !mkdtemp(directory)) {
		fputs("GATEWAY must name the gateway's binary\n", stderr);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(points);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0 || failed;
}
