// SPDX-License-Identifier: Apache-2.0
#include "session_follow.h"

#include "../packet/parse.h"

static void move(struct session_table *table, struct session *s, enum session_state state,
	enum session_class class, uint32_t tick)
{
	s->state = (uint8_t)state;
	session_set_class(table, s, class, tick);
}

static bool is_half_open(const struct session *s)
{
	return s->state == SESSION_SYN_SENT || s->state == SESSION_SYN_RECEIVED ||
	       s->state == SESSION_RESET;
}

static void follow_fin(struct session_table *table, struct session *s, bool forward, uint32_t tick)
{
	s->flags |= forward ? SESSION_FIN_FORWARD : SESSION_FIN_REPLY;
	if ((s->flags & SESSION_FIN_FORWARD) && (s->flags & SESSION_FIN_REPLY) &&
		s->state != SESSION_RESET)
		move(table, s, SESSION_CLOSING, SESSION_CLASS_CLOSING, tick);
}

void session_follow(
	struct session_table *table, struct session *s, bool forward, uint8_t flags, uint32_t tick)
{
	if (s->state == SESSION_UDP) {
		session_touch(table, s, tick);
		return;
	}
	if (flags & TCP_RST) {
		// A half-open session goes soon, but not before a SYN-ACK that was under way has
		// passed. An established one keeps the time of a closing one: the RST may be
		// forged, and traffic that goes on keeps it alive.
		if (is_half_open(s))
			move(table, s, SESSION_RESET, SESSION_CLASS_RESET, tick);
		else
			move(table, s, SESSION_CLOSING, SESSION_CLASS_CLOSING, tick);
		return;
	}
	if (s->state == SESSION_SYN_SENT && !forward && (flags & TCP_SYN) && (flags & TCP_ACK))
		move(table, s, SESSION_SYN_RECEIVED, SESSION_CLASS_SYN, tick);
	else if (s->state == SESSION_SYN_RECEIVED && forward && (flags & TCP_ACK))
		move(table, s, SESSION_ESTABLISHED, SESSION_CLASS_ESTABLISHED, tick);
	else
		session_touch(table, s, tick);
	if (flags & TCP_FIN)
		follow_fin(table, s, forward, tick);
}

const char *session_state_name(uint8_t state)
{
	static const char *const names[] = {
		[SESSION_FREE] = "FREE",
		[SESSION_SYN_SENT] = "SYN_SENT",
		[SESSION_SYN_RECEIVED] = "SYN_RECEIVED",
		[SESSION_ESTABLISHED] = "ESTABLISHED",
		[SESSION_CLOSING] = "CLOSING",
		[SESSION_RESET] = "RESET",
		[SESSION_UDP] = "UDP",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "UNKNOWN";
}
