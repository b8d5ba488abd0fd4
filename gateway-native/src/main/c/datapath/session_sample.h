// SPDX-License-Identifier: Apache-2.0
//
// A page of one worker's sessions, copied by the worker when the control thread asks for it. A look
// at the whole of a big table would be a gap in forwarding: each poll looks at a few places, until
// the page is full, the table ends or enough was looked at.
#ifndef DYETRACE_SESSION_SAMPLE_H
#define DYETRACE_SESSION_SAMPLE_H

#include "session_table.h"

#include <stdatomic.h>

#define SESSION_SAMPLE_SIZE 32
#define SESSION_SAMPLE_POLL_STEPS 512   // places looked at a poll
#define SESSION_SAMPLE_MAX_STEPS 131072 // and a request

// Which sessions are wanted.
struct session_filter {
	bool by_service;
	bool by_client;
	uint16_t service;
	struct ip_address client;
};

// The control thread writes filter and cursor, then raises wanted; the rest is the worker's until
// served equals wanted.
struct session_sample {
	_Atomic uint32_t wanted;
	_Atomic uint32_t served;
	struct session_filter filter;
	uint32_t cursor; // the place where the page begins, and then where it ended
	bool ended;      // the table did
	bool begun;
	uint32_t steps;
	uint32_t tick; // the worker's time then
	uint32_t count;
	struct session sessions[SESSION_SAMPLE_SIZE];
};

// The worker's, once a poll; costs two loads when nothing is wanted.
void session_sample_serve(
	struct session_sample *sample, const struct session_table *table, uint32_t tick);

#endif
