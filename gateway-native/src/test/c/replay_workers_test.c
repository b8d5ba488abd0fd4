// SPDX-License-Identifier: Apache-2.0
//
// Several workers answer as one does: the same capture through 1, 2 and 4 of them, packets compared
// by flow. Each packet says in its last bytes whose it is, so that no translation hides it.
#include "replay_fixture.h"

static const char vips[] =
	"tunnels: [{name: eip, kind: ipip, local: 198.18.21.2, remote: 198.18.51.2}]\n"
	"vips:\n"
	"  - name: nat\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n    toa: true\n"
	"    backends:\n"
	"      - {name: rs-1, address: 198.18.31.2}\n"
	"      - {name: rs-2, address: 198.18.32.2}\n"
	"      - {name: rs-6, address: \"2001:db8:31::2\"}\n"
	"  - name: nat6\n    address: \"2001:db8:f00::1\"\n    port: 80\n    protocol: tcp\n"
	"    backends:\n"
	"      - {name: rs-1-of6, address: 198.18.31.2}\n"
	"      - {name: rs-6-of6, address: \"2001:db8:31::2\"}\n"
	"  - name: dns\n    address: 198.19.0.1\n    port: 53\n    protocol: udp\n    mode: dnat\n"
	"    backends:\n"
	"      - {name: rs-1-dns, address: 198.18.31.2}\n"
	"      - {name: rs-2-dns, address: 198.18.32.2}\n"
	"  - name: direct\n    address: 198.19.0.1\n    port: 90\n    protocol: tcp\n"
	"    mode: tunnel\n    tunnel: {kind: gue, local: 198.18.21.2}\n"
	"    backends:\n"
	"      - {name: rs-1-direct, address: 198.18.31.2}\n"
	"      - {name: rs-2-direct, address: 198.18.32.2}\n"
	"  - name: sip\n    address: 198.19.0.1\n    port: 5060\n    protocol: sctp\n"
	"    backends:\n"
	"      - {name: rs-1-sip, address: 198.18.31.2}\n"
	"      - {name: rs-2-sip, address: 198.18.32.2}\n"
	"  - name: few\n    address: 198.19.0.1\n    port: 91\n    protocol: tcp\n"
	"    limits: {sessions: 5}\n"
	"    backends: [{name: rs-1-few, address: 198.18.31.2}]\n";

enum { FLOWS = 140, PACKETS = 3, KINDS = 7, MARK_BYTES = 8, REPLY = 0x80000000u };

// What came out of one flow: to the backend and back to the client.
struct flow {
	unsigned int packets[2];
	uint32_t latest[2];
	struct ip_address to[2]; // of the innermost packet's receiver
	uint8_t outer[2];        // protocol
	bool in_order;
};

static void mark(struct frame *f, uint32_t flow, uint32_t sequence)
{
	store_be32(f->bytes + f->len - 8, flow);
	store_be32(f->bytes + f->len - 4, sequence);
	frame_finish(f);
}

static struct frame packet_of(uint32_t flow, uint32_t sequence)
{
	struct frame_flow v4 = {CLIENT, VIP, (uint16_t)(30000 + flow), 80};
	struct frame_flow v6 = {CLIENT6, VIP6, (uint16_t)(30000 + flow), 80};
	uint8_t flags = sequence ? TCP_ACK : TCP_SYN;
	struct frame f, inner;

	switch (flow % KINDS) {
	case 0:
		f = frame_tcp(v4, flags, sequence, NULL, 0, 20);
		break;
	case 1:
		f = frame_tcp(v6, flags, sequence, NULL, 0, 20);
		break;
	case 2:
		v4.destination_port = 53;
		f = frame_udp(v4, 20, true);
		break;
	case 3:
		v4.destination_port = 90;
		f = frame_tcp(v4, flags, sequence, NULL, 0, 20);
		break;
	case 4:
		v4.destination_port = 5060;
		f = frame_sctp(v4, sequence, 20);
		break;
	case 5:
		v4.destination_port = 91;
		f = frame_tcp(v4, flags, sequence, NULL, 0, 20);
		break;
	default: // through the tier in front
		inner = frame_tcp(v4, flags, sequence, NULL, 0, 20);
		mark(&inner, flow, sequence);
		return frame_ipip(&inner, "198.18.51.2", PORT);
	}
	mark(&f, flow, sequence);
	return f;
}

// Of a forwarded packet whose receiver would answer through the gateway.
static bool answer(const struct frame *forwarded, struct frame *back)
{
	uint32_t flow = load_be32(forwarded->bytes + forwarded->len - 8);
	uint32_t sequence = load_be32(forwarded->bytes + forwarded->len - 4);
	char from[IP_ADDRESS_TEXT_BYTES], to[IP_ADDRESS_TEXT_BYTES];
	struct ip_address source = source_of(forwarded), destination = destination_of(forwarded);
	struct frame_flow reversed = {ip_text(&destination, from), ip_text(&source, to),
		destination_port_of(forwarded), source_port_of(forwarded)};

	switch (frame_layout(forwarded->bytes, forwarded->len).protocol) {
	case PROTOCOL_TCP:
		*back = frame_tcp(
			reversed, sequence ? TCP_ACK : TCP_SYN | TCP_ACK, sequence, NULL, 0, 20);
		break;
	case PROTOCOL_SCTP:
		*back = frame_sctp(reversed, 1, 20);
		break;
	case PROTOCOL_UDP:
		if (destination_port_of(forwarded) == 6080) // mode tunnel: answered directly
			return false;
		*back = frame_udp(reversed, 20, true);
		break;
	default:
		return false;
	}
	mark(back, flow | REPLY, sequence);
	return true;
}

