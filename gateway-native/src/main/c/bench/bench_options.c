// SPDX-License-Identifier: Apache-2.0
#include "bench_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: dyetrace-gateway-bench [OPTION…]\n"
	"\n"
	"Times the gateway's data path on one core without a network card: packets stand ready in "
	"a\n"
	"DPDK ring port, and the worker's own poll takes, translates and sends them. In the same "
	"run:\n"
	"the bare port loop, and the bare look-up of as many keys.\n"
	"\n"
	"  --tier eip|clb        the tier (default: clb)\n"
	"  --mode MODE           clb: full-nat (default), dnat, tunnel\n"
	"  --encap KIND          eip: vxlan (default), gre, ipip, gue, none\n"
	"  --role ROLE           clb: all (default: run to completion), dispatcher, worker: one "
	"side of\n"
	"                        the pipeline alone\n"
	"  --direction WAY       forward (default), reply: from the servers, or from inside\n"
	"  --flows N             sessions or mappings, 1 to 16777216 (default: 100000)\n"
	"  --packet-size BYTES   of the frame without FCS, 64 to 1514 (default: 64)\n"
	"  --burst N             packets a poll; this build polls 32\n"
	"  --ring N              packets that stand ready, a multiple of 32 up to 1024 (default: "
	"512)\n"
	"  --coloured SHARE      share of packets that are verified probes, 0 to 1 (default: "
	"0)\n"
	"  --ipv6                IPv6 flows to IPv6 backends\n"
	"  --seconds S           measuring time of each figure (default: 1)\n"
	"  --json                one JSON object on one line\n"
	"  --help, --version\n";

static bool number(const char *option, const char *text, double low, double high, double *out,
	char *error, size_t error_bytes)
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	if (errno == 0 && end != text && *end == '\0' && *out >= low && *out <= high)
		return true;
	snprintf(error, error_bytes, "--%s: '%.40s' is not within %g and %g", option, text, low,
		high);
	return false;
}

static bool choice(const char *option, const char *text, const char *const *names, int *out,
	char *error, size_t error_bytes)
{
	for (*out = 0; names[*out]; (*out)++) {
		if (strcmp(names[*out], text) == 0)
			return true;
	}
	snprintf(error, error_bytes, "--%s: '%.40s' is not one of its values; see --help", option,
		text);
	return false;
}

static const struct option long_options[] = {
	{"tier", required_argument, NULL, 't'},
	{"mode", required_argument, NULL, 'm'},
	{"encap", required_argument, NULL, 'e'},
	{"role", required_argument, NULL, 'r'},
	{"direction", required_argument, NULL, 'd'},
	{"flows", required_argument, NULL, 'f'},
	{"packet-size", required_argument, NULL, 'p'},
	{"burst", required_argument, NULL, 'b'},
	{"ring", required_argument, NULL, 'g'},
	{"coloured", required_argument, NULL, 'c'},
	{"seconds", required_argument, NULL, 's'},
	{"ipv6", no_argument, NULL, '6'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

static bool take(int option, const char *name, struct bench_options *o, char *error, size_t bytes)
{
	static const char *const tiers[] = {"eip", "clb", NULL};
	static const char *const modes[] = {"full-nat", "dnat", "tunnel", NULL};
	static const char *const roles[] = {"all", "dispatcher", "worker", NULL};
	static const char *const directions[] = {"forward", "reply", NULL};
	static const char *const encaps[] = {"none", "vxlan", "gre", "ipip", "gue", NULL};
	double value = 0;
	int index = 0;
	bool ok = true;

	switch (option) {
	case 't':
		ok = choice(name, optarg, tiers, &index, error, bytes);
		o->tier = (enum bench_tier)index;
		break;
	case 'm':
		ok = choice(name, optarg, modes, &index, error, bytes);
		o->mode = (enum bench_mode)index;
		break;
	case 'r':
		ok = choice(name, optarg, roles, &index, error, bytes);
		o->role = (enum bench_role)index;
		break;
	case 'd':
		ok = choice(name, optarg, directions, &index, error, bytes);
		o->direction = (enum bench_direction)index;
		break;
	case 'e':
		ok = choice(name, optarg, encaps, &index, error, bytes);
		o->encap = optarg;
		break;
	case 'f':
		ok = number(name, optarg, 1, 16777216, &value, error, bytes);
		o->flows = (uint32_t)value;
		break;
	case 'p':
		ok = number(name, optarg, 64, 1514, &value, error, bytes);
		o->packet_size = (uint32_t)value;
		break;
	case 'b':
		ok = number(name, optarg, 32, 32, &value, error, bytes);
		o->burst = (uint32_t)value;
		break;
	case 'g':
		ok = number(name, optarg, 32, 1024, &value, error, bytes);
		o->ring = (uint32_t)value / 32 * 32;
		break;
	case 'c':
		ok = number(name, optarg, 0, 1, &o->coloured, error, bytes);
		break;
	case 's':
		ok = number(name, optarg, 0.01, 600, &o->seconds, error, bytes);
		break;
	case '6':
		o->ipv6 = true;
		break;
	default:
		o->json = true;
		break;
	}
	return ok;
}

enum bench_options_outcome bench_options_read(
	int argc, char **argv, struct bench_options *options, char *error, size_t error_bytes)
{
	int option, index = 0;

	*options = (struct bench_options){
		.tier = BENCH_CLB,
		.flows = 100000,
		.packet_size = 64,
		.burst = 32,
		.ring = 512,
		.seconds = 1,
		.encap = "vxlan",
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return BENCH_OPTIONS_DONE;
		}
		if (option == 'v') {
			puts("dyetrace-gateway-bench " DYETRACE_VERSION);
			return BENCH_OPTIONS_DONE;
		}
		if (option == '?') {
			snprintf(error, error_bytes,
				"'%.60s': unknown option, or without its value; see --help",
				argv[optind - 1]);
			return BENCH_OPTIONS_WRONG;
		}
		if (!take(option, long_options[index].name, options, error, error_bytes))
			return BENCH_OPTIONS_WRONG;
	}
	if (optind < argc) {
		snprintf(error, error_bytes, "'%.60s': unknown argument; see --help", argv[optind]);
		return BENCH_OPTIONS_WRONG;
	}
	if (options->direction == BENCH_REPLY && options->mode == BENCH_TUNNEL) {
		snprintf(error, error_bytes, "--direction reply: none passes here with tunnels");
		return BENCH_OPTIONS_WRONG;
	}
	if (options->ipv6 && options->packet_size < 74)
		options->packet_size = 74; // Ethernet, IPv6 and TCP
	return BENCH_OPTIONS_RUN;
}
