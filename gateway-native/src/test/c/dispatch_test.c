// SPDX-License-Identifier: Apache-2.0
//
// Who does what: dispatchers, owners, and what the workers count.
#include "test.h"

#include "pipeline.h"

#include "../../main/c/packet/bytes.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT "198.18.11.2"
#define VIP "198.19.0.1"

enum { FLOWS = 400, DISPATCHERS = 2, OWNERS = 3 };

static const char yaml[] =
	"version: 1\nnode: gw-1\ntier: clb\nworkers: 3\ndispatchers: 2\n"
	"ports: [{name: p, address: 198.18.21.2/24, gateway: 198.18.21.1}]\n"
	"local_addresses: [198.18.21.16]\nsessions: {capacity: 4096}\n"
	"control_socket: /nonexistent/x.sock\n"
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"
	"vips:\n"
	"  - name: web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n    toa: true\n"
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
	"  - name: dnat\n    address: 198.19.0.1\n    port: 81\n    protocol: tcp\n    mode: dnat\n"
	"    backends: [{name: rs-2, address: 198.18.31.2, port: 8081}]\n";

static struct pipeline *p;

static int open_it(void **state)
{
	(void)state;
	p = pipeline_open(yaml, true);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	return pipeline_close(p) ? -1 : 0;
}

static struct frame segment(uint16_t port, uint16_t vip_port, uint8_t flags, size_t options_len)
{
	static const uint8_t full[40] = {8, 40};

	return frame_tcp(
		(struct frame_flow){CLIENT, VIP, port, vip_port}, flags, 1, full, options_len, 0);
}

static struct frame reply_to(const struct frame *sent)
{
	struct frame_layout l = frame_layout(sent->bytes, sent->len);
	char backend[INET_ADDRSTRLEN], client[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, sent->bytes + l.l3 + IPV4_DESTINATION, backend, sizeof(backend));
	inet_ntop(AF_INET, sent->bytes + l.l3 + IPV4_SOURCE, client, sizeof(client));
	return frame_tcp((struct frame_flow){backend, client, load_be16(sent->bytes + l.l4 + 2),
				 load_be16(sent->bytes + l.l4)},
		TCP_SYN | TCP_ACK, 7, NULL, 0, 0);
}

// Both ways through either dispatcher, to whoever owns the flow.
static void should_let_dispatchers_hand_everything_over(void **state)
{
	static struct frame frames[FLOWS];
	unsigned int sessions = 0;

	(void)state;
	for (uint16_t i = 0; i < FLOWS; i++)
		frames[i] = segment((uint16_t)(20000 + i), i % 2 ? 80 : 81, TCP_SYN, 0);
	pipeline_receive(p, 0, frames, FLOWS / 2);
	pipeline_receive(p, 1, frames + FLOWS / 2, FLOWS / 2);
	assert_int_equal(p->sent_count, FLOWS);
	for (unsigned int i = 0; i < FLOWS; i++)
		frames[i] = reply_to(&p->sent[i]);
	pipeline_receive(p, 1, frames, FLOWS / 2);
	pipeline_receive(p, 0, frames + FLOWS / 2, FLOWS / 2);
	assert_int_equal(p->sent_count, 2 * FLOWS);
	assert_int_equal(p->record_count, 0); // no drop
	for (unsigned int i = 0; i < DISPATCHERS; i++) {
		assert_int_equal(p->node.workers[i]->sessions.count, 0);
		assert_int_equal(p->node.workers[i]->counters.handed_over, FLOWS);
	}
	for (unsigned int i = DISPATCHERS; i < DISPATCHERS + OWNERS; i++) {
		unsigned int share = p->node.workers[i]->sessions.count;

		assert_in_range(share, FLOWS / OWNERS / 2, FLOWS / OWNERS * 2);
		sessions += share;
		assert_int_equal(p->node.workers[i]->counters.handed_over, 0);
	}
	assert_int_equal(sessions, FLOWS);
}

// Up to a burst waits for its ring, so that the ring is touched once.
static void should_hand_over_what_a_poll_found_in_one_go(void **state)
{
	struct frame f[20];
	struct worker *w = p->node.workers[0];
	struct rte_mbuf *packets[20];

	(void)state;
	worker_begin(w);
	for (uint16_t i = 0; i < 20; i++) {
		f[i] = segment((uint16_t)(20000 + i), 80, TCP_SYN, 0);
		packets[i] = rte_pktmbuf_alloc(p->pool);
		memcpy(rte_pktmbuf_append(packets[i], (uint16_t)f[i].len), f[i].bytes, f[i].len);
	}
	worker_process(w, packets, 20, 0);
	assert_int_equal(w->counters.handed_over, 0);
	worker_flush(w);
	assert_int_equal(w->counters.handed_over, 20);
	pipeline_settle(p);
	assert_int_equal(p->sent_count, 20);
}

static struct worker_counters total(void)
{
	struct worker_counters sum = {0};

	for (unsigned int i = 0; i < p->node.worker_count; i++) {
		const struct worker_counters *c = &p->node.workers[i]->counters;

		sum.toa_told += c->toa_told;
		sum.toa_late += c->toa_late;
		sum.toa_untold += c->toa_untold;
		sum.icmp_errors_sent += c->icmp_errors_sent;
	}
	return sum;
}

static void should_count_who_was_told_the_client_and_when(void **state)
{
	struct frame f[] = {
		segment(20000, 80, TCP_SYN, 0),  // at once
		segment(20000, 80, TCP_SYN, 0),  // again: the same session
		segment(20001, 80, TCP_SYN, 40), // no room …
		segment(20001, 80, TCP_ACK, 0),  // … later
		segment(20002, 80, TCP_SYN, 40), // never
		segment(20003, 81, TCP_SYN, 40), // DNAT shows the client itself
	};

	(void)state;
	pipeline_receive(p, 0, f, sizeof(f) / sizeof(f[0]));
	assert_int_equal(p->sent_count, 6);
	assert_int_equal(total().toa_told, 2);
	assert_int_equal(total().toa_late, 1);
	assert_int_equal(total().toa_untold, 0);
	pipeline_wait(p, 15000000000ull); // half-open sessions end
	assert_int_equal(total().toa_untold, 1);
}

static void should_know_how_many_sessions_each_service_and_target_has(void **state)
{
	struct frame f[10];
	uint64_t services = 0, targets = 0;

	(void)state;
	for (uint16_t i = 0; i < 10; i++)
		f[i] = segment((uint16_t)(20000 + i), 80, TCP_SYN, 0);
	pipeline_receive(p, 0, f, 10);
	for (int after = 0; after < 2; after++) {
		services = targets = 0;
		for (unsigned int w = 0; w < p->node.worker_count; w++) {
			for (unsigned int i = 0; i < SERVICE_MAX; i++)
				services += p->node.workers[w]->service_sessions[i];
			for (unsigned int i = 0; i < TARGET_MAX; i++)
				targets += p->node.workers[w]->target_sessions[i];
		}
		assert_int_equal(services, after ? 0 : 10);
		assert_int_equal(targets, after ? 0 : 10);
		pipeline_wait(p, 15000000000ull);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_let_dispatchers_hand_everything_over, open_it, close_it),
		cmocka_unit_test_setup_teardown(
			should_hand_over_what_a_poll_found_in_one_go, open_it, close_it),
		cmocka_unit_test_setup_teardown(
			should_count_who_was_told_the_client_and_when, open_it, close_it),
		cmocka_unit_test_setup_teardown(
			should_know_how_many_sessions_each_service_and_target_has, open_it,
			close_it),
	};

	if (!pipeline_start()) {
		fputs("no EAL\n", stderr);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
