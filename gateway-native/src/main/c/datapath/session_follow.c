// SPDX-License-Identifier: Apache-2.0
#include "session_follow.h"

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

static enum session_class established_class(const struct session *s)
{
	return s->protocol == PROTOCOL_SCTP ? SESSION_CLASS_SCTP : SESSION_CLASS_ESTABLISHED;
}

// No reply passes here: the client's own packets have to tell.
static bool replies_are_unseen(const struct session *s)
{
	return s->local_index == SESSION_LOCAL_NONE;
}

void session_follow_begin(struct session *fresh)
{
	bool udp = fresh->protocol == PROTOCOL_UDP;

	fresh->state = udp ? SESSION_UDP : SESSION_SYN_SENT;
	fresh->class = udp ? SESSION_CLASS_UDP : SESSION_CLASS_SYN;
}

static void follow_fin(struct session_table *table, struct session *s, bool forward, uint32_t tick)
{
	s->flags |= forward ? SESSION_FIN_FORWARD : SESSION_FIN_REPLY;
	// The server may go on, and nobody sees when it ends. A SYN begins anew all the same.
	if (replies_are_unseen(s) && s->state != SESSION_RESET)
		move(table, s, SESSION_CLOSING, SESSION_CLASS_HALF_CLOSED, tick);
	else if ((s->flags & SESSION_FIN_FORWARD) && (s->flags & SESSION_FIN_REPLY) &&
		 s->state != SESSION_RESET)
		move(table, s, SESSION_CLOSING, SESSION_CLASS_CLOSING, tick);
}

// A half-open session goes soon, but not before a SYN-ACK that was under way has passed. An
// established one keeps the time of a closing one: the RST may be forged, and traffic that goes on
// keeps it alive.
static void follow_reset(struct session_table *table, struct session *s, uint32_t tick)
{
	if (is_half_open(s))
		move(table, s, SESSION_RESET, SESSION_CLASS_RESET, tick);
	else
		move(table, s, SESSION_CLOSING, SESSION_CLASS_CLOSING, tick);
}

// The backend's answer: a SYN-ACK; of SCTP whatever it says, as nothing else is told apart here.
static bool is_answer(const struct session *s, bool forward, uint8_t flags)
{
	return !forward && (s->protocol == PROTOCOL_SCTP ||
				   (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK));
}

static void follow_handshake(
	struct session_table *table, struct session *s, bool forward, uint8_t flags, uint32_t tick)
{
	bool confirms = forward && (flags & (TCP_SYN | TCP_ACK)) == TCP_ACK;
	bool answered = s->state == SESSION_SYN_RECEIVED ||
			(s->state == SESSION_SYN_SENT && replies_are_unseen(s));

	if (answered && confirms)
		move(table, s, SESSION_ESTABLISHED, established_class(s), tick);
	else if (s->state == SESSION_SYN_SENT && is_answer(s, forward, flags))
		move(table, s, SESSION_SYN_RECEIVED, SESSION_CLASS_SYN, tick);
	else
		session_touch(table, s, tick);
}

void session_follow_change(
	struct session_table *table, struct session *s, bool forward, uint8_t flags, uint32_t tick)
{
	if (flags & TCP_RST)
		follow_reset(table, s, tick);
	else if (is_half_open(s))
		follow_handshake(table, s, forward, flags, tick);
	else
		session_touch(table, s, tick);
	if ((flags & (TCP_FIN | TCP_RST)) == TCP_FIN)
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
