// SPDX-License-Identifier: Apache-2.0
#ifndef DYETRACE_BENCH_OPTIONS_H
#define DYETRACE_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bench_tier { BENCH_EIP, BENCH_CLB };
enum bench_mode { BENCH_FULL_NAT, BENCH_DNAT, BENCH_TUNNEL };
enum bench_direction { BENCH_FORWARD, BENCH_REPLY };
enum bench_role { BENCH_ALL, BENCH_DISPATCHER, BENCH_WORKER };

struct bench_options {
	enum bench_tier tier;
	enum bench_mode mode;
	enum bench_role role; // of the pipeline
	enum bench_direction direction;
	uint32_t flows;       // CLB: sessions; EIP: mappings
	uint32_t packet_size; // bytes of the Ethernet frame, without FCS
	uint32_t burst;
	uint32_t ring; // packets that stand ready at once
	double coloured;
	double seconds;    // of measuring, for each figure
	const char *encap; // EIP: none, vxlan, gre, ipip, gue
	bool ipv6;
	bool json;
};

enum bench_options_outcome { BENCH_OPTIONS_RUN, BENCH_OPTIONS_DONE, BENCH_OPTIONS_WRONG };

enum bench_options_outcome bench_options_read(
	int argc, char **argv, struct bench_options *options, char *error, size_t error_bytes);

#endif
