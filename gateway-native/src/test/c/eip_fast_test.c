// SPDX-License-Identifier: Apache-2.0
//
// The short way of the EIP tier against the ordinary way: the same frames through two nodes that
// differ in nothing else. What they send, count and write down must be the same.
#include "test.h"

#include "pipeline.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 1000000u // of each node, or FRAMES in the environment

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

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

static const char *one_of(const char *const *texts, size_t count)
{
	return texts[below((uint32_t)count)];
}

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

static struct frame some_tcp(struct frame_flow flow)
{
	static const uint8_t flags[] = {0x10, 0x18, 0x11, 0x02, 0x12, 0x04, 0x14, 0x01, 0xc0, 0x00};
	static const uint8_t options[][12] = {
		{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		{2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7},
		{253, 12, 0xd7, 0xe5, 1, 2, 3, 4, 5, 6, 7, 8},
		{8, 40, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		{0, 1, 2, 3},
	};
	uint32_t option = below(2 * COUNT(options));
	bool has = option < COUNT(options);

	return frame_tcp(flow, flags[below(below(2) ? 2 : COUNT(flags))], below(1000),
		has ? options[option] : NULL, has ? sizeof(options[0]) : 0,
		below(30) ? below(100) : 1380 + below(120));
}

static struct frame some_ip(const char *source, const char *destination)
{
	static const uint8_t protocols[] = {0, 4, 6, 17, 33, 41, 47, 50, 58, 132, 136};
	static const uint8_t zeros[64];
	struct frame_flow flow = {source, destination, (uint16_t)below(3000),
		(uint16_t)(below(8) ? 80 + below(4000) : 4789)};

	switch (below(16)) {
	case 0:
		return frame_sctp(flow, 1, below(60));
	case 1:
		return frame_echo(source, destination);
	case 2: {
		struct frame quoted =
			frame_udp((struct frame_flow){destination, source, 1000, 2000}, 20, true);

		return frame_unreachable(source, destination, &quoted);
	}
	case 3:
		return frame_ip(source, destination, protocols[below(COUNT(protocols))], zeros,
			below(sizeof(zeros)));
	case 4:
		return frame_udp(flow, below(60), false);
	case 5:
	case 6:
	case 7:
		return frame_udp(flow, below(20) ? below(100) : 1380 + below(120), true);
	default:
		return some_tcp(flow);
	}
}

static struct frame some_tunnel(const struct frame *inner)
{
	const char *from = one_of(ends, COUNT(ends)), *to = one_of(own_ends, COUNT(own_ends));
	static const uint32_t ids[] = {100, 100, 100, 100, 9, 7};

	switch (below(10)) {
	case 0:
		return frame_gre(inner, from, to, below(2) ? 7 : -1);
	case 1:
		return frame_ipip(inner, from, to);
	case 2:
		return frame_gue(inner, from, to, 6080);
	case 3:
		return frame_vxlan(inner, "2001:db8:70::1", "2001:db8:61::2", 4789, 5);
	case 4:
	case 5:
		return frame_vxlan(inner, from, to, 4789, ids[below(COUNT(ids))]);
	default:
		return frame_vxlan(inner, "198.18.70.1", "198.18.61.2", 4789, 100);
	}
}

static struct frame some_v6(void)
{
	const struct frame_flow in = {"2001:db8:1::7", "2001:db8:f00::1", 1000, 80};
	const struct frame_flow back = {"fd00::1", "2001:db8:1::7", 80, 1000};

	switch (below(4)) {
	case 0:
		return frame_udp(in, below(60), true);
	case 1:
		return frame_tcp(back, 0x10, 1, NULL, 0, 0);
	default:
		return frame_tcp(in, 0x10, 1, NULL, 0, below(60));
	}
}

static struct frame some_frame(void)
{
	struct frame f;

	switch (below(12)) {
	case 0:
		return some_v6();
	case 1:
		return frame_arp_request("198.18.61.1", "198.18.61.2");
	case 2:
	case 3:
		return some_ip(one_of(privates, COUNT(privates)), one_of(outside, COUNT(outside)));
	case 4:
	case 5:
	case 6:
		f = below(8) ? some_ip(one_of(privates, COUNT(privates)),
				       one_of(outside, COUNT(outside)))
			     : some_v6();
		return some_tunnel(&f);
	default:
		return some_ip(one_of(outside, COUNT(outside)), one_of(publics, COUNT(publics)));
	}
}

static void add_ip_options(struct frame *f)
{
	if (f->len < 34 || f->len + 4 > sizeof(f->bytes) || f->bytes[14] != 0x45)
		return;
	memmove(f->bytes + 38, f->bytes + 34, f->len - 34);
	memcpy(f->bytes + 34, (uint8_t[]){1, 1, 1, 0}, 4);
	f->bytes[14] = 0x46;
	f->len += 4;
	frame_finish(f);
}

// Offsets of IPv4 headers in front: outer, and behind VXLAN.
static void change_ip(struct frame *f)
{
	uint8_t *ip = f->bytes + (f->len > 84 && below(2) ? 64 : 14);
	uint16_t before;

	if (f->len < 34 || ip[0] != 0x45)
		return;
	switch (below(6)) {
	case 0:
		ip[IPV4_TTL] = (uint8_t)below(3);
		break;
	case 1:
		ip[IPV4_TOS] = (uint8_t)below(256);
		break;
	case 2:
		before = load_be16(ip + IPV4_TOTAL_LENGTH);
		store_be16(ip + IPV4_TOTAL_LENGTH,
			(uint16_t)(below(2) ? before + below(9) - 4 : below(80)));
		break;
	case 3:
		store_be16(ip + IPV4_FRAGMENT, (uint16_t)(below(2) ? 0x2000 : below(65536)));
		break;
	case 4:
		ip[IPV4_SOURCE + below(8)] = (uint8_t)below(256);
		break;
	default:
		ip[IPV4_PROTOCOL] = (uint8_t)(below(2) ? 6 : 17);
		break;
	}
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, IPV4_MIN_BYTES));
}

