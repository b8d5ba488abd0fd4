// SPDX-License-Identifier: Apache-2.0
//
// Follows TCP and SCTP as far as a session's life needs it.
#ifndef DYETRACE_SESSION_FOLLOW_H
#define DYETRACE_SESSION_FOLLOW_H

#include "session_table.h"

#include "../packet/parse.h"

#include <stdbool.h>

// What session_follow() wants to know of a packet: TCP's flags. An SCTP packet without a
// verification tag carries an INIT and counts as a SYN, every other one as an ACK.
static inline uint8_t session_follow_flags(const struct packet_view *view)
{
	if (view->protocol == PROTOCOL_SCTP)
		return view->tcp_sequence == 0 ? TCP_SYN : TCP_ACK;
	return view->tcp_flags;
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
