// SPDX-License-Identifier: Apache-2.0
//
// Probes of a burst are verified together: what comes of each must be what comes of it alone.
#include "test.h"

#include "pipeline.h"

#include "../../main/c/datapath/decolour.h"
#include "../../main/c/datapath/receive.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/telemetry/ring.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT "198.18.11.2"
#define CLIENT6 "2001:db8:11::2"
#define VIP "198.19.0.1"
#define VIP6 "2001:db8:ffff::1"
#define SYN_SEQUENCE 1000
#define L4 (ETHERNET_BYTES + IPV4_MIN_BYTES)

enum { MAX_FRAMES = 96, ROUNDS = 120 };

// Two nodes alike: one takes bursts, the other the same packets one at a time.
static struct pipeline *burst, *alone;

static const char yaml[] =
	"version: 1\nnode: gw-1\ntier: clb\n"
	"ports: [{name: p, address: 198.18.21.2/24, gateway: 198.18.21.1,"
	" address6: \"2001:db8:21::2/64\", gateway6: \"2001:db8:21::1\"}]\n"
	"local_addresses: [198.18.21.16, \"2001:db8:21::16\"]\nsessions: {capacity: 4096}\n"
	"control_socket: /nonexistent/x.sock\n"
	"telemetry: {directory: /nonexistent, drop_sample_share: 1, stamp_rate_limit: 8}\n"
	"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"
	"  probers: [{id: 1, prefix: 198.18.11.0/24}, {id: 1, prefix: \"2001:db8:11::/48\"},"
	" {id: 2, prefix: 198.18.12.0/24}]\n"
	"vips:\n  - name: web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n"
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
	"  - name: web6\n    address: \"2001:db8:ffff::1\"\n    port: 80\n    protocol: tcp\n"
	"    backends: [{name: rs-6, address: \"2001:db8:31::2\", port: 8080}]\n";

static int open_both(void **state)
{
	(void)state;
	burst = pipeline_open(yaml, true);
	alone = pipeline_open(yaml, true);
	return 0;
}

static int close_both(void **state)
{
	unsigned int missing = pipeline_close(burst);

	(void)state;
	return missing + pipeline_close(alone) ? -1 : 0;
}

static void write_colour(uint8_t out[DT_COLOUR_BYTES], bool v6, uint16_t port, uint64_t epoch)
{
	static const uint8_t flags[] = {
		0, 0, 0, DT_COLOUR_FLAG_EVERY_STAGE, DT_COLOUR_FLAG_RESET, 1};
	struct ip_address source = frame_ip_address(v6 ? CLIENT6 : CLIENT);
	struct dt_colour_option option = {
		.version = 1,
		.flags = flags[rand() % 6],
		.prober_id = (uint16_t)(rand() % 8 == 0 ? rand() % 4 : 1),
		.probe_sequence = (uint32_t)(epoch * 500 + (unsigned int)rand() % 500),
	};
	uint8_t bytes[DT_SIPHASH_KEY_BYTES];
	struct dt_siphash_key key;

	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	key = dt_siphash_key_read(bytes);
	key = dt_colour_derive_key(&key, option.prober_id);
	dt_colour_write(&option, out);
	option.mac = dt_colour_mac(&key, out + 4, epoch, v6 ? source.bytes : source.bytes + 12,
		v6 ? 16 : 4, port, SYN_SEQUENCE);
	if (rand() % 8 == 0)
		option.mac ^= 1;
	dt_colour_write(&option, out);
}

// Colours at the places where probers put them, and where they do not; some broken.
static size_t write_options(uint8_t options[40], bool v6, uint16_t port, uint64_t epoch)
{
	static const uint8_t tail[][4] = {
		{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 1, 0, 0}, {8, 1, 0, 0}, {3, 3, 7, 0}};
	size_t len = 0;

	memset(options, 1, 40);
	switch (rand() % 8) {
	case 0: // none
		return (size_t)(rand() % 2) * 20;
	case 1: // behind something else
		memcpy(options, (const uint8_t[]){3, 3, 7, 1}, 4);
		len = 4;
		break;
	case 2: // behind a MSS
	case 3:
	case 4:
		memcpy(options, (const uint8_t[]){2, 4, 5, 0xb4}, 4);
		len = 4;
		break;
	default:
		break;
	}
	write_colour(options + len, v6, port, epoch);
	len += DT_COLOUR_BYTES;
	if (rand() % 4 == 0) {
		memcpy(options + len, tail[rand() % 5], 4);
		len += 4;
	}
	if (rand() % 10 == 0)
		options[rand() % len] ^= (uint8_t)(1 << rand() % 8);
	return len;
}