static void mutate(struct frame *f)
{
	switch (below(8)) {
	case 0:
		f->bytes[below((uint32_t)RTE_MIN(f->len, 110u))] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		f->bytes[below((uint32_t)RTE_MIN(f->len, 110u))] = (uint8_t)below(256);
		break;
	case 2:
		f->len = 14 + below((uint32_t)f->len - 13);
		break;
	case 3:
		if (f->len + 20 < sizeof(f->bytes))
			f->len += below(20); // padding
		break;
	case 4:
		frame_tag(f, 0x8100, (uint16_t)(below(2) ? 7 : below(4096)));
		break;
	case 5:
		add_ip_options(f);
		break;
	default:
		change_ip(f);
		break;
	}
}

struct pair {
	struct pipeline *ordinary;
	struct pipeline *both;
	struct frame *templates;
};

enum { TEMPLATES = 3000 };

static struct {
	unsigned int into_tunnel;
	unsigned int inbound;
	unsigned int outbound;
} went_short;

static uint16_t (*send_on)(struct worker *, unsigned int, struct rte_mbuf **, uint16_t);

// Counts what came the short way.
static uint16_t send_counted(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		const struct short_note *note = &worker->transmit[port].notes[i];

		if (!note->eip)
			continue;
		if (!(note->what & SHORT_NOTE_INBOUND))
			went_short.outbound++;
		else if (note->eip->tunnel)
			went_short.into_tunnel++;
		else
			went_short.inbound++;
	}
	return send_on(worker, port, packets, count);
}

static void open_pair(struct pair *pair, const char *yaml)
{
	seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 0x9e3779b97f4a7c15ull;
	pair->ordinary = pipeline_open(yaml, true);
	pair->both = pipeline_open(yaml, true);
	assert_true(pair->both->node.short_way);
	pair->ordinary->node.short_way = false;
	memset(&went_short, 0, sizeof(went_short));
	send_on = pair->both->node.send;
	pair->both->node.send = send_counted;
	pair->templates = calloc(TEMPLATES, sizeof(pair->templates[0]));
	for (unsigned int i = 0; i < TEMPLATES; i++) {
		pair->templates[i] = some_frame();
		memcpy(pair->templates[i].bytes, pair->both->node.ports[0].mac, 6);
	}
}

static void close_pair(struct pair *pair)
{
	assert_int_equal(pipeline_close(pair->ordinary), 0);
	assert_int_equal(pipeline_close(pair->both), 0);
	free(pair->templates);
}

static int compare_frames(const void *a, const void *b)
{
	const struct frame *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

static int compare_records(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct dt_record));
}

static void show(const char *what, const struct frame *f)
{
	fprintf(stderr, "%s:", what);
	for (size_t i = 0; i < RTE_MIN(f->len, 120u); i++)
		fprintf(stderr, " %02x", f->bytes[i]);
	fprintf(stderr, " (%zu)\n", f->len);
}

static void assert_same_frames(const struct pipeline *a, const struct pipeline *b,
	const struct frame *given, unsigned int count)
{
	bool same = a->sent_count == b->sent_count;

	for (unsigned int i = 0; same && i < a->sent_count; i++)
		same = compare_frames(&a->sent[i], &b->sent[i]) == 0;
	if (same)
		return;
	for (unsigned int i = 0; i < count; i++)
		show("given", &given[i]);
	for (unsigned int i = 0; i < a->sent_count; i++)
		show("ordinary", &a->sent[i]);
	for (unsigned int i = 0; i < b->sent_count; i++)
		show("short", &b->sent[i]);
	fail_msg("%u frames sent, %u by the ordinary way", b->sent_count, a->sent_count);
}

