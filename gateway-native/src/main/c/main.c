// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-gateway: a load balancer on DPDK that stamps coloured packets.
#include "control/daemon.h"
#include "control/options.h"
#include "control/replay.h"
#include "control/settings.h"

#include <stdio.h>

#define EXIT_WRONG 2

int main(int argc, char **argv)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings *settings;
	struct options options;
	int status;

	switch (options_read(argc, argv, &options, error, sizeof(error))) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		fprintf(stderr, "dyetrace-gateway: %s\n", error);
		return EXIT_WRONG;
	}
	settings = settings_load(options.config, error);
	if (!settings) {
		fprintf(stderr, "dyetrace-gateway: %s\n", error);
		return EXIT_WRONG;
	}
	if (options.replay)
		status = replay_run(argv[0], &options, settings);
	else
		status = daemon_run(argv[0], &options, settings);
	settings_free(settings);
	return status;
}
