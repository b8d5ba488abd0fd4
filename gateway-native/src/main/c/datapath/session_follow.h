// SPDX-License-Identifier: Apache-2.0
//
// Follows TCP and SCTP as far as a session's life needs it.
#ifndef DYETRACE_SESSION_FOLLOW_H
#define DYETRACE_SESSION_FOLLOW_H

#include "session_table.h"

#include "../packet/parse.h"

#include <stdbool.h>

// SCTP's first chunk as if it were TCP's flags. An INIT has no verification tag; what else has none
// nobody answers (RFC 9260, 8.5.1), so it must not make a session.
static inline uint8_t session_follow_sctp(const struct packet_view *view)
{
	switch (view->sctp_chunk) {
	case SCTP_INIT:
		return view->tcp_sequence == 0 ? TCP_SYN : TCP_ACK;
	case SCTP_ABORT:
	case SCTP_SHUTDOWN_COMPLETE:
		return TCP_RST;
	default:
		return TCP_ACK;
	}
}

// What session_follow() wants to know of a packet: TCP's flags.
static inline uint8_t session_follow_flags(const struct packet_view *view)
{
	return view->protocol == PROTOCOL_SCTP ? session_follow_sctp(view) : view->tcp_flags;
}

// State and class of a new session, by its protocol.
void session_follow_begin(struct session *fresh);

// session_follow() for a packet that may change the state.
void session_follow_change(struct session_table *table, struct session *session, bool forward,
	uint8_t flags, uint32_t tick);

// A packet of the session passed in the direction. flags: of session_follow_flags().
static inline void session_follow(struct session_table *table, struct session *session,
	bool forward, uint8_t flags, uint32_t tick)
{
	if (session->state >= SESSION_ESTABLISHED && !(flags & (TCP_FIN | TCP_RST)))
		session_touch(table, session, tick);
	else
		session_follow_change(table, session, forward, flags, tick);
}

// The connection is over as far as both ends may know: a SYN starts another one.
static inline bool session_is_over(const struct session *session)
{
	return session->state == SESSION_CLOSING || session->state == SESSION_RESET;
}

const char *session_state_name(uint8_t state);

#endif
