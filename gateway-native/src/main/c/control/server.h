// SPDX-License-Identifier: Apache-2.0
//
// The control socket: lines in, lines out, many clients, never blocking.
#ifndef DYETRACE_SERVER_H
#define DYETRACE_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_MAX_CLIENTS 16
#define SERVER_MAX_LINE (1u << 20)
#define SERVER_MAX_UNREAD (1u << 20)   // bytes of answers, before more of its lines are answered
#define SERVER_SILENT_NS 1000000000ull // after which a client makes room for one that waits

struct server;

// The answer to a line, allocated; NULL: no memory.
typedef char *server_answer(void *context, const char *line, size_t len);

// Opens the socket: takes the place of one that a dead daemon left behind, refuses (-EADDRINUSE)
// when somebody listens there.
int server_create(const char *path, server_answer *answer, void *context, struct server **out);

// Closes and removes the socket.
void server_free(struct server *server);

// Fills in what to poll for; returns how many entries (at most SERVER_MAX_CLIENTS + 1).
unsigned int server_poll_set(struct server *server, struct pollfd *fds);

// Serves what poll() found, with the entries that server_poll_set() filled in. now_ns: monotonic.
void server_serve(
	struct server *server, const struct pollfd *fds, unsigned int count, uint64_t now_ns);

#endif
