// SPDX-License-Identifier: Apache-2.0
//
// The short way of the CLB tier against the ordinary way: flows that begin, talk, end and come
// again, at VIPs of every kind, while the configuration changes.
#include "test.h"

#include "two_ways.h"

#include "../../main/c/datapath/blacklist.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FRAMES_PER_WAIT 512 // after about so many time passes

#define HEAD(more)                                                                                 \
	"version: 1\nnode: clb-1\ntier: clb\n" more                                                \
	"local_addresses: [198.18.61.16, 198.18.61.17, \"2001:db8:61::16\"]\n"                     \
	"local_ports: {first: 2000, last: 2999}\n"                                                 \
	"tunnels:\n"                                                                               \
	"  - {name: in, kind: vxlan, local: 198.18.61.2, remote: 198.18.70.1, id: 100}\n"          \
	"sessions: {capacity: 1024, timeout_syn: 1s, timeout_established: 3s, "                    \
	"timeout_closing: 1s, timeout_reset: 1s, timeout_udp: 1s}\n"                               \
	"control_socket: /nonexistent/x.sock\n"                                                    \
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
#define PORT(more)                                                                                 \
	"ports:\n  - {name: p, address: 198.18.61.2/24, gateway: 198.18.61.1,"                     \
	" address6: \"2001:db8:61::2/64\", gateway6: \"2001:db8:61::1\"" more "}\n"
// What goes to some backends and some clients leaves tagged.
#define TAGGED_PORT                                                                                \
	"  - {name: q, address: 198.18.31.254/24, vlan: 7}\n"                                      \
	"  - {name: r, address: 198.51.100.1/24, vlan: 8}\n"
#define AT(end) "address: 203.0.113." end ", port: 80, protocol: tcp, "
#define BACKENDS(n)                                                                                \
	"backends: [{name: a-" n ", address: 198.18.31.1" n "}, {name: b-" n                       \
	", address: 198.18.32.1" n ", port: 8080}, {name: c-" n ", address: 198.18.31.2" n "}]}\n"
#define VIP(name, end, more) "  - {name: " name ", " AT(end) more BACKENDS(end)
#define VIPS "vips:\n" NAT_VIPS RATED_VIPS HELD_VIPS OTHER_VIPS
#define NAT_VIPS                                                                                   \
	VIP("plain", "1", "") VIP("dnat", "2", "mode: dnat, ") VIP("toa", "4", "toa: true, ")
#define RATED_VIPS                                                                                 \
	VIP("rated", "5", "limits: {packets_per_second: 5000}, ")                                  \
	VIP("bits", "6", "limits: {bits_per_second: 4000000}, ")
#define HELD_VIPS                                                                                  \
	VIP("held", "7", "limits: {sessions: 10}, new_connection_limit: 50, ")                     \
	VIP("off", "9", "enabled: false, ")
#define OTHER_VIPS                                                                                 \
	"  - name: tunnel\n    address: 203.0.113.3\n    port: 80\n    protocol: tcp\n"            \
	"    mode: tunnel\n    tunnel: {kind: ipip, local: 198.18.61.2}\n"                         \
	"    backends: [{name: a-3, address: 198.18.31.13}]\n"                                     \
	"  - name: to-six\n    address: 203.0.113.8\n    port: 80\n    protocol: tcp\n"            \
	"    backends: [{name: six, address: \"2001:db8:31::8\"}]\n"                               \
	"  - name: six\n    address: \"2001:db8:f00::1\"\n    port: 80\n    protocol: tcp\n"       \
	"    backends: [{name: six-6, address: \"2001:db8:31::9\"}, "                              \
	"{name: six-4, address: 198.18.31.29}]\n"                                                  \
	"  - name: plain-udp\n    address: 203.0.113.1\n    port: 53\n    protocol: udp\n"         \
	"    backends: [{name: a-0, address: 198.18.31.10}]\n"
#define COLOUR(more)                                                                               \
	"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"                      \
	"  probers: [{id: 1, prefix: 198.18.11.0/24}]\n" more
#define BLACKLIST "blacklist: [{prefix: 198.51.100.8/29}]\n"

static const char *const names[] = {"plain", "dnat", "toa", "rated", "held", "six", "tunnel"};
static const char *const vips[] = {"203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2",
	"203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.4", "203.0.113.5", "203.0.113.6",
	"203.0.113.7", "203.0.113.8", "203.0.113.9", "203.0.113.77", "198.18.61.16", "198.18.61.2"};