static struct frame random_frame(uint64_t now_ns)
{
	static const int64_t epochs[] = {0, 0, 0, 0, 0, -1, 1};
	static const uint8_t flags[] = {TCP_SYN, TCP_SYN, TCP_SYN, TCP_SYN, TCP_RST, TCP_ACK,
		TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK};
	const bool v6 = rand() % 4 == 0;
	uint16_t port = (uint16_t)(20000 + rand() % 20);
	uint8_t options[40], tcp_flags = flags[rand() % 8];
	size_t len = write_options(
		options, v6, port, dt_colour_epoch(now_ns) + (uint64_t)epochs[rand() % 7]);
	struct frame_flow flow = {v6 ? CLIENT6 : CLIENT, v6 ? VIP6 : VIP, port,
		(uint16_t)(rand() % 10 == 0 ? 99 : 80)};

	if (rand() % 12 == 0)
		flow.destination = v6 ? "2001:db8:21::16" : "198.18.21.16";
	if (rand() % 12 == 0)
		return frame_udp(flow, 10, true);
	return frame_tcp(
		flow, tcp_flags, SYN_SEQUENCE + (tcp_flags & TCP_RST ? 1 : 0), options, len, 0);
}

static void set_time(uint64_t ns)
{
	const struct node_time now = {.mono_ns = ns % 1000000000000, .real_ns = ns};

	burst->now = alone->now = now;
}

// What both have written of one kind of point (a burst's are sent after all of it has come), as
// read by a consumer.
static unsigned int points_of(
	const struct pipeline *p, bool tx, bool drops, struct dt_record out[PIPELINE_MAX_RECORDS])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->record_count; i++) {
		const struct dt_point *point = &p->records[i].point;

		if ((point->reason != DT_DROP_NONE) == drops && (point->point == DT_TP_TX) == tx)
			out[n++] = p->records[i];
	}
	return n;
}

static void assert_same_records(void)
{
	static struct dt_record of_burst[PIPELINE_MAX_RECORDS], of_alone[PIPELINE_MAX_RECORDS];

	assert_int_equal(burst->record_count, alone->record_count);
	for (unsigned int kind = 0; kind < 4; kind++) {
		unsigned int n = points_of(burst, kind & 1, kind & 2, of_burst);

		assert_int_equal(n, points_of(alone, kind & 1, kind & 2, of_alone));
		// Points of every stage, and drops, come in the order of the stages in a burst.
		if (kind != 1)
			continue;
		for (unsigned int i = 0; i < n; i++) {
			of_burst[i].point.vip_slot = of_alone[i].point.vip_slot = 0;
			of_burst[i].point.backend_slot = of_alone[i].point.backend_slot = 0;
		}
		assert_memory_equal(of_burst, of_alone, n * sizeof(of_burst[0]));
	}
}

static void assert_same_counters(void)
{
	const struct worker_counters *a = &burst->node.workers[0]->counters;
	const struct worker_counters *b = &alone->node.workers[0]->counters;

	assert_memory_equal(a, b, sizeof(*a));
}

static void should_do_with_a_burst_what_it_does_with_each_packet(void **state)
{
	static struct frame frames[MAX_FRAMES];
	const struct worker_counters *c = &burst->node.workers[0]->counters;

	(void)state;
	srand(4711);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t now_ns = 1767225600000000000ull + round * 700000000ull;
		unsigned int count = 1 + (unsigned int)rand() % MAX_FRAMES;

		set_time(now_ns);
		burst->sent_count = alone->sent_count = 0;
		burst->record_count = alone->record_count = 0;
		for (unsigned int i = 0; i < count; i++)
			frames[i] = random_frame(now_ns);
		pipeline_receive(burst, 0, frames, count);
		for (unsigned int i = 0; i < count; i++)
			pipeline_receive(alone, 0, &frames[i], 1);
		assert_int_equal(burst->sent_count, alone->sent_count);
		for (unsigned int i = 0; i < burst->sent_count; i++) {
			assert_int_equal(burst->sent[i].len, alone->sent[i].len);
			assert_memory_equal(
				burst->sent[i].bytes, alone->sent[i].bytes, alone->sent[i].len);
			assert_true(
				frame_checksums_right(burst->sent[i].bytes, burst->sent[i].len));
		}
		assert_same_records();
		assert_same_counters();
	}
	print_message("%lu verified, %lu forged, %lu replayed, %lu capped, %lu of another epoch\n",
		c->colour_verified, c->colour_forged, c->colour_replayed, c->colour_capped,
		c->colour_other_epoch);
	assert_true(c->colour_verified > 100 && c->colour_forged > 100);
	assert_true(c->colour_replayed > 50 && c->colour_capped > 20 && c->colour_other_epoch > 5);
}

