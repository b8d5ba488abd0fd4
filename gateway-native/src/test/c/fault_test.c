// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong in the box and cannot come from a capture: each has its reason, and no buffer is
// lost by it.
#include "test.h"

#include "pipeline.h"

#include "../../main/c/packet/bytes.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT "198.18.11.2"
#define VIP "198.19.0.1"

#define HEAD(threads)                                                                              \
	"version: 1\nnode: gw-1\ntier: clb\n" threads                                              \
	"ports: [{name: p, address: 198.18.21.2/24, gateway: 198.18.21.1}]\n"                      \
	"local_addresses: [198.18.21.16]\nsessions: {capacity: 4096}\n"                            \
	"control_socket: /nonexistent/x.sock\n"                                                    \
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
#define WEB                                                                                        \
	"vips:\n  - name: web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n"         \
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
#define TUNNEL                                                                                     \
	"  - name: tunnel\n    address: 198.19.0.1\n    port: 90\n    protocol: tcp\n"             \
	"    mode: tunnel\n    tunnel: {kind: vxlan, id: 1, local: 198.18.21.2}\n"                 \
	"    backends: [{name: rs-2, address: 198.18.31.2}]\n"

static struct pipeline *p;

static int open_one(void **state)
{
	(void)state;
	p = pipeline_open(HEAD("") WEB TUNNEL, true);
	return 0;
}

static int open_four(void **state)
{
	(void)state;
	p = pipeline_open(HEAD("workers: 4\n") WEB TUNNEL, true);
	return 0;
}

// Whatever happened, every buffer came back.
static int close_it(void **state)
{
	(void)state;
	return pipeline_close(p) ? -1 : 0;
}

static struct frame syn(uint16_t source_port, uint16_t vip_port)
{
	return frame_tcp(
		(struct frame_flow){CLIENT, VIP, source_port, vip_port}, 0x02, 1000, NULL, 0, 0);
}

static void should_say_that_a_buffer_has_no_headroom(void **state)
{
	struct frame f = syn(40000, 90);

	(void)state;
	p->headroom = 0;
	pipeline_receive(p, 0, &f, 1);
	assert_int_equal(p->sent_count, 0);
	assert_int_equal(pipeline_drops(p, DT_DROP_NO_HEADROOM), 1);
}

static void should_say_that_a_port_takes_no_more(void **state)
{
	struct frame f[5];

	(void)state;
	for (uint16_t i = 0; i < 5; i++)
		f[i] = syn((uint16_t)(40000 + i), 80);
	p->send_limit = 2;
	pipeline_receive(p, 0, f, 5);
	assert_int_equal(p->sent_count, 2);
	assert_int_equal(pipeline_drops(p, DT_DROP_TX_QUEUE_FULL), 3);
}

// A packet that is to be answered comes in by the last buffer.
static void expect_no_buffer_for_the_answer(const struct frame *ask)
{
	static struct rte_mbuf *taken[16384];
	unsigned int n = 0;

	while (n < 16383 && (taken[n] = rte_pktmbuf_alloc(p->pool)))
		n++;
	rte_pktmbuf_free(taken[--n]);
	pipeline_receive(p, 0, ask, 1);
	assert_int_equal(p->sent_count, 0);
	assert_int_equal(pipeline_drops(p, DT_DROP_MBUF_EXHAUSTED), 1);
	rte_pktmbuf_free_bulk(taken, n);
	pipeline_receive(p, 0, ask, 1);
	assert_int_equal(p->sent_count, 1);
	assert_int_equal(pipeline_drops(p, DT_DROP_MBUF_EXHAUSTED), 1);
}

static void should_say_that_no_buffer_is_left(void **state)
{
	struct frame ask = frame_arp_request("198.18.21.1", "198.18.21.2");

	(void)state;
	expect_no_buffer_for_the_answer(&ask);
}

static void should_say_that_no_buffer_is_left_for_an_icmp_error(void **state)
{
	const struct worker_counters *counters = &p->node.workers[0]->counters;
	struct frame late = syn(40000, 80);

	(void)state;
	late.bytes[ETHERNET_BYTES + IPV4_TTL] = 1;
	frame_finish(&late);
	expect_no_buffer_for_the_answer(&late);
	assert_int_equal(pipeline_drops(p, DT_DROP_TTL_EXCEEDED), 2);
	assert_int_equal(counters->icmp_errors_sent, 1);
	assert_int_equal(
		counters->packets_made, 2); // the one without a buffer too: the books balance
}