static const char *const clients[] = {"198.51.100.7", "198.51.100.8", "198.51.100.9", "198.18.11.2",
	"198.18.61.1", "192.0.2.1", "198.51.100.200", "192.0.2.77"};

static struct {
	unsigned int forward;
	unsigned int reply;
} went_short;

static void note_short(const struct short_note *note)
{
	assert_true(note->what & SHORT_NOTE_SESSION);
	if (note->what & SHORT_NOTE_INBOUND)
		went_short.forward++;
	else
		went_short.reply++;
}

static void open_ways(struct two_ways *ways, const char *yaml)
{
	memset(&went_short, 0, sizeof(went_short));
	two_ways_open(ways, yaml, note_short);
}

// Who may answer: of TCP packets that were sent, the receiver's end first.
static struct {
	char source[IP_ADDRESS_TEXT_BYTES];
	char destination[IP_ADDRESS_TEXT_BYTES];
	uint16_t source_port;
	uint16_t destination_port;
} answers[512];
static unsigned int answer_count;

static void learn_answer(const struct frame *sent)
{
	struct packet_view view;
	unsigned int i = answer_count % COUNT(answers);

	if (parse_frame(sent->bytes, sent->len, &view) != PARSE_IP ||
		view.protocol != PROTOCOL_TCP || view.fragment != FRAGMENT_NONE)
		return;
	ip_text(&view.destination, answers[i].source);
	ip_text(&view.source, answers[i].destination);
	answers[i].source_port = view.destination_port;
	answers[i].destination_port = view.source_port;
	answer_count++;
}

static void learn_answers(const struct pipeline *p)
{
	for (unsigned int i = 0; i < p->sent_count; i++)
		learn_answer(&p->sent[i]);
}

// Most handshakes come to their end.
static struct frame some_segment(struct frame_flow flow, uint8_t first)
{
	return two_ways_below(4) ? two_ways_tcp(flow) : frame_tcp(flow, first, 1, NULL, 0, 0);
}

static struct frame some_reply(void)
{
	unsigned int i =
		two_ways_below(answer_count < COUNT(answers) ? answer_count : COUNT(answers));

	return some_segment((struct frame_flow){answers[i].source, answers[i].destination,
				    answers[i].source_port, answers[i].destination_port},
		TCP_SYN | TCP_ACK);
}

static struct frame some_request(void)
{
	struct frame_flow flow = {two_ways_one_of(clients, COUNT(clients)),
		two_ways_one_of(vips, COUNT(vips)), (uint16_t)(1000 + two_ways_below(4)),
		(uint16_t)(two_ways_below(16) ? 80 : 81)};
	struct frame quoted;

	switch (two_ways_below(24)) {
	case 0:
		flow.destination_port = 53;
		return frame_udp(flow, two_ways_below(60), two_ways_below(2));
	case 1:
		quoted = frame_tcp((struct frame_flow){flow.destination, flow.source,
					   flow.destination_port, flow.source_port},
			TCP_ACK, 1, NULL, 0, 0);
		return frame_unreachable("198.18.61.1", flow.destination, &quoted);
	case 2:
		return frame_echo(flow.source, flow.destination);
	case 3:
		return some_segment((struct frame_flow){"2001:db8:1::7", "2001:db8:f00::1",
					    flow.source_port, 80},
			TCP_SYN);
	case 4:
		quoted = some_segment(flow, TCP_SYN);
		return frame_vxlan(&quoted, "198.18.70.1", "198.18.61.2", 4789, 100);
	default:
		return some_segment(flow, TCP_SYN);
	}
}

static struct frame some_frame(const struct two_ways *ways)
{
	struct frame f = answer_count && two_ways_below(3) == 0 ? some_reply() : some_request();

	memcpy(f.bytes, ways->both->node.ports[0].mac, 6);
	return f;
}

// What was taken out of each node, to be put back.
static struct {
	struct vip *vips[COUNT(names)];
	struct backend backends[COUNT(names)];
	bool has_backend[COUNT(names)];
} removed[2];

static void remove_or_add_vip(struct services *services, int node, unsigned int i)
{
	const struct vip *vip = services_find(services, names[i]);
	char error[SERVICES_ERROR_BYTES];

	if (vip) {
		removed[node].vips[i] = vip_copy_unfinished(vip, vip->backend_count);
		assert_true(services_remove(services, names[i], error));
	} else {
		assert_true(services_add(services, removed[node].vips[i], error));
		removed[node].vips[i] = NULL;
	}
}

