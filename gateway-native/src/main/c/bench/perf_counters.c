// SPDX-License-Identifier: Apache-2.0
#include "perf_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	uint32_t type;
	uint64_t config;
} events[PERF_COUNTERS] = {
	[PERF_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	[PERF_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	[PERF_CACHE_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	[PERF_L1_MISSES] = {PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_L1D |
							PERF_COUNT_HW_CACHE_OP_READ << 8 |
							PERF_COUNT_HW_CACHE_RESULT_MISS << 16},
};

void perf_counters_open(struct perf_counters *counters)
{
	for (int i = 0; i < PERF_COUNTERS; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr),
			.type = events[i].type,
			.config = events[i].config,
			.disabled = 1,
			.exclude_kernel = 1,
			.exclude_hv = 1,
			.read_format =
				PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		};

		counters->fds[i] = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	}
}

static void control(const struct perf_counters *counters, unsigned long request)
{
	for (int i = 0; i < PERF_COUNTERS; i++) {
		if (counters->fds[i] >= 0)
			ioctl(counters->fds[i], request, 0);
	}
}

void perf_counters_start(const struct perf_counters *counters)
{
	control(counters, PERF_EVENT_IOC_ENABLE);
}

void perf_counters_stop(const struct perf_counters *counters)
{
	control(counters, PERF_EVENT_IOC_DISABLE);
}

void perf_counters_reset(const struct perf_counters *counters)
{
	control(counters, PERF_EVENT_IOC_RESET);
}

void perf_counters_close(struct perf_counters *counters)
{
	for (int i = 0; i < PERF_COUNTERS; i++) {
		if (counters->fds[i] >= 0)
			close(counters->fds[i]);
		counters->fds[i] = -1;
	}
}

void perf_counters_read(const struct perf_counters *counters, double values[PERF_COUNTERS])
{
	for (int i = 0; i < PERF_COUNTERS; i++) {
		struct {
			uint64_t value;
			uint64_t enabled;
			uint64_t running;
		} got;

		values[i] = 0;
		if (counters->fds[i] < 0 ||
			read(counters->fds[i], &got, sizeof(got)) != (ssize_t)sizeof(got) ||
			got.running == 0)
			continue;
		values[i] = (double)got.value * ((double)got.enabled / (double)got.running);
	}
}

uint64_t perf_involuntary_switches(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}
