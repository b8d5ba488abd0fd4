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

// Every mode, both families, tunnels, limits.
static const char everything[] =
	"tunnels:\n"
	"  - {name: eip, kind: vxlan, local: 198.18.21.2, remote: 198.18.51.2, id: 100}\n"
	"  - {name: gre, kind: gre, local: 198.18.21.2, id: 7}\n"
	"  - {name: gue, kind: gue, local: 198.18.21.2}\n"
	"verify_checksums: true\n"
	"vips:\n"
	"  - name: nat\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n    toa: true\n"
	"    backends:\n"
	"      - {name: rs-1, address: 198.18.31.2, port: 8080}\n"
	"      - {name: rs-6, address: \"2001:db8:31::2\", port: 8080}\n"
	"  - name: nat6\n    address: \"2001:db8:f00::1\"\n    port: 80\n    protocol: tcp\n"
	"    toa: true\n"
	"    backends:\n"
	"      - {name: rs-1-of6, address: 198.18.31.2, port: 8080}\n"
	"      - {name: rs-6-of6, address: \"2001:db8:31::2\", port: 8080}\n"
	"  - name: dns\n    address: 198.19.0.1\n    port: 53\n    protocol: udp\n    mode: dnat\n"
	"    backends: [{name: rs-1-dns, address: 198.18.31.2, port: 5353}]\n"
	"  - name: dns6\n    address: \"2001:db8:f00::1\"\n    port: 53\n    protocol: udp\n"
	"    backends: [{name: rs-1-dns6, address: 198.18.31.2, port: 5353}]\n"
	"  - name: direct\n    address: 198.19.0.1\n    port: 90\n    protocol: tcp\n"
	"    mode: tunnel\n    tunnel: {kind: gue, local: 198.18.21.2}\n"
	"    backends: [{name: rs-1-direct, address: 198.18.31.2}]\n"
	"  - name: quic\n    address: 198.19.0.1\n    port: 443\n    protocol: udp\n"
	"    quic: {layout: katran}\n"
	"    backends: [{name: rs-1-quic, address: 198.18.31.2, server_id: 1}]\n"
	"  - name: sip\n    address: 198.19.0.1\n    port: 5060\n    protocol: sctp\n"
	"    limits: {sessions: 20, packets_per_second: 500}\n"
	"    backends: [{name: rs-1-sip, address: \"2001:db8:31::2\"}]\n";

static struct frame any_of(const char *client, const char *vip, uint16_t port)
{
	static const uint16_t tcp[] = {80, 80, 90, 81}, udp[] = {53, 443, 54};
	struct frame_flow flow = {client, vip, port, 0};
	uint8_t options[40];
	size_t options_len = (size_t)(rand() % 11) * 4, len = (size_t)rand() % 200;

	switch (rand() % 5) {
	case 0:
		flow.destination_port = udp[rand() % 3];
		return frame_udp(flow, len, rand() % 4);
	case 1:
		flow.destination_port = 5060;
		return frame_sctp(flow, rand() % 2 ? 0 : (uint32_t)rand(), len);
	case 2:
		return frame_echo(client, rand() % 4 ? vip : strchr(vip, ':') ? LOCAL6 : LOCAL);
	default:
		flow.destination_port = tcp[rand() % 4];
		for (size_t i = 0; i < options_len; i++)
			options[i] = (uint8_t)(rand() % 3 ? 1 : rand());
		return frame_tcp(flow, (uint8_t)(rand() % 3 ? TCP_SYN : rand()), (uint32_t)rand(),
			options, options_len, len);
	}
}

static struct frame any_reply(const char *backend, const char *local)
{
	struct frame_flow flow = {
		backend, local, rand() % 2 ? 8080 : 5353, (uint16_t)(1024 + rand() % 50)};
	struct frame_flow sent = {local, backend, flow.destination_port, flow.source_port};
	struct frame quoted =
		rand() % 2 ? frame_udp(sent, 20, true) : frame_tcp(sent, TCP_ACK, 1, NULL, 0, 30);

	switch (rand() % 4) {
	case 0:
		return frame_unreachable(backend, local, &quoted);
	case 1:
		return frame_too_big(backend, local, (uint32_t)(rand() % 2000), &quoted);
	case 2:
		return frame_udp(flow, (size_t)rand() % 100, true);
	default:
		return frame_tcp(flow, (uint8_t)rand(), 1, NULL, 0, 9);
	}
}

static struct frame any_tunnelled(uint16_t port)
{
	struct frame inner = rand() % 2 ? any_of(CLIENT, VIP, port) : any_of(CLIENT6, VIP6, port);

