// SPDX-License-Identifier: Apache-2.0
//
// The short way of the EIP tier against the ordinary way: the same frames through two nodes that
// differ in nothing else. What they send, count and write down must be the same.
#include "test.h"

#include "two_ways.h"

#include <stdlib.h>
#include <string.h>

#define HEAD(more)                                                                                 \
	"version: 1\nnode: eip-1\ntier: eip\n" more "local_addresses: [198.18.61.16]\n"            \
	"tunnels:\n"                                                                               \
	"  - {name: vxlan, kind: vxlan, local: 198.18.61.2, remote: 198.18.70.1, "                 \
	"id: 100}\n"                                                                               \
	"  - {name: gre, kind: gre, local: 198.18.61.2, remote: 198.18.70.2, id: "                 \
	"7}\n"                                                                                     \
	"  - {name: ipip, kind: ipip, local: 198.18.61.2, remote: 198.18.70.3}\n"                  \
	"  - {name: gue, kind: gue, local: 198.18.61.2, remote: 198.18.70.4}\n"                    \
	"  - {name: vxlan6, kind: vxlan, local: \"2001:db8:61::2\","                               \
	" remote: \"2001:db8:70::1\", id: 5}\n"                                                    \
	"  - {name: own, kind: vxlan, local: 198.18.61.30, remote: 198.18.61.77, "                 \
	"id: 100}\n"                                                                               \
	"  - {name: any, kind: vxlan, local: 198.18.61.31, id: 9}\n"                               \
	"control_socket: /nonexistent/x.sock\n"                                                    \
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
#define PORT(more)                                                                                 \
	"ports:\n  - {name: p, address: 198.18.61.2/24, gateway: 198.18.61.1,"                     \
	" address6: \"2001:db8:61::2/64\", gateway6: \"2001:db8:61::1\"" more "}\n"
// What goes to the tunnels' ends or some of the clients leaves tagged.
#define TAGGED_PORT                                                                                \
	"  - {name: q, address: 198.18.70.254/24, vlan: 7}\n"                                      \
	"  - {name: r, address: 198.51.100.1/24, vlan: 8}\n"
#define EIPS                                                                                       \
	"eips:\n"                                                                                  \
	"  - {name: plain, public: 203.0.113.1, private: 10.1.0.1}\n"                              \
	"  - {name: vxlan, public: 203.0.113.2, private: 10.1.0.2, tunnel: vxlan}\n"               \
	"  - {name: vxlan, public: 203.0.113.3, private: 10.1.0.3, tunnel: gre}\n"                 \
	"  - {public: 203.0.113.4, private: 10.1.0.4, tunnel: ipip}\n"                             \
	"  - {public: 203.0.113.5, private: 10.1.0.5, tunnel: gue}\n"                              \
	"  - {public: 203.0.113.6, private: 10.1.0.6, tunnel: vxlan6}\n"                           \
	"  - {public: 203.0.113.7, private: 10.1.0.7, tunnel: own}\n"                              \
	"  - {name: off, public: 203.0.113.8, private: 10.1.0.8, tunnel: vxlan, "                  \
	"enabled: false}\n"                                                                        \
	"  - {public: 203.0.113.9, private: 198.18.61.99}\n"                                       \
	"  - {public: 198.18.61.16, private: 10.1.0.10}\n"                                         \
	"  - {name: six, public: \"2001:db8:f00::1\", private: \"fd00::1\", "                      \
	"tunnel: vxlan}\n"
#define COLOUR(more)                                                                               \
	"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"                      \
	"  probers: [{id: 1, prefix: 198.18.11.0/24}]\n" more
#define BLACKLIST "blacklist: [{prefix: 198.51.100.128/25}]\n"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const outside[] = {"198.51.100.7", "198.51.100.200", "198.18.11.2",
	"198.18.61.1", "192.0.2.1", "10.2.0.1", "127.0.0.1", "224.0.0.1"};
static const char *const publics[] = {"203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2",
	"203.0.113.3", "203.0.113.4", "203.0.113.5", "203.0.113.6", "203.0.113.7", "203.0.113.8",
	"203.0.113.9", "203.0.113.77", "198.18.61.16", "198.18.61.2", "198.18.61.30", "10.1.0.1",
	"224.0.0.5", "127.0.0.1"};