static void remove_or_add_backend(
	struct services *services, int node, const struct vip *vip, unsigned int i, unsigned int at)
{
	struct backend *backend = &removed[node].backends[i];
	char error[SERVICES_ERROR_BYTES];

	if (removed[node].has_backend[i]) {
		assert_true(services_add_backend(services, names[i], backend, error));
	} else {
		*backend = vip->backends[at];
		assert_true(services_remove_backend(services, names[i], backend->name, error));
	}
	removed[node].has_backend[i] = !removed[node].has_backend[i];
}

static void change_vip(
	struct services *services, int node, unsigned int what, unsigned int i, unsigned int random)
{
	const struct vip *vip = services_find(services, names[i]);
	char error[SERVICES_ERROR_BYTES];
	struct backend backend;

	if (!vip || what == 0) {
		if (!vip || random % 4 == 0)
			remove_or_add_vip(services, node, i);
		return;
	}
	backend = vip->backends[random % vip->backend_count];
	switch (what) {
	case 1:
		assert_true(services_enable(services, names[i], random % 4 != 0, error));
		return;
	case 2:
		services_enable_backend(services, names[i], backend.name, random % 16 >= 4, error);
		return;
	case 3:
		backend.draining = random % 16 < 4;
		assert_true(services_set_backend(services, names[i], &backend, error));
		return;
	default:
		if (vip->backend_count > 1 || removed[node].has_backend[i])
			remove_or_add_backend(services, node, vip, i, random % vip->backend_count);
		return;
	}
}

static void block_or_unblock(struct pipeline *p, bool block, uint32_t address)
{
	const struct ip_address a = ip_from_v4(htonl(address));

	if (block)
		blacklist_add(p->tables.blacklist, &a, 32, 0);
	else
		blacklist_remove(p->tables.blacklist, &a, 32);
}

// As if a probe had come by.
static void mark_session(struct pipeline *p, uint32_t number, uint8_t stamps)
{
	struct session *s = &p->node.workers[0]->sessions.sessions[number];

	if (s->state == SESSION_FREE)
		return;
	s->flags |= SESSION_MARKED;
	s->prober_id = 1;
	s->probe_sequence = number;
	s->stamps_left = stamps;
}

static void change_macs(struct neighbour_table *neighbours, uint8_t end)
{
	for (unsigned int i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		for (unsigned int j = 0; j < NEIGHBOUR_WAYS; j++)
			neighbours->entries[i][j].mac[5] = end;
	}
	neighbours->generation++;
}

// Somewhere in the configuration, and the same in both.
static void change(struct two_ways *ways)
{
	struct pipeline *const nodes[] = {ways->ordinary, ways->both};
	unsigned int what = two_ways_below(9), i = two_ways_below(COUNT(names));
	unsigned int random = two_ways_below(1024);

	for (int n = 0; n < 2; n++) {
		struct pipeline *p = nodes[n];

		if (what < 5)
			change_vip(p->tables.services, n, what, i, random);
		else if (what == 5)
			block_or_unblock(p, random % 4 == 0, 0xc6336400 + random / 4 % 16);
		else if (what == 6)
			mark_session(p, random, (uint8_t)(random % 4));
		else if (what == 7)
			change_macs(p->node.workers[0]->neighbours, (uint8_t)random);
		else
			atomic_store(&p->node.state, random % 8 ? NODE_READY : NODE_DRAINING);
	}
}

static void wait(struct two_ways *ways, uint64_t ns)
{
	struct pipeline *const nodes[] = {ways->ordinary, ways->both};

	for (int n = 0; n < 2; n++) {
		pipeline_wait(nodes[n], ns);
		tables_step(&nodes[n]->tables, nodes[n]->now.mono_ns);
	}
}

enum { LIVE = 1, SHORT_OF_QUEUE = 2, NOTHING_SHORT = 4, NO_HEADROOM = 8 };

