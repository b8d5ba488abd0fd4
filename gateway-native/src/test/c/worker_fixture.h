// SPDX-License-Identifier: Apache-2.0
//
// A worker on two ports with DPDK's buffers, without hugepages, threads or devices. What it sends
// and drops is kept; drop.c and stamp.c are replaced.
#ifndef DYETRACE_TEST_WORKER_FIXTURE_H
#define DYETRACE_TEST_WORKER_FIXTURE_H

#include "frame.h"

#include "../../main/c/datapath/worker.h"

#define FIXTURE_KEPT 64

struct fixture {
	struct node node;
	struct worker *worker;
	unsigned int sent_count;
	struct frame sent[FIXTURE_KEPT];
	uint8_t sent_port[FIXTURE_KEPT];
	unsigned int stamped; // TX stamps
	unsigned int consumed;
	unsigned int uncreated;
	unsigned int dropped[DT_DROP_COUNT];
	uint16_t takes; // packets a call of send
};

extern struct fixture fixture;

// cmocka's: once for the group, and before each test. Port 0: 192.0.2.2/24, 2001:db8:1::2/64,
// gateways .1 and ::1, MAC 02:01:00:00:00:01; port 1: 198.51.100.2/24, 2001:db8:2::2/64, MAC
// 02:01:00:00:00:02. Local addresses: 192.0.2.16, 2001:db8:1::16.
int fixture_start(void **state);
int fixture_reset(void **state);

struct rte_mbuf *fixture_packet(const struct frame *frame);

// The mbuf's bytes.
struct frame fixture_bytes(struct rte_mbuf *packet);

// Addressed to a port of ours.
void fixture_address(struct frame *frame, unsigned int port);

unsigned int fixture_free_buffers(void);

#endif