// Between packets that go different ways the order of a burst may differ.
static void sort(struct pipeline *p)
{
	qsort(p->sent, p->sent_count, sizeof(p->sent[0]), compare_frames);
	qsort(p->records, p->record_count, sizeof(p->records[0]), compare_records);
}

static void compare_burst_in_order(struct pair *pair, const struct frame *given, unsigned int count)
{
	struct pipeline *a = pair->ordinary, *b = pair->both;

	assert_same_frames(a, b, given, count);
	if (a->record_count != b->record_count ||
		memcmp(a->records, b->records, a->record_count * sizeof(a->records[0])) != 0) {
		for (unsigned int i = 0; i < count; i++)
			show("given", &given[i]);
		fail_msg("%u records, %u by the ordinary way", b->record_count, a->record_count);
	}
	a->sent_count = b->sent_count = a->record_count = b->record_count = 0;
}

static void compare_burst(struct pair *pair, const struct frame *given, unsigned int count)
{
	if (count > 1) {
		sort(pair->ordinary);
		sort(pair->both);
	}
	compare_burst_in_order(pair, given, count);
}

static void compare_counters(const struct pair *pair)
{
	const struct worker *a = pair->ordinary->node.workers[0], *b = pair->both->node.workers[0];

	assert_memory_equal(&a->counters, &b->counters, sizeof(a->counters));
	assert_memory_equal(a->drops, b->drops, (VIP_MAX + 1) * sizeof(a->drops[0]));
	assert_memory_equal(a->vip_counters, b->vip_counters, VIP_MAX * sizeof(a->vip_counters[0]));
	assert_int_equal(a->neighbours->generation, b->neighbours->generation);
	for (unsigned int i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		for (unsigned int j = 0; j < NEIGHBOUR_WAYS; j++)
			assert_int_equal(a->neighbours->entries[i][j].used_ns,
				b->neighbours->entries[i][j].used_ns);
	}
}

static unsigned int frames_wanted(void)
{
	return getenv("FRAMES") ? (unsigned int)strtoul(getenv("FRAMES"), NULL, 0) : FRAMES;
}

static void step(struct pipeline *p, const struct frame *burst, unsigned int count, uint16_t limit)
{
	p->now.mono_ns += 1000;
	p->now.real_ns += 1000;
	p->send_limit = limit;
	pipeline_receive_only(p, 0, burst, count);
}

static void run(struct pair *pair, unsigned int frames, bool short_of_queue)
{
	static struct frame burst[WORKER_BURST];

	for (unsigned int done = 0, bursts = 0; done < frames; bursts++) {
		// Of several it depends on the order which ones find no room.
		unsigned int count = short_of_queue || below(2) ? 1 : 1 + below(WORKER_BURST);
		uint16_t limit = short_of_queue && below(2) ? 0 : UINT16_MAX;

		for (unsigned int i = 0; i < count; i++) {
			burst[i] = pair->templates[below(TEMPLATES)];
			for (unsigned int n = below(2) ? 0 : 1 + below(3); n > 0; n--)
				mutate(&burst[i]);
		}
		step(pair->ordinary, burst, count, limit);
		step(pair->both, burst, count, limit);
		compare_burst(pair, burst, count);
		if (bursts % 1024 == 0)
			compare_counters(pair);
		done += count;
	}
	compare_counters(pair);
}

// none: no packet may go the short way.
static void compare(const char *yaml, unsigned int share, bool short_of_queue, bool none)
{
	unsigned int frames = frames_wanted() / share;
	struct pair pair;

	open_pair(&pair, yaml);
	run(&pair, frames, short_of_queue);
	close_pair(&pair);
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
	struct pair pair;

	(void)state;
	open_pair(&pair, HEAD() PORT() EIPS COLOUR());
	for (unsigned int round = 0; round < 64; round++) {
		for (unsigned int i = 0; i < WORKER_BURST; i++) {
			burst[i] = frame_tcp(flow, below(2) ? 0x10 : 0x02, i, NULL, 0, 0);
			memcpy(burst[i].bytes, pair.both->node.ports[0].mac, 6);
		}
		step(pair.ordinary, burst, WORKER_BURST, UINT16_MAX);
		step(pair.both, burst, WORKER_BURST, UINT16_MAX);
		assert_int_equal(pair.both->sent_count, WORKER_BURST);
		compare_burst_in_order(&pair, burst, WORKER_BURST);
	}
	assert_true(went_short.into_tunnel > 64 && went_short.into_tunnel < 64 * WORKER_BURST);
	close_pair(&pair);
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
		assert_int_equal(compare_frames(&sent[0][i], &sent[1][i]), 0);
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
