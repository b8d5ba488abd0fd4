// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-ringtool: looks into telemetry files, and writes some for tests.
#include "ringtool.h"

#include <stdlib.h>
#include <string.h>

void ringtool_usage(FILE *out)
{
	fputs("Usage: dyetrace-ringtool dump [--from-tail] FILE\n"
	      "       dyetrace-ringtool status FILE\n"
	      "       dyetrace-ringtool produce --directory DIR --node NODE [OPTION…]\n"
	      "\n"
	      "dump     prints every record that is still in the file as one JSON object a line,\n"
	      "         released ones included as far as they are not overwritten;\n"
	      "         with --from-tail only those the agent has not released\n"
	      "status   prints one JSON object: the header and each ring's counts\n"
	      "produce  writes points into a new telemetry file, as a gateway would, for tests\n"
	      "  --workers N       rings of workers (default 1)\n"
	      "  --ring-records N  capacity of a ring, a power of two (default 65536)\n"
	      "  --count N         points per worker, then stop (default 0: until SIGTERM)\n"
	      "  --rate N          points a second and worker (default 0: as fast as room allows, "
	      "waiting for room)\n"
	      "  --boot-id N       default: the clock\n"
	      "  --no-counters     no counters each second\n"
	      "  --hold            keep the file locked after --count until SIGTERM or end of "
	      "standard input\n",
		out);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		ringtool_usage(stdout);
		return EXIT_SUCCESS;
	}
	if (argc >= 2 && strcmp(argv[1], "dump") == 0)
		return ringtool_dump(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "status") == 0)
		return ringtool_status(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "produce") == 0)
		return ringtool_produce(argc - 1, argv + 1);
	ringtool_usage(stderr);
	return EXIT_USAGE;
}