	switch (rand() % 3) {
	case 0:
		return frame_vxlan(&inner, "198.18.51.2", PORT, 4789, 100);
	case 1:
		return frame_gre(&inner, "198.18.51.9", PORT, rand() % 4 ? 7 : -1);
	default:
		return frame_gue(&inner, "198.18.51.9", PORT, 6080);
	}
}

static struct frame any_frame(void)
{
	uint16_t port = (uint16_t)(20000 + rand() % 50);

	switch (rand() % 9) {
	case 0:
		return coloured(port, (uint8_t)(rand() % 16), (uint32_t)rand(), START);
	case 1:
		return any_tunnelled(port);
	case 2:
		return any_reply("198.18.31.2", LOCAL);
	case 3:
		return any_reply("2001:db8:31::2", LOCAL6);
	case 4:
		return any_reply("198.18.31.2", CLIENT);
	case 5:
	case 6:
		return any_of(CLIENT6, VIP6, port);
	default:
		return any_of(CLIENT, VIP, port);
	}
}

static struct frame spoiled(struct frame f)
{
	int changes = rand() % 4;

	for (int i = 0; i < changes; i++) {
		size_t at = (size_t)rand() % f.len;

		if (at < 12 || at > 13) // stays what it is: an ARP message is neither sent on nor
					// dropped
			f.bytes[at] = (uint8_t)rand();
	}
	if (rand() % 10 == 0)
		f.len = (size_t)rand() % f.len;
	return f;
}

// The frame, changed and yet with right checksums where it still is what it was.
static struct frame any_spoiled(void)
{
	struct frame f = any_frame(), changed = spoiled(f);
	struct frame_layout before = frame_layout(f.bytes, f.len), after;

	if (changed.len != f.len || rand() % 2)
		return changed;
	after = frame_layout(changed.bytes, changed.len);
	if (after.l4 == before.l4 && after.protocol == before.protocol && !after.fragment)
		frame_finish(&changed);
	return changed;
}

// Neighbour discovery is answered or used up.
static bool is_neighbours(const struct frame *f)
{
	struct frame_layout l;

	if (f->len < L4_V6 + 4 || load_be16(f->bytes + 12) != ETHERTYPE_IPV6_ID)
		return false;
	l = frame_layout(f->bytes, f->len);
	return l.protocol == PROTOCOL_ICMPV6 && l.l4 < f->len && f->bytes[l.l4] >= 133 &&
	       f->bytes[l.l4] <= 137;
}

// An error of the gateway's own is besides the packet that it is about.
static bool is_own_error(const struct frame *f)
{
	struct ip_address source = source_of(f), v4 = frame_ip_address(PORT),
			  v6 = frame_ip_address(PORT6);
	const uint8_t *icmp = l4_of(f);
	uint8_t protocol = frame_layout(f->bytes, f->len).protocol;

	if (ip_equal(&source, &v4) && protocol == PROTOCOL_UDP && // through the tunnel
		f->len > L4 + 8 + 8 + 14 + 40 && load_be16(icmp + 2) == 4789) {
		struct frame inner = inner_of(f, 50);

		return is_own_error(&inner);
	}
	if (ip_equal(&source, &v4) && protocol == PROTOCOL_ICMP)
		return icmp[0] == 11 || icmp[0] == 3;
	return ip_equal(&source, &v6) && protocol == PROTOCOL_ICMPV6 && icmp[0] < 128;
}

// The seed is printed, so that a failure can be repeated: REPLAY_TEST_SEED. Built with the
// sanitizers it also proves that no byte beyond a packet is read.
static void should_send_or_drop_whatever_comes(void **state)
{
	const char *given = getenv("REPLAY_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)getpid();
	unsigned int drops = 0, errors = 0;

	(void)state;
	print_message("REPLAY_TEST_SEED=%u\n", seed);
	srand(seed);
	config_vips = everything;
	workers = 1 + (unsigned int)rand() % 3;
	while (in.count < 900) {
		struct frame f = any_spoiled();

		if (!is_neighbours(&f))
			feed(f);
	}
	replay();
	for (size_t i = 0; i < json_array_size(points); i++)
		drops += text(i, "reason")[0] != '\0';
	for (unsigned int i = 0; i < out.count; i++)
		errors += is_own_error(&out.frames[i]);
	assert_int_equal(out.count - errors + drops, in.count);
	assert_in_range(out.count, 50, 900);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_write_the_same_bytes_each_time, setup),
	cmocka_unit_test_setup(should_send_or_drop_whatever_comes, setup),
};

REPLAY_TESTS(tests)
