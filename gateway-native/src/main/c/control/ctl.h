// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-gatewayctl, in parts: arguments to requests, the socket, answers for people.
#ifndef DYETRACE_CTL_H
#define DYETRACE_CTL_H

#include <jansson.h>

#include <stdbool.h>
#include <stdio.h>

#define CTL_LIST_ENTRIES 4000 // of one request: its line must stay below 1 MiB
#define CTL_MAX_REQUIRED 3

// How a command's arguments become its request.
enum ctl_shape {
	CTL_PLAIN,   // keys of the request
	CTL_OBJECT,  // keys of the object that `object` names, or the whole of it
	CTL_BACKEND, // vip=NAME, and the rest are the backend's keys
	CTL_LIMITS,  // vip=NAME, new_connection_limit, and the rest are the limits' keys
};

struct ctl_command {
	const char *name;
	enum ctl_shape shape;
	const char *object; // CTL_OBJECT: where one stands …
	const char *list;   // … and many, when it takes many
	const char *bare;   // the keys, in turn, of arguments without one
	const char *rows;   // the answer has pages of these; all are fetched
	const char *required[CTL_MAX_REQUIRED];
	const char *arguments;
	const char *help;
	const char *keys; // what the arguments can be, for --help; NULL: said already
};

extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

const struct ctl_command *ctl_find_command(const char *name);

// The requests that the arguments ask for, as an array. NULL: said why.
json_t *ctl_requests(const struct ctl_command *command, int argc, char **argv);

// NULL: said why.
json_t *ctl_ask(const char *path, const json_t *request);

// For people.
void ctl_print(const json_t *object, int indent);

#endif