static void should_say_that_a_worker_is_behind(void **state)
{
	enum { MANY = 4 * WORKER_RING_PACKETS };
	struct frame f;
	uint64_t lost;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) { // the others do not take them
		f = syn((uint16_t)(1024 + i), 80);
		pipeline_receive_only(p, 0, &f, 1);
	}
	lost = pipeline_drops(p, DT_DROP_HANDOFF_RING_FULL);
	assert_in_range(lost, 1, MANY / 2);
	assert_int_equal(p->node.workers[0]->counters.handed_over + lost +
				 p->node.workers[0]->sessions.count,
		MANY);
}

static void should_say_that_the_node_is_draining(void **state)
{
	struct frame f[2] = {syn(40000, 80), syn(40001, 80)};

	(void)state;
	pipeline_receive(p, 0, &f[0], 1);
	atomic_store(&p->node.state, NODE_DRAINING);
	pipeline_receive(p, 0, f, 2); // what has a session goes on
	assert_int_equal(p->sent_count, 2);
	assert_int_equal(pipeline_drops(p, DT_DROP_DRAINING), 1);
}

static void should_say_that_a_next_hop_does_not_answer(void **state)
{
	struct frame f = syn(40000, 80);
	unsigned int asked = 0;

	(void)state;
	pipeline_close(p);
	p = pipeline_open(HEAD("") WEB, false);
	pipeline_receive(p, 0, &f, 1);
	assert_int_equal(pipeline_drops(p, DT_DROP_NO_NEIGHBOUR), 0);
	pipeline_wait(p, 3000000000ull);
	for (unsigned int i = 0; i < p->sent_count; i++)
		asked += load_be16(p->sent[i].bytes + 12) == ETHERTYPE_ARP_ID;
	assert_in_range(asked, 3, 64);
	assert_int_equal(pipeline_drops(p, DT_DROP_NO_NEIGHBOUR), 1);
}

// The control socket may set a VIP whose tunnel names no local end, where no port has the family.
static void should_say_that_a_tunnel_has_no_beginning(void **state)
{
	struct vip *vip = vip_new(1);
	char error[SETTINGS_ERROR_BYTES];
	struct frame f = syn(40000, 91);

	(void)state;
	strcpy(vip->name, "lost");
	vip->address = frame_ip_address(VIP);
	vip->port = 91;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	vip->mode = VIP_TUNNEL;
	vip->tunnel.kind = TUNNEL_IPIP;
	strcpy(vip->backends[0].name, "rs-6");
	vip->backends[0].address = frame_ip_address("2001:db8:31::2");
	vip->backends[0].port = 91;
	vip->backends[0].weight = 1;
	vip->backends[0].enabled = true;
	if (!services_add(p->tables.services, vip, error))
		fail_msg("%s", error);
	pipeline_receive(p, 0, &f, 1);
	assert_int_equal(p->sent_count, 0);
	assert_int_equal(pipeline_drops(p, DT_DROP_TUNNEL_ENCAP_FAIL), 1);
}

static void should_lose_no_buffer_to_what_waits_when_it_ends(void **state)
{
	struct frame f[40];

	(void)state;
	for (uint16_t i = 0; i < 40; i++)
		f[i] = syn((uint16_t)(40000 + i), 80);
	pipeline_receive_only(p, 0, f, 40); // and nobody takes what is in the rings
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_say_that_a_buffer_has_no_headroom, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_a_port_takes_no_more, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_no_buffer_is_left, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_no_buffer_is_left_for_an_icmp_error, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_a_worker_is_behind, open_four, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_the_node_is_draining, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_a_next_hop_does_not_answer, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_say_that_a_tunnel_has_no_beginning, open_one, close_it),
		cmocka_unit_test_setup_teardown(
			should_lose_no_buffer_to_what_waits_when_it_ends, open_four, close_it),
	};

	if (!pipeline_start()) {
		fputs("no EAL\n", stderr);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
