// SPDX-License-Identifier: Apache-2.0
#include "worker_fixture.h"

#include "test.h"

#include "../../main/c/datapath/drop.h"
#include "../../main/c/datapath/neighbour_input.h"
#include "../../main/c/datapath/stamp.h"

#include <rte_eal.h>
#include <rte_malloc.h>

#include <stdlib.h>

struct fixture fixture;
static struct rte_mempool *pool;

void drop(struct worker *worker, struct rte_mbuf *packet, enum dt_drop_reason reason)
{
	(void)worker;
	fixture.dropped[reason]++;
	rte_pktmbuf_free(packet);
}

void consume(struct worker *worker, struct rte_mbuf *packet)
{
	(void)worker;
	fixture.consumed++;
	rte_pktmbuf_free(packet);
}

void drop_uncreated(struct worker *worker, uint32_t bytes, enum dt_drop_reason reason)
{
	(void)worker;
	(void)bytes;
	(void)reason;
	fixture.uncreated++;
}

static struct node_time read_clock(void *context)
{
	(void)context;
	return (struct node_time){.mono_ns = 4711, .real_ns = 4712};
}

void stamp_leaving(struct worker *worker, struct stamp_leaving *leaving,
	struct rte_mbuf *const *packets, uint32_t followed)
{
	(void)worker;
	for (; followed; followed &= followed - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(followed);

		assert_true(packet_meta(packets[i])->stamped);
		leaving->index[leaving->count++] = (uint8_t)i;
	}
}

void stamp_left(struct worker *worker, struct stamp_leaving *leaving, unsigned int sent)
{
	(void)worker;
	for (unsigned int i = 0; i < leaving->count; i++)
		fixture.stamped += leaving->index[i] < sent;
}

void stamp_point(struct worker *worker, struct packet_meta *meta, enum dt_trace_point point)
{
	(void)worker;
	assert_true(meta->stamped);
	fixture.stamped += point == DT_TP_TX;
}

struct frame fixture_bytes(struct rte_mbuf *packet)
{
	struct frame f = {.len = packet->data_len};

	assert_int_equal(packet->data_len, packet->pkt_len);
	assert_in_range(f.len, 0, sizeof(f.bytes));
	memcpy(f.bytes, rte_pktmbuf_mtod(packet, uint8_t *), f.len);
	return f;
}

static uint16_t keep(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t taken = RTE_MIN(count, fixture.takes);

	(void)worker;
	for (uint16_t i = 0; i < taken; i++) {
		if (fixture.sent_count < FIXTURE_KEPT) {
			fixture.sent[fixture.sent_count] = fixture_bytes(packets[i]);
			fixture.sent_port[fixture.sent_count] = (uint8_t)port;
		}
		fixture.sent_count++;
		rte_pktmbuf_free(packets[i]);
	}
	return taken;
}

int fixture_start(void **state)
{
	char *arguments[] = {"test", "--no-huge", "-m", "64", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level=error", "--lcores=0@0"};

	(void)state;
	if (rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("packets", 1023, 0, PACKET_META_BYTES,
		RTE_PKTMBUF_HEADROOM + sizeof(((struct frame *)0)->bytes), SOCKET_ID_ANY);
	fixture.worker = calloc(1, sizeof(*fixture.worker));
	fixture.worker->neighbours = calloc(1, sizeof(*fixture.worker->neighbours));
	return pool ? 0 : -1;
}

static struct node_link link_of(const char *address, const char *gateway, unsigned int bits)
{
	struct node_link link = {.address = frame_ip_address(address)};

	if (ip_is_v4(&link.address))
		bits += 96;
	for (unsigned int i = 0; i < bits; i++)
		link.mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (gateway)
		link.gateway = frame_ip_address(gateway);
	return link;
}

static void add(const struct ip_address *address, enum own_kind kind, unsigned int index)
{
	assert_true(node_add_own_address(&fixture.node, address, kind, index));
}

static void set_node(struct node *node)
{
	*node = (struct node){
		.worker_count = 1,
		.port_count = 2,
		.local_count = 2,
		.default_port_v4 = 0,
		.default_port_v6 = 0,
		.tier = DT_TIER_CLB,
		.send = keep,
		.clock = read_clock,
	};
	node->ports[0].v4 = link_of("192.0.2.2", "192.0.2.1", 24);
	node->ports[0].v6 = link_of("2001:db8:1::2", "2001:db8:1::1", 64);
	node->ports[1].v4 = link_of("198.51.100.2", NULL, 24);
	node->ports[1].v6 = link_of("2001:db8:2::2", NULL, 64);
	node->locals[0] = frame_ip_address("192.0.2.16");
	node->locals[1] = frame_ip_address("2001:db8:1::16");
	for (unsigned int i = 0; i < 2; i++) {
		node->ports[i].mtu = 1500;
		node->ports[i].tx_queues = 1;
		memcpy(node->ports[i].mac, (uint8_t[]){2, 1, 0, 0, 0, (uint8_t)(i + 1)}, 6);
		add(&node->ports[i].v4.address, OWN_PORT, i);
		add(&node->ports[i].v6.address, OWN_PORT, i);
		add(&node->locals[i], OWN_LOCAL, i);
	}
}

static void unreachable(void *context, void *packet)
{
	drop(context, packet, DT_DROP_NO_NEIGHBOUR);
}

int fixture_reset(void **state)
{
	struct worker *w = fixture.worker;
	struct neighbour_table *neighbours = w->neighbours;

	(void)state;
	fixture = (struct fixture){.worker = w, .takes = WORKER_BURST};
	set_node(&fixture.node);
	memset(w, 0, sizeof(*w));
	memset(neighbours, 0, sizeof(*neighbours));
	w->node = &fixture.node;
	w->pool = pool;
	w->neighbours = neighbours;
	w->now.mono_ns = 1000000000;
	neighbours->callbacks = (struct neighbour_callbacks){
		.request = neighbour_request,
		.unreachable = unreachable,
		.context = w,
	};
	return 0;
}

struct rte_mbuf *fixture_packet(const struct frame *frame)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);

	assert_non_null(packet);
	memset(packet_meta(packet), 0xee, sizeof(struct packet_meta)); // of its last use
	memcpy(rte_pktmbuf_append(packet, (uint16_t)frame->len), frame->bytes, frame->len);
	return packet;
}

void fixture_address(struct frame *frame, unsigned int port)
{
	memcpy(frame->bytes, fixture.node.ports[port].mac, 6);
}

unsigned int fixture_free_buffers(void)
{
	return rte_mempool_avail_count(pool);
}