static const char *const privates[] = {"10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5",
	"10.1.0.6", "10.1.0.7", "10.1.0.8", "198.18.61.99", "10.1.0.10", "10.1.0.77",
	"203.0.113.1"};
static const char *const ends[] = {
	"198.18.70.1", "198.18.70.2", "198.18.70.3", "198.18.70.4", "198.18.61.77", "198.18.70.9"};
static const char *const own_ends[] = {
	"198.18.61.2", "198.18.61.30", "198.18.61.31", "198.18.61.16"};

static struct frame some_ip(const char *source, const char *destination)
{
	static const uint8_t protocols[] = {0, 4, 6, 17, 33, 41, 47, 50, 58, 132, 136};
	static const uint8_t zeros[64];
	struct frame_flow flow = {source, destination, (uint16_t)two_ways_below(3000),
		(uint16_t)(two_ways_below(8) ? 80 + two_ways_below(4000) : 4789)};

	switch (two_ways_below(16)) {
	case 0:
		return frame_sctp(flow, 1, two_ways_below(60));
	case 1:
		return frame_echo(source, destination);
	case 2: {
		struct frame quoted =
			frame_udp((struct frame_flow){destination, source, 1000, 2000}, 20, true);

		return frame_unreachable(source, destination, &quoted);
	}
	case 3:
		return frame_ip(source, destination, protocols[two_ways_below(COUNT(protocols))],
			zeros, two_ways_below(sizeof(zeros)));
	case 4:
		return frame_udp(flow, two_ways_below(60), false);
	case 5:
	case 6:
	case 7:
		return frame_udp(flow,
			two_ways_below(20) ? two_ways_below(100) : 1380 + two_ways_below(120),
			true);
	default:
		return two_ways_tcp(flow);
	}
}

static struct frame some_tunnel(const struct frame *inner)
{
	const char *from = two_ways_one_of(ends, COUNT(ends)),
		   *to = two_ways_one_of(own_ends, COUNT(own_ends));
	static const uint32_t ids[] = {100, 100, 100, 100, 9, 7};

	switch (two_ways_below(10)) {
	case 0:
		return frame_gre(inner, from, to, two_ways_below(2) ? 7 : -1);
	case 1:
		return frame_ipip(inner, from, to);
	case 2:
		return frame_gue(inner, from, to, 6080);
	case 3:
		return frame_vxlan(inner, "2001:db8:70::1", "2001:db8:61::2", 4789, 5);
	case 4:
	case 5:
		return frame_vxlan(inner, from, to, 4789, ids[two_ways_below(COUNT(ids))]);
	default:
		return frame_vxlan(inner, "198.18.70.1", "198.18.61.2", 4789, 100);
	}
}

static struct frame some_v6(void)
{
	const struct frame_flow in = {"2001:db8:1::7", "2001:db8:f00::1", 1000, 80};
	const struct frame_flow back = {"fd00::1", "2001:db8:1::7", 80, 1000};

	switch (two_ways_below(4)) {
	case 0:
		return frame_udp(in, two_ways_below(60), true);
	case 1:
		return frame_tcp(back, 0x10, 1, NULL, 0, 0);
	default:
		return frame_tcp(in, 0x10, 1, NULL, 0, two_ways_below(60));
	}
}

static struct frame some_frame(void)
{
	struct frame f;

	switch (two_ways_below(12)) {
	case 0:
		return some_v6();
	case 1:
		return frame_arp_request("198.18.61.1", "198.18.61.2");
	case 2:
	case 3:
		return some_ip(two_ways_one_of(privates, COUNT(privates)),
			two_ways_one_of(outside, COUNT(outside)));
	case 4:
	case 5:
	case 6:
		f = two_ways_below(8) ? some_ip(two_ways_one_of(privates, COUNT(privates)),
						two_ways_one_of(outside, COUNT(outside)))
				      : some_v6();
		return some_tunnel(&f);
	default:
		return some_ip(two_ways_one_of(outside, COUNT(outside)),
			two_ways_one_of(publics, COUNT(publics)));
	}
}

