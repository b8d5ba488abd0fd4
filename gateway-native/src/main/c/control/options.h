// SPDX-License-Identifier: Apache-2.0
#ifndef DYETRACE_OPTIONS_H
#define DYETRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define OPTIONS_MAX_WORKERS 64

struct options {
	const char *config;
	const char *replay; // NULL: run as a daemon
	const char *out;
	const char *points;
	const char *workers_text;
	unsigned int workers; // of a replay; 0: the configuration's
	char **eal;           // what stands behind "--"
	int eal_count;
};

enum options_outcome {
	OPTIONS_RUN,
	OPTIONS_DONE,  // --help or --version: printed
	OPTIONS_WRONG, // *error says why
};

enum options_outcome options_read(
	int argc, char **argv, struct options *options, char *error, size_t error_bytes);

#endif
