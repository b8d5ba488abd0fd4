// SPDX-License-Identifier: Apache-2.0
//
// Follows TCP as far as a session's life needs it.
#ifndef DYETRACE_SESSION_FOLLOW_H
#define DYETRACE_SESSION_FOLLOW_H

#include "session_table.h"

#include <stdbool.h>

// A packet of the session passed in the direction. For UDP the flags are 0.
void session_follow(struct session_table *table, struct session *session, bool forward,
	uint8_t tcp_flags, uint32_t tick);

// The connection is over as far as both ends may know: a SYN starts another one.
static inline bool session_is_over(const struct session *session)
{
	return session->state == SESSION_CLOSING || session->state == SESSION_RESET;
}

const char *session_state_name(uint8_t state);

#endif
