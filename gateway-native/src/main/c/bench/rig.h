// SPDX-License-Identifier: Apache-2.0
//
// A gateway without a network: one worker, one DPDK ring port whose packets are put there by hand.
#ifndef DYETRACE_BENCH_RIG_H
#define DYETRACE_BENCH_RIG_H

#include "bench_options.h"
#include "traffic.h"

#include "../control/services.h"
#include "../control/settings.h"
#include "../datapath/worker.h"
#include "../telemetry/ring.h"

#define RIG_POINTS 65536u // records of a ring
#define RIG_MAX_PACKETS 1024

// A ring as in the telemetry file; its reader takes all at each fill.
struct rig_points {
	struct dt_ring ring;
	struct dt_ring_writer writer;
	struct dt_record *records;
};

struct rig {
	const struct bench_options *options;
	struct settings *settings;
	struct node node;
	struct services *services;
	struct eip_table *eips;
	struct rte_mempool *pool;
	struct rte_ring *in[2];  // what the port's queues receive; the second stays empty
	struct rte_ring *out[2]; // what they have sent
	struct worker *worker;   // the one that is measured
	struct traffic traffic;
	struct rig_points points[2]; // of the workers
	uint32_t vip_names;
	uint32_t backend_names;
	uint32_t *order; // of flows, shuffled
	uint32_t next;   // in it
};

// false: an error has been printed.
bool rig_create(struct rig *rig, const struct bench_options *options, const char *program);
void rig_free(struct rig *rig);

struct rig_packets {
	uint8_t tcp_flags;
	uint16_t vip_port;
	double coloured;            // share of …
	enum traffic_colour colour; // … packets of this kind
	enum bench_direction direction;
	bool in_sequence; // flow 0, 1, 2 … from rig->next on, not the shuffled order
};

// Puts options->ring packets before the port and takes away what was sent.
void rig_fill(struct rig *rig, const struct rig_packets *packets);

// One packet that was sent, or NULL.
struct rte_mbuf *rig_take(struct rig *rig);

// Takes away all that was sent.
void rig_drain(struct rig *rig);

// Polls that take what rig_fill() put there.
static inline unsigned int rig_polls(const struct rig *rig)
{
	return rig->options->ring / WORKER_BURST;
}

#endif