static void note(struct flow *flows, const struct frame *f)
{
	uint32_t mark_of = load_be32(f->bytes + f->len - 8);
	uint32_t sequence = load_be32(f->bytes + f->len - 4);
	struct flow *flow = &flows[mark_of & ~REPLY];
	int way = (mark_of & REPLY) != 0;

	assert_in_range(mark_of & ~REPLY, 0, FLOWS - 1);
	assert_right(f);
	flow->in_order &= flow->packets[way] == 0 || sequence > flow->latest[way];
	flow->latest[way] = sequence;
	flow->packets[way]++;
	flow->to[way] = destination_of(f);
	flow->outer[way] = frame_layout(f->bytes, f->len).protocol;
}

static void run(unsigned int count, struct flow *flows, char **reasons)
{
	static struct frame forwarded[FLOWS * PACKETS];
	unsigned int forwarded_count;

	setup(NULL);
	workers = count;
	config_vips = vips;
	memset(flows, 0, FLOWS * sizeof(*flows));
	for (unsigned int i = 0; i < FLOWS; i++)
		flows[i].in_order = true;
	for (uint32_t sequence = 0; sequence < PACKETS; sequence++) {
		for (uint32_t flow = 0; flow < FLOWS; flow++)
			feed(packet_of(flow, sequence));
	}
	replay();
	forwarded_count = out.count;
	memcpy(forwarded, out.frames, sizeof(forwarded));
	for (unsigned int i = 0; i < forwarded_count; i++) {
		struct frame back;

		if (answer(&forwarded[i], &back))
			feed(back);
	}
	replay();
	*reasons = strdup(told());
	for (unsigned int i = 0; i < out.count; i++)
		note(flows, &out.frames[i]);
}

static void should_answer_alike_by_maglev_with_one_two_and_four_workers(void **state)
{
	static struct flow alone[FLOWS], together[FLOWS];
	unsigned int total = 0;
	char *wanted, *got;

	(void)state;
	run(1, alone, &wanted);
	for (unsigned int i = 0; i < FLOWS; i++) {
		assert_true(alone[i].in_order);
		total += alone[i].packets[0] + alone[i].packets[1];
		if (i % KINDS != 5)
			assert_int_equal(alone[i].packets[0], PACKETS);
		if (i % KINDS != 5 && i % KINDS != 3)
			assert_int_equal(alone[i].packets[1], PACKETS);
	}
	assert_in_range(total, FLOWS * PACKETS, 2 * FLOWS * PACKETS);
	assert_non_null(strstr(wanted, "VIP_SESSION_LIMIT"));
	for (unsigned int n = 2; n <= 4; n += 2) {
		run(n, together, &got);
		assert_memory_equal(alone, together, sizeof(alone));
		assert_string_equal(wanted, got);
		free(got);
	}
	free(wanted);
}

// More than any flow needs, in the order in which one worker would do it.
static void should_follow_a_probe_across_workers(void **state)
{
	unsigned int handed = 0;

	(void)state;
	for (uint16_t port = 20000; port < 20008; port++) {
		setup(NULL);
		workers = 4;
		feed(coloured(port, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
		replay();
		assert_int_equal(out.count, 1);
		assert_false(has_colour(&out.frames[0]));
		handed += strstr(told(), "DISPATCH") != NULL;
		assert_int_equal(number(0, "worker"), 0); // the first frame's
		assert_int_equal(strstr(told(), "DISPATCH") != NULL,
			number(json_array_size(points) - 2, "worker") != 0);
		feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
		replay();
		assert_int_equal(out.count, 2);
		for (size_t i = 0; i < json_array_size(points); i++)
			assert_int_equal(number(i, "probe_sequence"), 77);
	}
	assert_in_range(handed, 1, 8);
}

static void should_work_with_as_many_workers_as_there_may_be(void **state)
{
	(void)state;
	workers = 64;
	config_sessions = "sessions: {capacity: 64}\n";
	for (uint16_t n = 0; n < 128; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	replay();
	assert_int_equal(out.count, 128);
}

// Nor away what stands there, when there is nothing to put in its place.
static void should_leave_its_output_alone_when_it_refuses(void **state)
{
	unsigned int before;

	(void)state;
	feed(syn(40000, 80));
	replay();
	before = out.count;
	assert_int_equal(before, 1);
	config_vips = "vips:\n"
		      "  - {name: a, address: 198.19.0.1, port: 80, protocol: tcp}\n"
		      "  - {name: b, address: 198.19.0.1, port: 80, protocol: tcp}\n";
	open_input();
	assert_int_equal(replay_to("out.pcap", "points.ndjson"), 2);
	out.count = 0;
	read_output();
	assert_int_equal(out.count, before);
}

static void should_not_write_over_a_file_it_reads_or_writes(void **state)
{
	static const char *const names[][2] = {{"in.pcap", "points.ndjson"},
		{"out.pcap", "in.pcap"}, {"both", "both"}, {"gateway.yaml", "points.ndjson"},
		{"out.pcap", "gateway.yaml"}};

	(void)state;
	for (int i = 0; i < 5; i++) {
		open_input();
		assert_int_equal(replay_to(names[i][0], names[i][1]), 2);
	}
	open_input();
	assert_int_equal(replay_to("out.pcap", "points.ndjson"), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(should_answer_alike_by_maglev_with_one_two_and_four_workers),
	cmocka_unit_test(should_follow_a_probe_across_workers),
	cmocka_unit_test_setup(should_work_with_as_many_workers_as_there_may_be, setup),
	cmocka_unit_test_setup(should_leave_its_output_alone_when_it_refuses, setup),
	cmocka_unit_test_setup(should_not_write_over_a_file_it_reads_or_writes, setup),
};

REPLAY_TESTS(tests)