static void run(struct two_ways *ways, unsigned int frames, unsigned int how)
{
	static struct frame burst[WORKER_BURST];

	for (unsigned int done = 0, bursts = 0; done < frames; bursts++) {
		// Of several it depends on the order which ones find no room.
		bool single = (how & SHORT_OF_QUEUE) || two_ways_below(2);
		unsigned int count = single ? 1 : 1 + two_ways_below(WORKER_BURST);
		bool refuse = (how & SHORT_OF_QUEUE) && two_ways_below(2);

		for (unsigned int i = 0; i < count; i++) {
			burst[i] = some_frame(ways);
			if (two_ways_below(8) == 0)
				two_ways_mutate(&burst[i]);
		}
		two_ways_step(ways, burst, count, refuse ? 0 : UINT16_MAX);
		learn_answers(ways->ordinary);
		two_ways_compare(ways, burst, count);
		if (two_ways_below(FRAMES_PER_WAIT) < count) {
			if (how & LIVE)
				change(ways);
			wait(ways, two_ways_below(16) ? 10000000 : 1300000000); // some end
			two_ways_compare(ways, burst, 2); // of what had waited for a neighbour
		}
		if (bursts % 1024 == 0)
			two_ways_compare_state(ways);
		done += count;
	}
	two_ways_compare_state(ways);
}

static void free_removed(void)
{
	for (int n = 0; n < 2; n++) {
		for (size_t i = 0; i < COUNT(names); i++)
			vip_free(removed[n].vips[i]);
	}
	memset(removed, 0, sizeof(removed));
}

static void compare(const char *yaml, unsigned int share, unsigned int how)
{
	unsigned int frames = two_ways_frames() / share;
	struct two_ways ways;

	answer_count = 0;
	open_ways(&ways, yaml);
	if (how & NO_HEADROOM)
		ways.ordinary->headroom = ways.both->headroom = 2;
	run(&ways, frames, how);
	two_ways_close(&ways);
	free_removed();
	if (how & NOTHING_SHORT) {
		assert_int_equal(went_short.forward + went_short.reply, 0);
		return;
	}
	// Else nothing would be compared.
	assert_true(went_short.forward > frames / 200);
	assert_true(went_short.reply > frames / 200);
}

static void should_send_the_same_either_way(void **state)
{
	(void)state;
	compare(HEAD() PORT() VIPS COLOUR(), 2, 0);
}

static void should_send_the_same_while_the_configuration_changes(void **state)
{
	(void)state;
	compare(HEAD() PORT() VIPS COLOUR() BLACKLIST, 1, LIVE);
}

static void should_send_the_same_where_colours_stay(void **state)
{
	(void)state;
	compare(HEAD() PORT() VIPS COLOUR("  erase: false\n"), 4, LIVE);
}

static void should_respect_a_short_mtu_either_way(void **state)
{
	(void)state;
	compare(HEAD() PORT(", mtu: 1280") VIPS COLOUR(), 4, 0);
}

static void should_send_the_same_to_tagged_ports(void **state)
{
	(void)state;
	compare(HEAD() PORT() TAGGED_PORT VIPS COLOUR(), 4, LIVE);
}

static void should_send_the_same_without_room_for_a_tag(void **state)
{
	(void)state;
	compare(HEAD() PORT() TAGGED_PORT VIPS COLOUR(), 8, NOTHING_SHORT | NO_HEADROOM);
}

static void should_do_the_same_on_a_tagged_port(void **state)
{
	(void)state;
	compare(HEAD() PORT(", vlan: 7") VIPS COLOUR(), 8, NOTHING_SHORT);
}

static void should_check_checksums_either_way(void **state)
{
	(void)state;
	compare(HEAD("verify_checksums: true\n") PORT() VIPS COLOUR(), 8, NOTHING_SHORT);
}

static void should_tell_the_same_of_packets_that_the_queue_refuses(void **state)
{
	(void)state;
	compare(HEAD() PORT() TAGGED_PORT VIPS COLOUR(), 4, LIVE | SHORT_OF_QUEUE);
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
		cmocka_unit_test(should_send_the_same_while_the_configuration_changes),
		cmocka_unit_test(should_send_the_same_where_colours_stay),
		cmocka_unit_test(should_respect_a_short_mtu_either_way),
		cmocka_unit_test(should_send_the_same_to_tagged_ports),
		cmocka_unit_test(should_send_the_same_without_room_for_a_tag),
		cmocka_unit_test(should_do_the_same_on_a_tagged_port),
		cmocka_unit_test(should_check_checksums_either_way),
		cmocka_unit_test(should_tell_the_same_of_packets_that_the_queue_refuses),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
