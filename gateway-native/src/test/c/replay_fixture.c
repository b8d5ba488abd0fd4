// SPDX-License-Identifier: Apache-2.0
#include "replay_fixture.h"

#include <pcap/pcap.h>

#include <unistd.h>

struct capture in, out;
json_t *points;
unsigned int workers;
const char *config_tier, *config_telemetry, *config_network, *config_extra, *config_sessions,
	*config_vips;

static char directory[64];
static pcap_t *input_format;
static pcap_dumper_t *input;

static const char usual_network[] =
	"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1, address6: "
	"\"2001:db8:21::2/64\", gateway6: \"2001:db8:21::1\"}\n"
	"local_addresses: [198.18.21.16, \"2001:db8:21::16\"]\n"
	"neighbours: [{address: 198.18.21.1, mac: '02:00:5e:00:00:01'}]\n";

static const char usual_telemetry[] =
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n";

static const char usual_sessions[] = "sessions: {capacity: 1024}\n";

static const char usual_vips[] =
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

int setup(void **state)
{
	(void)state;
	in.count = 0;
	workers = 1;
	config_tier = "clb";
	config_telemetry = usual_telemetry;
	config_network = usual_network;
	config_extra = "";
	config_sessions = usual_sessions;
	config_vips = usual_vips;
	return 0;
}

void feed_at(uint64_t time, struct frame frame)
{
	in.times[in.count] = time;
	in.frames[in.count++] = frame;
}

void feed(struct frame frame)
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
	fprintf(file,
		"version: 1\nnode: gw-1\ntier: %s\ncontrol_socket: /nonexistent/x.sock\n"
		"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"
		"  probers: [{id: 1, prefix: 198.18.11.0/24}, {id: 1, prefix: "
		"\"2001:db8:11::/64\"}]\n",
		config_tier);
	fputs(config_telemetry, file);
	fputs(config_network, file);
	fputs(config_extra, file);
	fputs(config_sessions, file);
	fputs(config_vips, file);
	fclose(file);
}

void open_input(void)
{
	char path[128];

	path_of(path, "in.pcap");
	input_format =
		pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	input = pcap_dump_open(input_format, path);
	assert_non_null(input);
}

void put(uint64_t time, const uint8_t *bytes, size_t len)
{
	const struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(time / SECOND), .tv_usec = (suseconds_t)(time % SECOND)},
		.caplen = (bpf_u_int32)len,
		.len = (bpf_u_int32)len,
	};

	pcap_dump((u_char *)input, &header, bytes);
}

void read_output(void)
{
	char path[128], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *file;

	path_of(path, "out.pcap");
	file = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	assert_non_null(file);
	out.count = 0;
	while (pcap_next_ex(file, &header, &bytes) == 1) {
		struct frame *f = &out.frames[out.count];

		if (out.count++ >= MAX_FRAMES)
			continue;
		out.times[out.count - 1] =
			(uint32_t)header->ts.tv_sec * SECOND + (uint64_t)header->ts.tv_usec;
		f->len = header->caplen;
		memcpy(f->bytes, bytes, f->len < sizeof(f->bytes) ? f->len : sizeof(f->bytes));
	}
	pcap_close(file);
}

static void read_points(void)
{
	char path[128], line[4096];
	FILE *ndjson;

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

int replay_to(const char *out_name, const char *points_name)
{
	char command[1024];
	int status;

	pcap_dump_close(input);
	pcap_close(input_format);
	write_config();
	snprintf(command, sizeof(command),
		"'%s' --config %s/gateway.yaml --replay %s/in.pcap --out %s/%s --points "
		"%s/%s --workers %u 2>%s/log",
		getenv("GATEWAY"), directory, directory, directory, out_name, directory,
		points_name, workers, directory);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void replay_input(void)
{
	char command[1024];

	if (replay_to("out.pcap", "points.ndjson") != 0) {
		snprintf(command, sizeof(command), "cat %s/log >&2", directory);
		assert_int_equal(system(command), 0);
		fail_msg("the replay failed");
	}
	read_output();
	read_points();
}

void replay(void)
{
	open_input();
	for (unsigned int i = 0; i < in.count; i++)
		put(in.times[i], in.frames[i].bytes, in.frames[i].len);
	replay_input();
}

const char *text(size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(points, index), key));
}

json_int_t number(size_t index, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(points, index), key));
}

bool flag(size_t index, const char *key)
{
	return json_is_true(json_object_get(json_array_get(points, index), key));
}

const char *told(void)
{
	static char all[4096];
	size_t used = 0;

	all[0] = '\0';
	for (size_t i = 0; i < json_array_size(points) && used < sizeof(all) - 64; i++) {
		const char *reason = text(i, "reason");

		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? "," : "",
			reason[0] ? reason : text(i, "point"));
	}
	return all;
}

int replay_main(const struct CMUnitTest *tests, size_t count)
{
	char command[128];
	int failed;

	strcpy(directory, "/tmp/dt-gwtest-replay.XXXXXX");
	if (!getenv("GATEWAY") || !mkdtemp(directory)) {
		fputs("GATEWAY must name the gateway's binary\n", stderr);
		return 1;
	}
	failed = _cmocka_run_group_tests("replay", tests, count, NULL, NULL);
	json_decref(points);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0 || failed;
}
