// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <stdlib.h>
#include <string.h>

#define MAX_FILLS 200000u
#define WARM_FILLS 16u
#define BOX_SAMPLES 4000000u
#define BOX_GAP_US 10.0 // between two polls: then the kernel is asked whether it took the core

typedef void (*timed_step)(struct rig *rig);

// Not inlined, so that a profiler can count what happens in here and nothing else.
static __attribute__((noinline)) void step_poll(struct rig *rig)
{
	for (unsigned int i = rig_polls(rig); i > 0; i--)
		worker_poll(rig->worker);
}

static void step_port(struct rig *rig)
{
	struct rte_mbuf *packets[WORKER_BURST];

	for (unsigned int i = rig_polls(rig); i > 0; i--) {
		uint16_t n = rte_eth_rx_burst(rig->node.ports[0].id, 0, packets, WORKER_BURST);

		rte_eth_tx_burst(rig->node.ports[0].id, 0, packets, n);
	}
}

// Of the pipeline, what is not measured runs before or is taken away after.
static void before(struct rig *rig, timed_step step)
{
	if (rig->options->role != BENCH_WORKER || step != step_poll)
		return;
	for (unsigned int i = rig_polls(rig); i > 0; i--)
		worker_poll(rig->node.workers[0]);
}

static void after(struct rig *rig, timed_step step)
{
	struct rte_mbuf *packet;

	if (rig->options->role != BENCH_DISPATCHER || step != step_poll)
		return;
	while (rte_ring_dequeue(rig->node.workers[1]->from[0], (void **)&packet) == 0)
		rte_pktmbuf_free(packet);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void summarize(struct measurement *m, double *cycles, uint32_t count, double per_fill)
{
	double hz = (double)rte_get_tsc_hz();

	qsort(cycles, count, sizeof(cycles[0]), compare);
	m->cycles = cycles[count / 2] / per_fill;
	m->ns = m->cycles / hz * 1e9;
	m->ns_min = cycles[0] / per_fill / hz * 1e9;
	m->ns_p90 = cycles[(uint64_t)count * 9 / 10] / per_fill / hz * 1e9;
}

static uint64_t packets_out(const struct rig *rig)
{
	uint64_t sent = 0;

	for (unsigned int i = 0; i < rig->node.worker_count; i++)
		sent += rig->node.workers[i]->counters.tx_packets;
	return sent;
}

static struct measurement run(struct rig *rig, const struct rig_packets *packets, double seconds,
	uint64_t packets_wanted, timed_step step)
{
	static double cycles[MAX_FILLS];
	struct measurement m = {0};
	struct perf_counters counters;
	uint64_t end, sent_before;
	uint32_t fills = 0, warm = packets_wanted ? 0 : WARM_FILLS;

	perf_counters_open(&counters);
	for (uint32_t i = 0; i < warm; i++) {
		rig_fill(rig, packets);
		before(rig, step);
		step(rig);
		after(rig, step);
	}
	sent_before = packets_out(rig);
	end = rte_get_tsc_cycles() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	while (fills < MAX_FILLS && (packets_wanted ? m.packets < packets_wanted
						    : rte_get_tsc_cycles() < end || fills < 3)) {
		uint64_t start;

		rig_fill(rig, packets);
		before(rig, step);
		perf_counters_start(&counters);
		start = rte_rdtsc_precise();
		step(rig);
		cycles[fills++] = (double)(rte_rdtsc_precise() - start);
		perf_counters_stop(&counters);
		after(rig, step);
		m.packets += rig->options->ring;
	}
	m.sent = packets_out(rig) - sent_before;
	perf_counters_read(&counters, m.counted);
	perf_counters_close(&counters);
	for (int i = 0; i < PERF_COUNTERS; i++)
		m.counted[i] /= (double)m.packets;
	summarize(&m, cycles, fills, rig->options->ring);
	return m;
}

struct measurement measure(
	struct rig *rig, const struct rig_packets *packets, double seconds, uint64_t packets_wanted)
{
	return run(rig, packets, seconds, packets_wanted, step_poll);
}

struct measurement measure_port_floor(struct rig *rig, double seconds)
{
	const struct rig_packets packets = {.tcp_flags = 0x10, .vip_port = 80};

	return run(rig, &packets, seconds, 0, step_port);
}

struct box {
	struct rte_mbuf *ready[RIG_MAX_PACKETS]; // filled, in order
	uint64_t due[2048];                      // arrival of the packets in the box, oldest first
	uint32_t first;
	uint32_t inside;
};

// What came out, in the order it went in: one worker keeps it.
static uint32_t take_out(struct rig *rig, struct box *box, double *us, uint32_t count, bool *broken)
{
	double hz = (double)rte_get_tsc_hz();
	uint64_t now = rte_get_tsc_cycles();
	struct rte_mbuf *packet;

	while (box->inside && (packet = rig_take(rig)) != NULL) {
		if (!*broken && count < BOX_SAMPLES)
			us[count++] = (double)(now - box->due[box->first]) / hz * 1e6;
		box->first = (box->first + 1) % 2048;
		box->inside--;
		rte_pktmbuf_free(packet);
	}
	return count;
}

static void ready_packets(struct rig *rig, const struct rig_packets *packets, struct box *box)
{
	rig_fill(rig, packets);
	for (uint32_t i = 0; i < rig->options->ring; i++)
		rte_ring_dequeue(rig->in[0], (void **)&box->ready[i]);
}

struct box_time measure_box_time(
	struct rig *rig, const struct rig_packets *packets, double ns_between, double seconds)
{
	struct box box = {.inside = 0};
	struct box_time result = {0};
	double hz = (double)rte_get_tsc_hz(), gap = ns_between * hz / 1e9;
	uint64_t end = rte_get_tsc_cycles() + (uint64_t)(seconds * hz);
	uint64_t all = 0, left_out = 0;
	double *us = malloc(BOX_SAMPLES * sizeof(double));
	uint32_t count = 0;

	if (!us)
		return result;
	while (rte_get_tsc_cycles() < end && count < BOX_SAMPLES) {
		uint64_t switches, last;
		double due;
		uint32_t next = 0;
		bool broken = false;

		ready_packets(rig, packets, &box);
		switches = perf_involuntary_switches();
		last = rte_get_tsc_cycles();
		due = (double)last;
		while (next < rig->options->ring || box.inside) {
			uint64_t now = rte_get_tsc_cycles();

			if ((double)(now - last) / hz * 1e6 > BOX_GAP_US && !broken)
				broken = perf_involuntary_switches() != switches;
			last = now;
			while (next < rig->options->ring && due <= (double)now) {
				box.due[(box.first + box.inside++) % 2048] = (uint64_t)due;
				rte_ring_enqueue(rig->in[0], box.ready[next++]);
				due += gap;
			}
			worker_poll(rig->worker);
			count = take_out(rig, &box, us, count, &broken);
		}
		all += rig->options->ring;
		left_out += broken ? rig->options->ring : 0;
	}
	qsort(us, count, sizeof(us[0]), compare);
	if (count) {
		result.p50_us = us[count / 2];
		result.p99_us = us[(uint64_t)count * 99 / 100];
		result.p999_us = us[(uint64_t)count * 999 / 1000];
	}
	result.left_out = all ? (double)left_out / (double)all : 0;
	free(us);
	return result;
}
