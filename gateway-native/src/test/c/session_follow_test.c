// SPDX-License-Identifier: Apache-2.0
#include "session_fixture.h"

#include "../../main/c/datapath/session_follow.h"

static struct session *begin(struct session_table *t, uint8_t protocol, uint8_t local_index)
{
	struct session fresh = fixture_session(1), *s;

	fresh.protocol = protocol;
	fresh.local_index = local_index;
	session_follow_begin(&fresh);
	s = fixture_insert(t, &fresh, 0);
	assert_non_null(s);
	return s;
}

static struct session *established(struct session_table *t)
{
	struct session *s = begin(t, PROTOCOL_TCP, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 0);
	session_follow(t, s, true, TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	assert_int_equal(s->class, SESSION_CLASS_ESTABLISHED);
	return s;
}

static void should_follow_a_connection_to_its_end(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_TCP, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, true, TCP_ACK, 0); // no SYN-ACK has been seen
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_SYN_RECEIVED);
	session_follow(t, s, true, TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	assert_int_equal(s->class, SESSION_CLASS_ESTABLISHED);
	session_follow(t, s, true, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED); // half-closed: the other side may talk on
	session_follow(t, s, false, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_CLOSING);
	assert_int_equal(s->class, SESSION_CLASS_CLOSING);
	assert_true(session_is_over(s));
}

static void should_stay_half_open_while_the_handshake_repeats_itself(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_TCP, 0);

	for (uint32_t tick = 0; tick < 400; tick += 20) {
		session_follow(t, s, true, TCP_SYN, tick);
		assert_int_equal(s->state, tick ? SESSION_SYN_RECEIVED : SESSION_SYN_SENT);
		session_follow(t, s, false, TCP_SYN | TCP_ACK, tick);
		assert_int_equal(s->state, SESSION_SYN_RECEIVED);
		fixture_age(t, tick);
		assert_int_equal(t->count, 1);
	}
	session_follow(t, s, true, TCP_SYN | TCP_ACK, 400); // confirms nothing
	assert_int_equal(s->state, SESSION_SYN_RECEIVED);
	session_follow(t, s, true, TCP_ACK | TCP_PSH, 400);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
}

static void should_close_when_both_fins_cross(void **state)
{
	struct session_table *t = *state;
	struct session *s = established(t);

	session_follow(t, s, false, TCP_FIN | TCP_ACK, 0);
	session_follow(t, s, false, TCP_FIN | TCP_ACK, 0); // again: still one side
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	session_follow(t, s, true, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_CLOSING);
	session_follow(t, s, true, TCP_ACK, 10);
	session_follow(t, s, false, TCP_ACK, 10);
	assert_int_equal(s->state, SESSION_CLOSING);
}

static void should_close_what_ends_with_its_first_data(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_TCP, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 0);
	session_follow(t, s, true, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	session_follow(t, s, false, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_CLOSING);
}

static void should_free_a_half_open_session_soon_after_a_reset(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_TCP, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	session_follow(t, s, true, TCP_RST, 10);
	assert_int_equal(s->class, SESSION_CLASS_RESET);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 11); // a late answer still passes
	assert_int_equal(s->class, SESSION_CLASS_RESET);
	assert_true(session_is_over(s));
	fixture_age(t, 60);
	assert_int_equal(t->count, 0);
}

static void should_give_a_reset_of_an_established_session_the_closing_time(void **state)
{
	struct session_table *t = *state;
	struct session *s = established(t);

	session_follow(t, s, false, TCP_RST | TCP_FIN, 10);
	assert_int_equal(s->class, SESSION_CLASS_CLOSING);
	for (uint32_t tick = 10; tick < 2000; tick += 100) { // it was forged: traffic goes on
		session_follow(t, s, true, TCP_ACK, tick);
		fixture_age(t, tick);
	}
	assert_int_equal(t->count, 1);
}

static void should_believe_the_client_when_replies_do_not_pass(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_TCP, SESSION_LOCAL_NONE);

	session_follow(t, s, true, TCP_SYN, 0);
	session_follow(t, s, true, TCP_SYN, 0);
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, true, TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	session_follow(t, s, true, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_CLOSING);
	// The server may have much to say yet, and not say it at once.
	assert_int_equal(s->class, SESSION_CLASS_HALF_CLOSED);
	fixture_age(t, 1500);
	assert_int_equal(t->count, 1);
	session_follow(t, s, true, TCP_ACK, 1500);
	fixture_age(t, 3000);
	assert_int_equal(t->count, 1);
	session_follow(t, s, true, TCP_RST, 3000);
	assert_int_equal(s->class, SESSION_CLASS_CLOSING);
}