// The stage alone, one after the other: the way for usual places, and the one for all.
static struct rte_mbuf *received(struct pipeline *p, const struct frame *frame)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(p->pool);
	enum dt_drop_reason reason;

	memcpy(rte_pktmbuf_append(packet, (uint16_t)frame->len), frame->bytes, frame->len);
	if (receive(p->node.workers[0], packet, 0, &reason) == RECEIVE_TO_VIP &&
		packet_meta(packet)->view.tcp_header_len > TCP_MIN_BYTES)
		return packet;
	rte_pktmbuf_free(packet);
	return NULL;
}

static void compare_packets(struct rte_mbuf *a, struct rte_mbuf *b)
{
	packet_meta(a)->mac = packet_meta(b)->mac;
	assert_memory_equal(packet_meta(a), packet_meta(b), sizeof(struct packet_meta));
	assert_int_equal(a->data_len, b->data_len);
	assert_memory_equal(packet_l3(a), packet_l3(b), a->data_len);
}

static void should_erase_and_stamp_alike_at_usual_places_and_elsewhere(void **state)
{
	struct worker *w = burst->node.workers[0], *v = alone->node.workers[0];
	unsigned int usual = 0;

	(void)state;
	srand(815);
	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t now_ns = 1767225600000000000ull + i * 30000000ull;
		struct frame frame = random_frame(now_ns);
		struct rte_mbuf *a, *b;

		set_time(now_ns);
		worker_begin(w);
		worker_begin(v);
		burst->record_count = alone->record_count = 0;
		a = received(burst, &frame);
		b = received(alone, &frame);
		assert_int_equal(a == NULL, b == NULL);
		if (!a)
			continue;
		decolour_ahead(w, &a, 1);
		usual += packet_meta(a)->mac != DT_COLOUR_MAC_UNUSUAL;
		assert_int_equal(decolour(w, a), decolour_closely(v, b));
		compare_packets(a, b);
		assert_int_equal(burst->record_count, alone->record_count);
		assert_memory_equal(burst->records, alone->records,
			burst->record_count * sizeof(burst->records[0]));
		rte_pktmbuf_free(a);
		rte_pktmbuf_free(b);
	}
	assert_same_counters();
	assert_true(usual > 500);
}

enum { RING_RECORDS = 64 };

// As far as a ring and the test's taker can agree.
static bool is_alike(struct dt_record in_ring, const struct dt_record *pushed)
{
	in_ring.sequence = 0;
	in_ring.ring = pushed->ring;
	in_ring.point.vip_slot = pushed->point.vip_slot;
	in_ring.point.backend_slot = pushed->point.backend_slot;
	return memcmp(&in_ring, pushed, sizeof(in_ring)) == 0;
}

// What was pushed stands in the ring, in order, as far as there was room; the rest is counted.
static void check_ring(struct dt_ring_writer *writer, const struct dt_record *records)
{
	uint64_t tail = atomic_load(&writer->ring->tail), lost = dt_ring_lost(writer);
	unsigned int n = (unsigned int)(writer->head - tail);

	assert_int_equal(n + lost, alone->record_count);
	assert_true(lost == 0 || n == RING_RECORDS);
	for (unsigned int i = 0; i < n; i++) {
		const struct dt_record *r = &records[(tail + i) % RING_RECORDS];

		assert_int_equal(r->sequence, tail + i + 1);
		assert_int_equal(r->ring, 5);
		assert_true(is_alike(*r, &alone->records[i]));
	}
	atomic_store(&writer->ring->tail, writer->head);
	atomic_store(&writer->ring->lost, 0);
}

static void should_write_into_a_ring_what_it_would_push(void **state)
{
	static struct frame frames[MAX_FRAMES];
	static struct dt_record records[RING_RECORDS];
	struct dt_ring ring = {.capacity = RING_RECORDS};
	struct dt_ring_writer writer = {
		.ring = &ring, .records = records, .mask = RING_RECORDS - 1, .index = 5};
	uint64_t fitted = 0, lost = 0;

	(void)state;
	srand(99);
	burst->node.workers[0]->ring = &writer;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t now_ns = 1767225600000000000ull + round * 700000000ull;
		unsigned int count = 1 + (unsigned int)rand() % MAX_FRAMES;

		set_time(now_ns);
		burst->sent_count = alone->sent_count = alone->record_count = 0;
		for (unsigned int i = 0; i < count; i++)
			frames[i] = random_frame(now_ns);
		burst->send_limit = alone->send_limit = (uint16_t)(rand() % 4 == 0 ? 5 : 64);
		pipeline_receive(burst, 0, frames, count);
		pipeline_receive(alone, 0, frames, count);
		fitted += dt_ring_lost(&writer) == 0;
		lost += dt_ring_lost(&writer);
		check_ring(&writer, records);
	}
	assert_int_equal(burst->node.workers[0]->counters.points_lost, lost);
	assert_true(fitted > 20 && lost > 20);
}

