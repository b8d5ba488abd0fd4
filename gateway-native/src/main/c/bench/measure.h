// SPDX-License-Identifier: Apache-2.0
//
// One figure: fill the wire, time the polls that take what is on it, again and again.
#ifndef DYETRACE_BENCH_MEASURE_H
#define DYETRACE_BENCH_MEASURE_H

#include "perf_counters.h"
#include "rig.h"

struct measurement {
	uint64_t packets;
	uint64_t sent; // of them: the rest was dropped
	double ns;     // a packet: the median over the fills
	double ns_min;
	double ns_p90;
	double cycles;                 // of the time stamp counter
	double counted[PERF_COUNTERS]; // a packet, in user mode; 0: not available
};

// Runs for `seconds`, or for so many packets when packets_wanted is not 0.
struct measurement measure(struct rig *rig, const struct rig_packets *packets, double seconds,
	uint64_t packets_wanted);

// The bare port loop: the same bursts received and sent, nothing else.
struct measurement measure_port_floor(struct rig *rig, double seconds);

struct box_time {
	double p50_us;
	double p99_us;
	double p999_us;
	double left_out; // share of packets in bursts with an involuntary context switch
};

// Time in the box while packets arrive at a fixed rate, from when each was due to when it has been
// sent.
struct box_time measure_box_time(
	struct rig *rig, const struct rig_packets *packets, double ns_between, double seconds);

#endif