static void should_give_udp_a_time_of_its_own(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_UDP, 0);

	session_follow(t, s, true, 0, 0);
	session_follow(t, s, false, 0, 100);
	assert_int_equal(s->state, SESSION_UDP);
	assert_int_equal(s->class, SESSION_CLASS_UDP);
	fixture_age(t, 330);
	assert_int_equal(t->count, 1);
	fixture_age(t, 370);
	assert_int_equal(t->count, 0);
}

static void should_establish_sctp_once_both_sides_have_spoken(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_SCTP, 0);
	const struct packet_view init = {.protocol = PROTOCOL_SCTP, .sctp_chunk = SCTP_INIT};
	const struct packet_view other = {.protocol = PROTOCOL_SCTP, .tcp_sequence = 7};

	assert_int_equal(s->class, SESSION_CLASS_SYN);
	session_follow(t, s, true, session_follow_flags(&init), 0);
	session_follow(t, s, true, session_follow_flags(&init), 0); // INIT again
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, false, session_follow_flags(&other), 0); // INIT-ACK
	assert_int_equal(s->state, SESSION_SYN_RECEIVED);
	session_follow(t, s, true, session_follow_flags(&other), 0); // COOKIE-ECHO
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	assert_int_equal(s->class, SESSION_CLASS_SCTP);
	fixture_age(t, 4000);
	assert_int_equal(t->count, 1);
}

static void should_take_only_an_init_without_a_tag_for_a_new_association(void **state)
{
	struct packet_view view = {.protocol = PROTOCOL_SCTP};

	(void)state;
	for (unsigned int chunk = 0; chunk <= UINT8_MAX; chunk++) {
		view.sctp_chunk = (uint8_t)chunk;
		view.tcp_sequence = 0;
		assert_int_equal(session_follow_flags(&view) == TCP_SYN, chunk == SCTP_INIT);
		view.tcp_sequence = 1;
		assert_int_not_equal(session_follow_flags(&view), TCP_SYN);
	}
}

static void should_end_sctp_with_abort_and_shutdown_complete(void **state)
{
	static const uint8_t ends[] = {SCTP_ABORT, SCTP_SHUTDOWN_COMPLETE};
	struct session_table *t = *state;

	for (size_t i = 0; i < sizeof(ends); i++) {
		const struct packet_view last = {
			.protocol = PROTOCOL_SCTP, .tcp_sequence = 7, .sctp_chunk = ends[i]};
		struct session *s = begin(t, PROTOCOL_SCTP, 0);

		session_follow(t, s, false, session_follow_flags(&last), 0);
		assert_int_equal(s->state, SESSION_RESET);
		s->state = SESSION_ESTABLISHED;
		session_follow(t, s, true, session_follow_flags(&last), 0);
		assert_int_equal(s->state, SESSION_CLOSING);
		assert_true(session_is_over(s));
		session_remove(t, s);
	}
}

static void should_establish_sctp_by_the_client_alone_in_tunnel_mode(void **state)
{
	struct session_table *t = *state;
	struct session *s = begin(t, PROTOCOL_SCTP, SESSION_LOCAL_NONE);
	const struct packet_view init = {.protocol = PROTOCOL_SCTP, .sctp_chunk = SCTP_INIT};
	const struct packet_view other = {.protocol = PROTOCOL_SCTP, .tcp_sequence = 7};

	session_follow(t, s, true, session_follow_flags(&init), 0);
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, true, session_follow_flags(&other), 0);
	assert_int_equal(s->class, SESSION_CLASS_SCTP);
}

static void should_name_every_state(void **state)
{
	(void)state;
	for (uint8_t i = SESSION_FREE; i <= SESSION_UDP; i++)
		assert_string_not_equal(session_state_name(i), "UNKNOWN");
	assert_string_equal(session_state_name(SESSION_UDP + 1), "UNKNOWN");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(should_follow_a_connection_to_its_end),
		TEST(should_stay_half_open_while_the_handshake_repeats_itself),
		TEST(should_close_when_both_fins_cross),
		TEST(should_close_what_ends_with_its_first_data),
		TEST(should_free_a_half_open_session_soon_after_a_reset),
		TEST(should_give_a_reset_of_an_established_session_the_closing_time),
		TEST(should_believe_the_client_when_replies_do_not_pass),
		TEST(should_give_udp_a_time_of_its_own),
		TEST(should_establish_sctp_once_both_sides_have_spoken),
		TEST(should_take_only_an_init_without_a_tag_for_a_new_association),
		TEST(should_end_sctp_with_abort_and_shutdown_complete),
		TEST(should_establish_sctp_by_the_client_alone_in_tunnel_mode),
		TEST(should_name_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
