// SPDX-License-Identifier: Apache-2.0
#ifndef DYETRACE_DAEMON_H
#define DYETRACE_DAEMON_H

#include "options.h"
#include "settings.h"

// Runs until SIGTERM or SIGINT. Returns the exit status; an error has been logged.
int daemon_run(const char *program, const struct options *options, struct settings *settings);

#endif
