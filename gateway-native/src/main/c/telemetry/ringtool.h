// SPDX-License-Identifier: Apache-2.0
//
// The commands of dyetrace-ringtool; each returns its exit status.
#ifndef DYETRACE_RINGTOOL_H
#define DYETRACE_RINGTOOL_H

#include <stdio.h>

enum { EXIT_USAGE = 2 };

void ringtool_usage(FILE *out);

int ringtool_dump(int argc, char **argv);
int ringtool_status(int argc, char **argv);
int ringtool_produce(int argc, char **argv); // argv[0] is the command

#endif