// Takes records out of the ring whenever the worker asks for the time or sends: between two records
// of a packet, between two packets', and between the writing of a burst's TX records and their
// publication.
static struct {
	struct dt_ring_writer *writer;
	const struct dt_record *records;
	uint16_t (*send)(struct worker *, unsigned int, struct rte_mbuf **, uint16_t);
	unsigned int random;
	unsigned int count;
	struct dt_record taken[PIPELINE_MAX_RECORDS];
} reader;

static void read_up_to(unsigned int count)
{
	struct dt_ring *ring = reader.writer->ring;
	uint64_t tail = atomic_load(&ring->tail);

	for (; count && tail < atomic_load(&ring->head); count--) {
		reader.taken[reader.count] = reader.records[tail % RING_RECORDS];
		assert_int_equal(reader.taken[reader.count++].sequence, ++tail);
	}
	atomic_store(&ring->tail, tail);
}

static struct node_time read_and_tell_time(void *context)
{
	read_up_to(rand_r(&reader.random) % 16 == 0);
	return ((struct pipeline *)context)->now;
}

static uint16_t read_and_send(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	read_up_to((unsigned int)rand_r(&reader.random) % 16);
	return reader.send(worker, port, packets, count);
}

// What was taken is some of what was pushed, in its order; returns how many are missing.
static unsigned int missing_of(const struct dt_record *pushed, unsigned int count)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < reader.count; i++, pushed++, count--) {
		for (; count && !is_alike(reader.taken[i], pushed); pushed++, count--)
			missing++;
		assert_true(count > 0);
	}
	return missing + count;
}

static void should_leave_no_gap_when_the_reader_makes_room_meanwhile(void **state)
{
	static struct frame frames[MAX_FRAMES];
	static struct dt_record records[RING_RECORDS];
	struct dt_ring ring = {.capacity = RING_RECORDS};
	struct dt_ring_writer writer = {
		.ring = &ring, .records = records, .mask = RING_RECORDS - 1, .index = 5};
	uint64_t lost = 0, taken = 0;

	(void)state;
	srand(7);
	reader.writer = &writer;
	reader.records = records;
	reader.send = burst->node.send;
	burst->node.workers[0]->ring = &writer;
	burst->node.clock = read_and_tell_time;
	burst->node.send = read_and_send;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t now_ns = 1767225600000000000ull + round * 700000000ull;

		set_time(now_ns);
		burst->sent_count = alone->sent_count = alone->record_count = reader.count = 0;
		for (unsigned int i = 0; i < MAX_FRAMES; i++)
			frames[i] = random_frame(now_ns);
		burst->send_limit = alone->send_limit = (uint16_t)(rand() % 4 == 0 ? 5 : 64);
		pipeline_receive(burst, 0, frames, MAX_FRAMES);
		pipeline_receive(alone, 0, frames, MAX_FRAMES);
		read_up_to(RING_RECORDS);
		assert_int_equal(missing_of(alone->records, alone->record_count),
			dt_ring_lost(&writer) - lost);
		lost = dt_ring_lost(&writer);
		taken += reader.count;
	}
	assert_int_equal(burst->node.workers[0]->counters.points_lost, lost);
	assert_int_equal(burst->node.workers[0]->counters.points_written, taken);
	print_message("%lu taken, %lu lost\n", taken, lost);
	assert_true(lost > 20 && taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_do_with_a_burst_what_it_does_with_each_packet, open_both,
			close_both),
		cmocka_unit_test_setup_teardown(
			should_erase_and_stamp_alike_at_usual_places_and_elsewhere, open_both,
			close_both),
		cmocka_unit_test_setup_teardown(
			should_write_into_a_ring_what_it_would_push, open_both, close_both),
		cmocka_unit_test_setup_teardown(
			should_leave_no_gap_when_the_reader_makes_room_meanwhile, open_both,
			close_both),
	};

	return pipeline_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
