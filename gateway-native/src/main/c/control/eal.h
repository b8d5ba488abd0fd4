// SPDX-License-Identifier: Apache-2.0
#ifndef DYETRACE_EAL_H
#define DYETRACE_EAL_H

#include "options.h"

#include <stdbool.h>

// Starts DPDK with the arguments behind "--". What they leave open is set so that several gateways
// can run on one machine, and so that without huge pages nothing is left in the file system. An
// error has been logged.
bool eal_start(const char *program, const struct options *options, const char *node);

#endif