enum { TEMPLATES = 3000 };

static struct {
	unsigned int into_tunnel;
	unsigned int inbound;
	unsigned int outbound;
} went_short;

static void note_short(const struct short_note *note)
{
	if (!(note->what & SHORT_NOTE_INBOUND))
		went_short.outbound++;
	else if (note->eip->tunnel)
		went_short.into_tunnel++;
	else
		went_short.inbound++;
}

static void open_ways(struct two_ways *ways, const char *yaml)
{
	memset(&went_short, 0, sizeof(went_short));
	two_ways_open(ways, yaml, note_short);
}

static struct frame *make_templates(const struct two_ways *ways)
{
	struct frame *templates = calloc(TEMPLATES, sizeof(templates[0]));

	for (unsigned int i = 0; i < TEMPLATES; i++) {
		templates[i] = some_frame();
		memcpy(templates[i].bytes, ways->both->node.ports[0].mac, 6);
	}
	return templates;
}

static void run(struct two_ways *ways, unsigned int frames, bool short_of_queue)
{
	static struct frame burst[WORKER_BURST];
	struct frame *templates = make_templates(ways);

	for (unsigned int done = 0, bursts = 0; done < frames; bursts++) {
		// Of several it depends on the order which ones find no room.
		unsigned int count =
			short_of_queue || two_ways_below(2) ? 1 : 1 + two_ways_below(WORKER_BURST);
		uint16_t limit = short_of_queue && two_ways_below(2) ? 0 : UINT16_MAX;

		for (unsigned int i = 0; i < count; i++) {
			burst[i] = templates[two_ways_below(TEMPLATES)];
			for (unsigned int n = two_ways_below(2) ? 0 : 1 + two_ways_below(3); n > 0;
				n--)
				two_ways_mutate(&burst[i]);
		}
		two_ways_step(ways, burst, count, limit);
		two_ways_compare(ways, burst, count);
		if (bursts % 1024 == 0)
			two_ways_compare_state(ways);
		done += count;
	}
	two_ways_compare_state(ways);
	free(templates);
}

// none: no packet may go the short way.
static void compare(const char *yaml, unsigned int share, bool short_of_queue, bool none)
{
	unsigned int frames = two_ways_frames() / share;
	struct two_ways ways;

	open_ways(&ways, yaml);
	run(&ways, frames, short_of_queue);
	two_ways_close(&ways);
	if (none) {
		assert_int_equal(
			went_short.into_tunnel + went_short.inbound + went_short.outbound, 0);
		return;
	}
	// Else nothing would be compared.
	assert_true(went_short.into_tunnel > frames / 100);
	assert_true(went_short.inbound > frames / 200);
	assert_true(went_short.outbound > frames / 100);
}

static void should_send_the_same_either_way(void **state)
{
	(void)state;
	compare(HEAD() PORT() EIPS COLOUR(), 1, false, false);
}

static void should_send_the_same_at_the_last_tier(void **state)
{
	(void)state;
	compare(HEAD() PORT() EIPS COLOUR("  erase: true\n"), 2, false, false);
}

static void should_refuse_listed_sources_either_way(void **state)
{
	(void)state;
	compare(HEAD() PORT() EIPS COLOUR() BLACKLIST, 4, false, false);
}

static void should_respect_a_short_mtu_either_way(void **state)
{
	(void)state;
	compare(HEAD() PORT(", mtu: 1280") EIPS COLOUR(), 4, false, false);
}

static void should_do_the_same_on_a_tagged_port(void **state)
{
	(void)state;
	compare(HEAD() PORT(", vlan: 7") EIPS COLOUR(), 8, false, true);
}

static void should_send_the_same_to_tagged_ports(void **state)
{
	(void)state;
	compare(HEAD() PORT() TAGGED_PORT EIPS COLOUR(), 4, false, false);
}

static void should_check_checksums_either_way(void **state)
{
	(void)state;
	compare(HEAD("verify_checksums: true\n") PORT() EIPS COLOUR(), 8, false, true);
}

