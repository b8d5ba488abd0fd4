// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"

#include "../../main/c/control/setup.h"

#include <rte_eal.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS 10000000ull
#define ROOM_BYTES 4096

bool pipeline_start(void)
{
	static char *arguments[] = {"test", "--no-huge", "--no-pci", "-m", "512", "--lcores=0@0",
		"--log-level=error", "--no-shconf", "--no-telemetry"};

	return rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) >= 0;
}

static struct node_time the_clock(void *context)
{
	return ((struct pipeline *)context)->now;
}

static uint16_t take(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	struct pipeline *p = worker->node->clock_context;
	uint16_t n = RTE_MIN(count, p->send_limit);

	(void)port;
	for (uint16_t i = 0; i < n; i++) {
		if (p->sent_count < PIPELINE_MAX_SENT) {
			struct frame *f = &p->sent[p->sent_count++];

			f->len = RTE_MIN((size_t)packets[i]->data_len, sizeof(f->bytes));
			memcpy(f->bytes, rte_pktmbuf_mtod(packets[i], uint8_t *), f->len);
		}
		rte_pktmbuf_free(packets[i]);
	}
	return n;
}

static bool record(void *context, const struct dt_record *r)
{
	struct pipeline *p = context;

	if (p->record_count == PIPELINE_MAX_RECORDS)
		return false;
	p->records[p->record_count++] = *r;
	return true;
}

// As the telemetry file does: a name keeps its slot.
static int slot_of(void *context, const char *name)
{
	struct pipeline *p = context;
	unsigned int i = 0;

	while (i < p->slots && strcmp(p->names[i], name) != 0)
		i++;
	if (i == DT_MAX_NAMES)
		return -ENOSPC;
	if (i == p->slots)
		snprintf(p->names[p->slots++], sizeof(p->names[0]), "%s", name);
	return (int)i;
}

static void give_up(const char *what, const char *error)
{
	fprintf(stderr, "%s: %s\n", what, error);
	abort();
}

static void open_ports(struct node *node)
{
	for (unsigned int i = 0; i < node->port_count; i++) {
		node->ports[i].mtu = node->ports[i].mtu ? node->ports[i].mtu : 1500;
		node->ports[i].rx_queues = (uint16_t)node->worker_count;
		node->ports[i].tx_queues = (uint16_t)node->worker_count;
		node->ports[i].mac[0] = 0x02;
	}
}

static void listen_to(struct pipeline *p)
{
	for (unsigned int i = 0; i < p->node.worker_count; i++) {
		p->node.workers[i]->push = record;
		p->node.workers[i]->push_context = p;
	}
}

struct pipeline *pipeline_open(const char *yaml, bool assume_neighbours)
{
	static unsigned int opened;
	struct pipeline *p = calloc(1, sizeof(*p));
	const struct slot_names names = {slot_of, slot_of, p};
	char name[16];
	char error[SETTINGS_ERROR_BYTES];

	p->sent = calloc(PIPELINE_MAX_SENT, sizeof(p->sent[0]));
	p->records = calloc(PIPELINE_MAX_RECORDS, sizeof(p->records[0]));
	p->names = calloc(DT_MAX_NAMES, sizeof(p->names[0]));
	p->now = (struct node_time){.mono_ns = 1000000000, .real_ns = 1767225607000000000ull};
	p->headroom = RTE_PKTMBUF_HEADROOM;
	p->send_limit = UINT16_MAX;
	p->settings = settings_parse("test", yaml, strlen(yaml), error);
	if (!p->settings || setup_node(&p->node, p->settings, 1, error) != 0)
		give_up("settings", error);
	p->node.sample_threshold = 1ull << 32;
	p->node.sample_limit = UINT32_MAX;
	p->node.clock = the_clock;
	p->node.clock_context = p;
	p->node.send = take;
	open_ports(&p->node);
	atomic_store(&p->node.state, NODE_READY);
	snprintf(name, sizeof(name), "test%u", opened++);
	p->pool = rte_pktmbuf_pool_create(name, 16383, 0, PACKET_META_BYTES, ROOM_BYTES, 0);
	if (!p->pool || !tables_create(&p->tables, &p->node, p->settings, &names, 1, error))
		give_up("tables", error);
	if (setup_workers(&p->node, p->settings, p->pool, 0, assume_neighbours, error) != 0)
		give_up("workers", error);
	listen_to(p);
	return p;
}

unsigned int pipeline_close(struct pipeline *p)
{
	unsigned int missing;

	setup_workers_free(&p->node);
	missing = rte_mempool_in_use_count(p->pool);
	tables_free(&p->tables);
	setup_node_free(&p->node);
	settings_free(p->settings);
	rte_mempool_free(p->pool);
	free(p->sent);
	free(p->records);
	free(p->names);
	free(p);
	return missing;
}

static struct rte_mbuf *packet_of(struct pipeline *p, const struct frame *frame)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(p->pool);

	if (!packet)
		give_up("packet", "no buffer");
	packet->data_off = p->headroom;
	memcpy(rte_pktmbuf_append(packet, (uint16_t)frame->len), frame->bytes, frame->len);
	return packet;
}

void pipeline_receive_only(
	struct pipeline *p, unsigned int thread, const struct frame *frames, unsigned int count)
{
	struct worker *worker = p->node.workers[thread];
	struct rte_mbuf *packets[WORKER_BURST];

	worker_begin(worker);
	for (unsigned int done = 0; done < count;) {
		unsigned int n = RTE_MIN(count - done, (unsigned int)WORKER_BURST);

		for (unsigned int i = 0; i < n; i++)
			packets[i] = packet_of(p, &frames[done + i]);
		worker_process(worker, packets, n, 0);
		done += n;
	}
	worker_flush(worker);
}

void pipeline_settle(struct pipeline *p)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned int i = 0; i < p->node.worker_count; i++) {
			bool emptied;

			worker_begin(p->node.workers[i]);
			again |= worker_take_over(p->node.workers[i], &emptied) > 0;
			worker_flush(p->node.workers[i]);
		}
	}
}

void pipeline_receive(
	struct pipeline *p, unsigned int thread, const struct frame *frames, unsigned int count)
{
	pipeline_receive_only(p, thread, frames, count);
	pipeline_settle(p);
}

void pipeline_wait(struct pipeline *p, uint64_t ns)
{
	for (uint64_t passed = 0; passed < ns; passed += STEP_NS) {
		p->now.mono_ns += STEP_NS;
		p->now.real_ns += STEP_NS;
		for (unsigned int i = 0; i < p->node.worker_count; i++) {
			worker_begin(p->node.workers[i]);
			worker_housekeep(p->node.workers[i], WORKER_BURST);
			worker_flush(p->node.workers[i]);
		}
		pipeline_settle(p);
	}
}

uint64_t pipeline_drops(const struct pipeline *p, enum dt_drop_reason reason)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < p->node.worker_count; i++) {
		for (unsigned int slot = 0; slot <= VIP_MAX; slot++)
			total += p->node.workers[i]->drops[slot][reason].packets;
	}
	return total;
}
