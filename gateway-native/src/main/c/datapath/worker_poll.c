// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include "dispatch.h"
#include "neighbour_input.h"
#include "steer.h"
#include "transmit.h"

#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#define ANNOUNCEMENTS 3 // of our addresses after the start, one at each step of the neighbours

void worker_flush(struct worker *w)
{
	dispatch_flush(w);
	for (unsigned int i = 0; i < w->node->port_count; i++)
		transmit_flush(w, i);
}

// Each family that has a default gateway reaches it.
static bool gateways_answer(const struct worker *w)
{
	const struct node *node = w->node;
	int v4 = node->default_port_v4, v6 = node->default_port_v6;

	return (v4 < 0 || neighbour_is_reachable(w->neighbours, &node->ports[v4].v4.gateway)) &&
	       (v6 < 0 || neighbour_is_reachable(w->neighbours, &node->ports[v6].v6.gateway));
}

void worker_housekeep(struct worker *w, unsigned int found)
{
	const struct node *node = w->node;
	uint32_t steps = RTE_MIN(RTE_MAX(2 * found, WORKER_AGE_STEPS), WORKER_AGE_MAX_STEPS);

	session_table_age(&w->sessions, w->tick, steps);
	session_sample_serve(&w->sample, &w->sessions, w->tick);
	if (w->now.mono_ns - w->neighbours_stepped_ns < NEIGHBOUR_STEP_NS)
		return;
	w->neighbours_stepped_ns = w->now.mono_ns;
	neighbour_step(w->neighbours, w->now.mono_ns);
	atomic_store_explicit(&w->next_hop_reachable, gateways_answer(w), memory_order_relaxed);
	if (w->index == 0 && w->announced < ANNOUNCEMENTS && !w->neighbours->assume_present) {
		w->announced++;
		for (unsigned int i = 0; i < node->port_count; i++)
			neighbour_announce(w, i);
	}
}

static unsigned int poll_ports(struct worker *w)
{
	struct rte_mbuf *packets[WORKER_BURST];
	unsigned int total = 0;

	if (!node_polls_ports(w->node, w->index))
		return 0;
	for (unsigned int i = 0; i < w->node->port_count; i++) {
		uint16_t n;

		if (w->index >= w->node->ports[i].rx_queues)
			continue;
		n = rte_eth_rx_burst(
			w->node->ports[i].id, (uint16_t)w->index, packets, WORKER_BURST);
		if (n)
			worker_process(w, packets, n, i);
		total += n;
	}
	return total;
}

unsigned int worker_take_over(struct worker *w, bool *emptied)
{
	struct steer_burst owned;
	unsigned int total = 0;

	*emptied = true;
	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		unsigned int left = 0;

		if (i == w->index)
			continue;
		owned.count = rte_ring_sc_dequeue_burst(
			w->from[i], (void **)owned.packets, WORKER_BURST, &left);
		for (unsigned int p = 0; p < owned.count; p++)
			session_prefetch_bucket(&w->sessions, packet_meta(owned.packets[p])->hash);
		steer_work(w, &owned);
		total += owned.count;
		if (left)
			*emptied = false;
	}
	return total;
}

static void measure_gap(struct worker *w)
{
	uint64_t gap;

	if (w->last_poll_ns) {
		gap = w->now.mono_ns - w->last_poll_ns;
		gap = gap > w->slept_ns ? gap - w->slept_ns : 0;
		if (gap > atomic_load_explicit(&w->longest_gap_ns, memory_order_relaxed))
			atomic_store_explicit(&w->longest_gap_ns, gap, memory_order_relaxed);
	}
	w->last_poll_ns = w->now.mono_ns;
	w->slept_ns = 0;
}

// The earliest time a packet that may still be handed to this worker was received at.
static uint64_t floor_of_all(const struct worker *w)
{
	uint64_t floor = w->now.real_ns;

	for (unsigned int i = 0; i < w->node->worker_count; i++) {
		uint64_t theirs =
			atomic_load_explicit(&w->node->workers[i]->floor_ns, memory_order_acquire);

		if (i != w->index && theirs < floor)
			floor = theirs;
	}
	return floor;
}

unsigned int worker_poll(struct worker *w)
{
	unsigned int found;
	uint64_t floor;
	bool emptied;

	worker_begin(w);
	measure_gap(w);
	// What was received before now has been handed on by this worker's earlier polls.
	atomic_store_explicit(&w->floor_ns, w->now.real_ns, memory_order_release);
	floor = floor_of_all(w);
	found = poll_ports(w);
	found += worker_take_over(w, &emptied);
	worker_housekeep(w, found);
	worker_flush(w);
	if (emptied)
		w->complete_until_ns = floor;
	if (w->node->qsbr)
		rte_rcu_qsbr_quiescent(w->node->qsbr, w->index);
	return found;
}