static void should_tell_the_same_of_packets_that_the_queue_refuses(void **state)
{
	(void)state;
	compare(HEAD() PORT() EIPS COLOUR(), 4, true, false);
}

// One flow whose packets go now one way, now the other.
static void should_keep_the_order_of_a_flow(void **state)
{
	const struct frame_flow flow = {outside[0], "203.0.113.2", 1000, 80};
	struct frame burst[WORKER_BURST];
	struct two_ways ways;

	(void)state;
	open_ways(&ways, HEAD() PORT() EIPS COLOUR());
	for (unsigned int round = 0; round < 64; round++) {
		for (unsigned int i = 0; i < WORKER_BURST; i++) {
			burst[i] = frame_tcp(flow, two_ways_below(2) ? 0x10 : 0x02, i, NULL, 0, 0);
			memcpy(burst[i].bytes, ways.both->node.ports[0].mac, 6);
		}
		two_ways_step(&ways, burst, WORKER_BURST, UINT16_MAX);
		assert_int_equal(ways.both->sent_count, WORKER_BURST);
		two_ways_compare_in_order(&ways, burst, WORKER_BURST);
	}
	assert_true(went_short.into_tunnel > 64 && went_short.into_tunnel < 64 * WORKER_BURST);
	two_ways_close(&ways);
}

// What a worker finishes for another one's queue tells all that the ordinary way would.
static void should_hand_over_packets_to_the_queue_of_another_worker(void **state)
{
	static struct frame burst[WORKER_BURST];
	static struct frame sent[2][WORKER_BURST];
	static struct dt_record records[2][WORKER_BURST];
	unsigned int count[2];

	(void)state;
	for (int either = 0; either < 2; either++) {
		struct pipeline *p = pipeline_open(HEAD("workers: 2\n") PORT() EIPS COLOUR(), true);

		p->node.short_way = either;
		p->node.ports[0].tx_queues = 1;
		for (unsigned int i = 0; i < WORKER_BURST; i++) {
			burst[i] = frame_udp(
				(struct frame_flow){outside[0], publics[i % 7], 1000, 80}, i, true);
			memcpy(burst[i].bytes, p->node.ports[0].mac, 6);
		}
		pipeline_receive(p, 1, burst, WORKER_BURST);
		assert_int_equal(p->sent_count, WORKER_BURST);
		p->sent_count = 0;
		p->send_limit = WORKER_BURST / 2;
		pipeline_receive(p, 1, burst, WORKER_BURST);
		count[either] = p->record_count;
		assert_int_equal(p->record_count, WORKER_BURST / 2);
		memcpy(sent[either], p->sent, sizeof(p->sent[0]) * p->sent_count);
		memcpy(records[either], p->records, sizeof(p->records[0]) * p->record_count);
		assert_int_equal(pipeline_drops(p, DT_DROP_TX_QUEUE_FULL), WORKER_BURST / 2);
		assert_int_equal(pipeline_close(p), 0);
	}
	assert_int_equal(count[0], count[1]);
	assert_memory_equal(records[0], records[1], sizeof(records[0][0]) * count[0]);
	for (unsigned int i = 0; i < WORKER_BURST / 2; i++)
		assert_memory_equal(sent[0][i].bytes, sent[1][i].bytes, sent[0][i].len);
}

static int start(void **state)
{
	(void)state;
	return pipeline_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_send_the_same_either_way),
		cmocka_unit_test(should_send_the_same_at_the_last_tier),
		cmocka_unit_test(should_refuse_listed_sources_either_way),
		cmocka_unit_test(should_respect_a_short_mtu_either_way),
		cmocka_unit_test(should_do_the_same_on_a_tagged_port),
		cmocka_unit_test(should_send_the_same_to_tagged_ports),
		cmocka_unit_test(should_check_checksums_either_way),
		cmocka_unit_test(should_keep_the_order_of_a_flow),
		cmocka_unit_test(should_hand_over_packets_to_the_queue_of_another_worker),
		cmocka_unit_test(should_tell_the_same_of_packets_that_the_queue_refuses),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
