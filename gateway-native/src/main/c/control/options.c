// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <stdlib.h>
#include <string.h>

#ifndef DYETRACE_VERSION
#define DYETRACE_VERSION "unknown"
#endif

static const char help[] =
	"Usage: dyetrace-gateway --config FILE [-- EAL-ARGUMENT…]\n"
	"       dyetrace-gateway --config FILE --replay IN.pcap --out OUT.pcap --points "
	"POINTS.ndjson [--workers N]\n"
	"\n"
	"Forwards VIPs to backends (tier clb) or elastic IPs to private addresses (tier eip) on "
	"DPDK ports,\n"
	"and stamps coloured packets.\n"
	"\n"
	"  --config FILE    the configuration (YAML); required\n"
	"  --replay FILE    do not open ports: take packets from a capture, at the times of the "
	"capture\n"
	"  --out FILE       with --replay: the packets that would have been sent\n"
	"  --points FILE    with --replay: the trace points and drop points, one JSON object a "
	"line\n"
	"  --workers N      with --replay: as many workers take the packets in turn (default: the\n"
	"                   configuration's workers and dispatchers), one after the other\n"
	"  --help           this text\n"
	"  --version        the version\n"
	"\n"
	"EAL arguments, for example:\n"
	"  --no-huge -m 256 --lcores='0@(0-1),1@(0-1)' --vdev=net_af_packet0,iface=eth0\n"
	"Dispatchers, then workers take the EAL's worker lcores in turn and the main lcore last.\n"
	"\n"
	"Exit status: 0 after SIGTERM or SIGINT, 2 for wrong options or configuration, 1 "
	"otherwise.\n";

static const struct {
	const char *name;
	size_t offset;
} with_value[] = {
	{"--config", offsetof(struct options, config)},
	{"--replay", offsetof(struct options, replay)},
	{"--out", offsetof(struct options, out)},
	{"--points", offsetof(struct options, points)},
	{"--workers", offsetof(struct options, workers_text)},
};

// *index moves on to the value. false: no option of ours, or without its value.
static bool take_option(int argc, char **argv, int *index, struct options *options)
{
	const char *argument = argv[*index];

	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		size_t len = strlen(with_value[i].name);
		const char **place = (const char **)((char *)options + with_value[i].offset);

		if (strncmp(argument, with_value[i].name, len) != 0)
			continue;
		if (argument[len] == '=') {
			*place = argument + len + 1;
			return true;
		}
		if (argument[len] == '\0' && *index + 1 < argc) {
			*place = argv[++*index];
			return true;
		}
	}
	return false;
}

static bool read_workers(struct options *o)
{
	char *end;
	unsigned long workers = strtoul(o->workers_text, &end, 10);

	o->workers = (unsigned int)workers;
	return o->workers_text[0] >= '0' && o->workers_text[0] <= '9' && *end == '\0' &&
	       workers >= 1 && workers <= OPTIONS_MAX_WORKERS;
}

static enum options_outcome check(struct options *o, char *error, size_t error_bytes)
{
	const char *complaint = NULL;

	if (!o->config)
		complaint = "--config is missing";
	else if (o->replay && !o->out)
		complaint = "--out is missing: --replay needs it";
	else if (o->replay && !o->points)
		complaint = "--points is missing: --replay needs it";
	else if (!o->replay && (o->out || o->points || o->workers_text))
		complaint = "--out, --points and --workers go with --replay only";
	else if (o->workers_text && !read_workers(o))
		complaint = "--workers is not within 1 and 64";
	if (!complaint)
		return OPTIONS_RUN;
	snprintf(error, error_bytes, "%s", complaint);
	return OPTIONS_WRONG;
}

enum options_outcome options_read(
	int argc, char **argv, struct options *options, char *error, size_t error_bytes)
{
	*options = (struct options){.config = NULL};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(help, stdout);
			return OPTIONS_DONE;
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("dyetrace-gateway " DYETRACE_VERSION);
			return OPTIONS_DONE;
		}
		if (strcmp(argv[i], "--") == 0) {
			options->eal = argv + i + 1;
			options->eal_count = argc - i - 1;
			break;
		}
		if (!take_option(argc, argv, &i, options)) {
			snprintf(error, error_bytes,
				"%s: is no option, or lacks its value (--help)", argv[i]);
			return OPTIONS_WRONG;
		}
	}
	return check(options, error, error_bytes);
}
