// SPDX-License-Identifier: Apache-2.0
//
// --replay: the datapath on a capture, at the capture's times; the same input gives the same output
// to the byte.
#ifndef DYETRACE_REPLAY_H
#define DYETRACE_REPLAY_H

#include "options.h"
#include "settings.h"

// Returns the exit status; an error has been logged.
int replay_run(const char *program, const struct options *options, struct settings *settings);

#endif
