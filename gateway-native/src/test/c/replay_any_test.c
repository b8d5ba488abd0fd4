// SPDX-License-Identifier: Apache-2.0
//
// Anything at all through replays.
#include "replay_fixture.h"

#include <unistd.h>

static void should_write_the_same_bytes_each_time(void **state)
{
	struct capture before;
	char *told_before;

	(void)state;
	for (uint16_t n = 0; n < 60; n++)
		feed(n % 3 ? syn((uint16_t)(40000 + n), (uint16_t)(80 + n % 5))
			   : coloured(n + 1000, 0, n + 1, START));
	replay();
	before = out;
	told_before = json_dumps(points, 0);
	replay();
	assert_int_equal(before.count, out.count);
	assert_memory_equal(&before.frames, &out.frames, sizeof(out.frames[0]) * out.count);
	char *told_after = json_dumps(points, 0);
	assert_string_equal(told_before, told_after);
	free(told_before);
	free(told_after);
}

static struct frame any_frame(void)
{
	uint16_t port = (uint16_t)(20000 + rand() % 50);
	struct frame udp = frame_udp((struct frame_flow){CLIENT, VIP, port, 53}, 20, rand() % 2);
	struct frame sent = frame_udp(
		(struct frame_flow){LOCAL, "198.18.31.2", (uint16_t)(1024 + rand() % 50), 5353}, 20,
		true);

	switch (rand() % 7) {
	case 0:
		return coloured(port, (uint8_t)(rand() % 16), (uint32_t)rand(), START);
	case 1:
		return udp;
	case 2:
		return frame_echo(CLIENT, rand() % 2 ? VIP : LOCAL);
	case 3:
		return frame_unreachable("198.18.31.2", LOCAL, &sent);
	case 4:
		return frame_unreachable(CLIENT, VIP, &udp);
	case 5:
		return frame_tcp((struct frame_flow){"198.18.31.2", LOCAL, 8080,
					 (uint16_t)(1024 + rand() % 50)},
			(uint8_t)rand(), 1, NULL, 0, 9);
	default:
		return syn(port, (uint16_t)(80 + rand() % 6));
	}
}

// The seed is printed, so that a failure can be repeated: REPLAY_TEST_SEED. Built with the
// sanitizers it also proves that no byte beyond a packet is read.
static void should_send_or_drop_whatever_comes(void **state)
{
	const char *given = getenv("REPLAY_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)getpid();
	unsigned int drops = 0;

	(void)state;
	print_message("REPLAY_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 900; n++) {
		struct frame f = any_frame();
		int changes = rand() % 4;

		for (int i = 0; i < changes; i++) {
			size_t at = (size_t)rand() % f.len;

			if (at < 12 || at > 13) // stays IPv4: an ARP message is neither sent on nor
						// dropped
				f.bytes[at] = (uint8_t)rand();
		}
		if (f.len > L4 + 8 && rand() % 2) {
			uint8_t protocol = f.bytes[L3 + IPV4_PROTOCOL];

			if (protocol == PROTOCOL_ICMP ||
				(protocol == PROTOCOL_TCP && f.len >= L4 + 20))
				frame_finish(&f); // changed, and yet with right checksums
		}
		if (rand() % 10 == 0)
			f.len = (size_t)rand() % f.len;
		feed(f);
	}
	replay();
	for (size_t i = 0; i < json_array_size(points); i++)
		drops += text(i, "reason")[0] != '\0';
	assert_int_equal(out.count + drops, in.count);
	assert_in_range(out.count, 100, 800);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_write_the_same_bytes_each_time, setup),
	cmocka_unit_test_setup(should_send_or_drop_whatever_comes, setup),
};

REPLAY_TESTS(tests)
