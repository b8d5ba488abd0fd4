// SPDX-License-Identifier: Apache-2.0
//
// What the CPU counts of this thread in user mode, by perf_event_open(2): time jitters on a shared
// machine, instructions do not. A counter that the machine does not offer reads as not available.
#ifndef DYETRACE_PERF_COUNTERS_H
#define DYETRACE_PERF_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum perf_counter {
	PERF_INSTRUCTIONS,
	PERF_CYCLES,
	PERF_CACHE_MISSES, // of the last level, as the kernel maps it
	PERF_L1_MISSES,    // data, loads
	PERF_COUNTERS,
};

struct perf_counters {
	int fds[PERF_COUNTERS]; // -1: not available
};

// Opens what there is; nothing is counted yet.
void perf_counters_open(struct perf_counters *counters);
void perf_counters_close(struct perf_counters *counters);

// Counting goes on between start and stop.
void perf_counters_start(const struct perf_counters *counters);
void perf_counters_stop(const struct perf_counters *counters);
void perf_counters_reset(const struct perf_counters *counters);

// What was counted since the reset. Counters that had to share the hardware are scaled up.
void perf_counters_read(const struct perf_counters *counters, double values[PERF_COUNTERS]);

// Involuntary context switches of this thread so far.
uint64_t perf_involuntary_switches(void);

#endif
