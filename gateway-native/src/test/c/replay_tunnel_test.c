// SPDX-License-Identifier: Apache-2.0
//
// Tunnels through replays: to a backend that answers the client itself, and from a tier in front.
#include "replay_fixture.h"

#include "../../main/c/packet/tunnel.h"

#define NETWORK(mtu)                                                                               \
	"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1, address6: "      \
	"\"2001:db8:21::2/64\", gateway6: \"2001:db8:21::1\", mtu: " mtu "}\n"                     \
	"local_addresses: [198.18.21.16, \"2001:db8:21::16\"]\n"
#define VIP_BY(name, address, tunnel, backend)                                                     \
	"  - name: " name "\n    address: \"" address                                              \
	"\"\n    port: 80\n    protocol: tcp\n    mode: tunnel\n    tunnel: {" tunnel              \
	"}\n    backends: [{name: rs-" name ", address: \"" backend "\"}]\n"
#define V4 ", local: 198.18.21.2"
#define V6 ", local: \"2001:db8:21::2\""

static const char vips[] = "vips:\n" VIP_BY("ipip", "198.19.1.1", "kind: ipip" V4, "198.18.31.2")
	VIP_BY("gre", "198.19.1.2", "kind: gre, id: 77" V4, "198.18.31.2") VIP_BY(
		"gue", "198.19.1.3", "kind: gue" V4, "198.18.31.2") VIP_BY("vxlan", "198.19.1.4",
		"kind: vxlan, id: 100" V4,
		"198.18.31.2") VIP_BY("ipip46", "198.19.1.5", "kind: ipip" V6, "2001:db8:31::2")
		VIP_BY("gue64", "2001:db8:f00::6", "kind: gue" V4, "198.18.31.2")
			VIP_BY("gre66", "2001:db8:f00::7", "kind: gre" V6, "2001:db8:31::2");

static const struct way {
	const char *vip;
	size_t header_bytes;
	uint8_t kind;
} ways[] = {
	{"198.19.1.1", 20, TUNNEL_IPIP},
	{"198.19.1.2", 20 + 8, TUNNEL_GRE},
	{"198.19.1.3", 20 + 8 + 4, TUNNEL_GUE},
	{"198.19.1.4", 20 + 8 + 8 + 14, TUNNEL_VXLAN},
	{"198.19.1.5", 40, TUNNEL_IPIP},
	{"2001:db8:f00::6", 20 + 8 + 4, TUNNEL_GUE},
	{"2001:db8:f00::7", 40 + 4, TUNNEL_GRE},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static struct frame_flow to_vip(const struct way *way)
{
	bool v6 = strchr(way->vip, ':');

	return (struct frame_flow){v6 ? CLIENT6 : CLIENT, way->vip, 40000, 80};
}

static struct frame syn_with_mss(const struct way *way)
{
	static const uint8_t mss[] = {2, 4, 0x05, 0xb4}; // 1460

	return frame_tcp(to_vip(way), TCP_SYN, 1000, mss, 4, 0);
}

static void assert_inner(const struct frame *outer, const struct way *way, struct frame sent)
{
	struct tunnel_inner inner;
	struct packet_view view;
	struct frame got = inner_of(outer, way->header_bytes);

	assert_right(outer);
	assert_int_equal(parse_ip(outer->bytes + L3, outer->len - L3, &view), PARSE_IP);
	assert_int_equal(
		tunnel_read(outer->bytes + L3, &view, TUNNEL_GUE_PORT, TUNNEL_VXLAN_PORT, &inner),
		TUNNEL_INNER);
	assert_int_equal(inner.kind, way->kind);
	assert_int_equal(inner.offset, way->header_bytes);
	set_ttl(&sent, 63); // a hop less; the MSS apart nothing else has changed
	assert_int_equal(got.len, sent.len);
	assert_memory_equal(got.bytes + L3, sent.bytes + L3, sent.len - L3);
}

static void should_carry_packets_to_the_backend_as_they_are(void **state)
{
	(void)state;
	config_vips = vips;
	for (int i = 0; i < WAYS; i++) {
		feed(frame_tcp(to_vip(&ways[i]), TCP_SYN, 1000, NULL, 0, 0));
		feed(frame_tcp(to_vip(&ways[i]), TCP_ACK, 1001, NULL, 0, 300));
	}
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2 * WAYS);
	for (unsigned int i = 0; i < out.count; i++)
		assert_inner(&out.frames[i], &ways[i / 2], in.frames[i]);
	assert_from(&out.frames[0], PORT, 0);
	assert_to(&out.frames[0], "198.18.31.2", 0);
	assert_from(&out.frames[8], PORT6, 0);
	assert_to(&out.frames[8], "2001:db8:31::2", 0);
	assert_int_equal(load_be32(out.frames[2].bytes + L4 + 4), 77); // the GRE key
	assert_int_equal(load_be32(out.frames[6].bytes + L4 + UDP_BYTES + 4) >> 8, 100); // the VNI
}

static void should_clamp_the_mss_where_headers_are_added(void **state)
{
	(void)state;
	config_network = NETWORK("1500");
	config_vips = vips;
	for (int i = 0; i < WAYS; i++)
		feed(syn_with_mss(&ways[i]));
	replay();
	assert_int_equal(out.count, WAYS);
	for (int i = 0; i < WAYS; i++) {
		struct frame inner = inner_of(&out.frames[i], ways[i].header_bytes);
		size_t ip_bytes = strchr(ways[i].vip, ':') ? 40 : 20;

		assert_right(&inner);
		assert_int_equal(load_be16(l4_of(&inner) + TCP_MIN_BYTES + 2),
			1500 - ways[i].header_bytes - ip_bytes - TCP_MIN_BYTES);
	}
}

// With a MTU of 1500 the tunnel leaves room for 1500 less its headers, and not for a byte more.
static void should_tell_the_client_what_the_tunnel_has_room_for(void **state)
{
	(void)state;
	config_network = NETWORK("1500");
	config_vips = vips;
	for (int i = 0; i < WAYS; i++) {
		size_t headers =
			ways[i].header_bytes + TCP_MIN_BYTES + (strchr(ways[i].vip, ':') ? 40 : 20);

		feed(frame_tcp(to_vip(&ways[i]), TCP_SYN, 1, NULL, 0, 0));
		feed(frame_tcp(to_vip(&ways[i]), TCP_ACK, 2, NULL, 0, 1500 - headers));
		feed(frame_tcp(to_vip(&ways[i]), TCP_ACK, 2, NULL, 0, 1501 - headers));
	}
	replay();
	assert_int_equal(out.count, 3 * WAYS);
	assert_int_equal(json_array_size(points), WAYS);
	for (int i = 0; i < WAYS; i++) {
		const struct frame *fits = &out.frames[3 * i + 1], *error = &out.frames[3 * i + 2];
		const uint8_t *icmp = l4_of(error);
		bool v6 = strchr(ways[i].vip, ':');

		assert_string_equal(text((size_t)i, "reason"), "MTU_EXCEEDED");
		assert_string_equal(text((size_t)i, "point"), "ENCAP");
		assert_int_equal(fits->len, L3 + 1500);
		assert_right(error);
		assert_from(error, v6 ? PORT6 : PORT, 0);
		assert_to(error, v6 ? CLIENT6 : CLIENT, 0);
		assert_int_equal(icmp[0], v6 ? 2 : 3);
		assert_int_equal(icmp[1], v6 ? 0 : 4);
		assert_int_equal(v6 ? load_be32(icmp + 4) : load_be16(icmp + 6),
			1500 - ways[i].header_bytes);
		// What it quotes is what the client had sent.
		assert_memory_equal(icmp + ICMP_MIN_BYTES, in.frames[3 * i + 2].bytes + L3, 28);
	}
}

// The server answers the client itself: nobody here sees whether it has ended.
static void should_carry_a_half_closed_connection_for_minutes(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_tcp(to_vip(&ways[0]), TCP_SYN, 1, NULL, 0, 0));
	feed(frame_tcp(to_vip(&ways[0]), TCP_ACK, 2, NULL, 0, 10));
	feed(frame_tcp(to_vip(&ways[0]), TCP_FIN | TCP_ACK, 12, NULL, 0, 0));
	feed_at(START + 100 * SECOND, frame_tcp(to_vip(&ways[0]), TCP_ACK, 13, NULL, 0, 0));
	feed_at(START + 200 * SECOND, frame_tcp(to_vip(&ways[0]), TCP_ACK, 13, NULL, 0, 0));
	feed_at(START + 400 * SECOND, frame_tcp(to_vip(&ways[0]), TCP_ACK, 13, NULL, 0, 0));
	replay();
	assert_string_equal(told(), "NON_SYN_NO_SESSION");
	assert_int_equal(out.count, 5);
}

static void should_stamp_probes_that_are_encapsulated(void **state)
{
	(void)state;
	config_vips = "vips:\n" VIP_BY("gue", VIP, "kind: gue, local: 198.18.21.2", "198.18.31.2");
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,ENCAP,TX");
	assert_int_equal(out.count, 1);
	struct frame inner = inner_of(&out.frames[0], 32);
	assert_false(has_colour(&inner));
	assert_right(&inner);
}

// The client's router speaks to whom the reply came from.
static void should_pass_errors_about_replies_on_to_the_backend(void **state)
{
	struct frame replied = frame_tcp(
		(struct frame_flow){"198.19.1.3", CLIENT, 80, 40000}, TCP_ACK, 1, NULL, 0, 1400);

	(void)state;
	config_vips = vips;
	feed(frame_tcp(to_vip(&ways[2]), TCP_SYN, 1000, NULL, 0, 0));
	feed(frame_too_big("198.18.12.1", "198.19.1.3", 1400, &replied));
	set_ttl(&in.frames[1], 64);
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2);
	assert_to(&out.frames[1], "198.18.31.2", TUNNEL_GUE_PORT);
	assert_inner(&out.frames[1], &ways[2], in.frames[1]);
}

// The way to the backend is narrower than the port: the client hears what is left for it.
static void should_tell_the_client_what_a_router_behind_told_the_tunnel(void **state)
{
	struct frame sent[WAYS];

	(void)state;
	config_vips = vips;
	for (int i = 0; i < WAYS; i++)
		feed(frame_tcp(to_vip(&ways[i]), TCP_SYN, 1000, NULL, 0, 1300));
	replay();
	assert_int_equal(out.count, WAYS);
	memcpy(sent, out.frames, sizeof(sent));
	for (int i = 0; i < WAYS; i++) {
		bool v6 = sent[i].bytes[L3] >> 4 == 6;
		uint8_t body[4 + 150] = {0};

		store_be16(body + 2, 1400); // the MTU, where both families have it
		memcpy(body + 4, sent[i].bytes + L3, 150);
		feed(frame_icmp(v6 ? "2001:db8:77::1" : "198.18.77.1", v6 ? PORT6 : PORT,
			v6 ? 2 : 3, v6 ? 0 : 4, body, sizeof(body)));
	}
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2 * WAYS);
	for (int i = 0; i < WAYS; i++) {
		const struct frame *error = &out.frames[WAYS + i];
		const uint8_t *icmp = l4_of(error);
		bool v6 = strchr(ways[i].vip, ':');

		assert_right(error);
		assert_from(error, ways[i].vip, 0);
		assert_to(error, v6 ? CLIENT6 : CLIENT, 0);
		assert_int_equal(icmp[0], v6 ? 2 : 3);
		assert_int_equal(icmp[1], v6 ? 0 : 4);
		assert_int_equal(v6 ? load_be32(icmp + 4) : load_be16(icmp + 6),
			1400 - ways[i].header_bytes);
		assert_memory_equal(icmp + ICMP_MIN_BYTES + (v6 ? 8 : 12),
			in.frames[i].bytes + L3 + (v6 ? 8 : 12), v6 ? 40 : 16);
	}
}

// What an error from a router on the way quotes of a frame that was sent: 150 bytes of it.
static struct frame too_big_for(const struct frame *sent, const char *router, uint16_t mtu)
{
	bool v6 = sent->bytes[L3] >> 4 == 6;
	uint8_t body[4 + 150] = {0};
	char from[INET6_ADDRSTRLEN];

	store_be16(body + 2, mtu); // where both families have it
	memcpy(body + 4, sent->bytes + L3, 150);
	inet_ntop(v6 ? AF_INET6 : AF_INET, l3_of(sent) + (v6 ? IPV6_SOURCE : IPV4_SOURCE), from,
		sizeof(from));
	return frame_icmp(router, from, v6 ? 2 : 3, v6 ? 0 : 4, body, sizeof(body));
}

static void should_tell_the_client_so_whatever_the_tunnels_port(void **state)
{
	static const struct way way = {"198.19.1.8", 32, TUNNEL_GUE};
	struct frame error;

	(void)state;
	config_vips =
		"vips:\n" VIP_BY("odd", "198.19.1.8", "kind: gue, port: 7000" V4, "198.18.31.2");
	feed(frame_tcp(to_vip(&way), TCP_SYN, 1000, NULL, 0, 1300));
	replay();
	feed(too_big_for(&out.frames[0], "198.18.77.1", 1400));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2);
	error = out.frames[1];
	assert_right(&error);
	assert_from(&error, way.vip, 0);
	assert_to(&error, CLIENT, 0);
	assert_int_equal(load_be16(l4_of(&error) + 6), 1400 - 32);
}

static void should_not_believe_such_errors_about_what_is_not_tunnelled(void **state)
{
	struct frame inner = syn(40000, 99), outer = frame_ipip(&inner, PORT, "198.18.31.2");
	uint8_t body[4 + 60] = {0, 0, 5, 0x78};

	(void)state;
	config_vips = vips;
	memcpy(body + 4, outer.bytes + L3, 60);
	feed(frame_icmp("198.18.77.1", PORT, 3, 4, body, sizeof(body)));
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "ICMP_UNSUPPORTED");
}

// From a tier in front.

static const char tunnels[] =
	"tunnels:\n"
	"  - {name: eip-1, kind: vxlan, local: 198.18.21.2, remote: 198.18.51.2, id: 100}\n"
	"  - {name: eip-2, kind: vxlan, local: 198.18.21.2, remote: 198.18.51.3, id: 100}\n"
	"  - {name: any, kind: ipip, local: 198.18.21.2}\n";

static struct frame from_tier(const struct frame *inner, const char *node)
{
	return frame_vxlan(inner, node, PORT, 4789, 100);
}

static void should_send_replies_back_through_the_tunnel_of_the_latest_packet(void **state)
{
	struct frame first = syn(40000, 80), forwarded, back;

	(void)state;
	config_extra = tunnels;
	feed(from_tier(&first, "198.18.51.2"));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 1);
	forwarded = out.frames[0];
	assert_right(&forwarded);
	assert_from(&forwarded, LOCAL, 0); // the inner packet, translated
	feed(reply_to(&forwarded, TCP_SYN | TCP_ACK));
	feed(from_tier(&first, "198.18.51.3"));
	feed(reply_to(&forwarded, TCP_SYN | TCP_ACK));
	feed(first); // and once without any
	feed(reply_to(&forwarded, TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 6);
	assert_from(&out.frames[1], PORT, 0);
	assert_to(&out.frames[1], "198.18.51.2", TUNNEL_VXLAN_PORT);
	assert_to(&out.frames[3], "198.18.51.3", TUNNEL_VXLAN_PORT);
	back = inner_of(&out.frames[3], 50);
	assert_right(&back);
	assert_from(&back, VIP, 80);
	assert_to(&back, CLIENT, 40000);
	assert_to(&out.frames[5], CLIENT, 40000);
}

static void should_send_replies_as_they_are_when_the_tunnel_leads_to_nobody(void **state)
{
	struct frame first = syn(40000, 80);

	(void)state;
	config_extra = tunnels;
	feed(frame_ipip(&first, "198.18.51.9", PORT));
	replay();
	assert_int_equal(out.count, 1);
	feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "");
	assert_to(&out.frames[1], CLIENT, 40000);
	assert_from(&out.frames[1], VIP, 80);
}

// About a reply on its way through the tunnel in front: its backend sent too much.
static void should_tell_the_backend_what_the_tunnel_in_front_has_room_for(void **state)
{
	struct frame first = syn(40000, 80), error, reply;
	const uint8_t *quoted;

	(void)state;
	config_extra = tunnels;
	for (workers = 1; workers <= 4; workers *= 2) {
		in.count = 0;
		feed(from_tier(&first, "198.18.51.2"));
		replay();
		reply = frame_tcp((struct frame_flow){"198.18.31.2", LOCAL, 8080,
					  source_port_of(&out.frames[0])},
			TCP_ACK, 5000, NULL, 0, 1200);
		// Whichever of the two the flow went to.
		memcpy(reply.bytes + L3 + IPV4_SOURCE, out.frames[0].bytes + L3 + IPV4_DESTINATION,
			4);
		frame_finish(&reply);
		feed(reply);
		replay();
		assert_to(&out.frames[1], "198.18.51.2", TUNNEL_VXLAN_PORT);
		feed(too_big_for(&out.frames[1], "198.18.77.1", 1200));
		replay();
		assert_string_equal(told(), "");
		assert_int_equal(out.count, 3);
		error = out.frames[2];
		assert_right(&error);
		assert_from(&error, LOCAL, 0);
		assert_memory_equal(
			error.bytes + L3 + IPV4_DESTINATION, reply.bytes + L3 + IPV4_SOURCE, 4);
		assert_int_equal(l4_of(&error)[0], 3);
		assert_int_equal(l4_of(&error)[1], 4);
		assert_int_equal(load_be16(l4_of(&error) + 6), 1200 - 50);
		quoted = l4_of(&error) + ICMP_MIN_BYTES;
		assert_memory_equal(quoted + IPV4_SOURCE, reply.bytes + L3 + IPV4_SOURCE, 8);
		assert_memory_equal(quoted + IPV4_MIN_BYTES, l4_of(&reply), 8);
	}
}

static const char eip_network[] =
	"ports:\n  - {name: port0, address: 198.18.61.2/24, gateway: 198.18.61.1, address6: "
	"\"2001:db8:61::2/64\", gateway6: \"2001:db8:61::1\", mtu: 1500}\n";
static const char eip_tunnels[] =
	"tunnels:\n"
	"  - {name: vx, kind: vxlan, local: 198.18.61.2, remote: 198.18.70.1, id: 100, port: "
	"4790}\n"
	"  - {name: gre, kind: gre, local: 198.18.61.2, remote: 198.18.70.2, id: 7}\n"
	"  - {name: vx6, kind: vxlan, local: \"2001:db8:61::2\", remote: \"2001:db8:70::1\", id: "
	"5, port: 4790}\n"
	"  - {name: ipip, kind: ipip, local: 198.18.61.2, remote: 198.18.70.3}\n"
	"eips:\n"
	"  - {name: a, public: 203.0.113.1, private: 10.1.0.1, tunnel: vx}\n"
	"  - {name: b, public: 203.0.113.3, private: 10.3.0.3, tunnel: gre}\n"
	"  - {name: c, public: 203.0.113.4, private: 10.4.0.4, tunnel: vx6}\n"
	"  - {name: d, public: \"2001:db8:f00::1\", private: \"fd00::1\", tunnel: ipip}\n";

static const struct {
	const char *client;
	const char *public_address;
	unsigned int header_bytes;
} elastic[] = {
	{"192.0.2.9", "203.0.113.1", 50},
	{"192.0.2.9", "203.0.113.3", 28},
	{"192.0.2.9", "203.0.113.4", 70},
	{"2001:db8:99::9", "2001:db8:f00::1", 20},
};

enum { ELASTIC = sizeof(elastic) / sizeof(elastic[0]) };

// Of any protocol, by the addresses that the client knows.
static void should_tell_the_client_of_an_eip_what_its_tunnel_has_room_for(void **state)
{
	static const uint8_t esp[600] = {1, 2, 3, 4, 0, 0, 0, 9};
	struct frame sent[2 * ELASTIC];

	(void)state;
	config_tier = "eip";
	config_network = eip_network;
	config_extra = eip_tunnels;
	config_sessions = config_vips = "";
	for (int i = 0; i < ELASTIC; i++) {
		const char *client = elastic[i].client, *to = elastic[i].public_address;

		feed(frame_tcp(
			(struct frame_flow){client, to, 40000, 80}, TCP_ACK, 1, NULL, 0, 600));
		feed(frame_ip(client, to, 50, esp, sizeof(esp)));
	}
	replay();
	assert_int_equal(out.count, 2 * ELASTIC);
	memcpy(sent, out.frames, sizeof(sent));
	for (int i = 0; i < 2 * ELASTIC; i++)
		feed(too_big_for(&sent[i],
			sent[i].bytes[L3] >> 4 == 6 ? "2001:db8:77::1" : "198.18.77.1", 1400));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 4 * ELASTIC);
	for (int i = 0; i < 2 * ELASTIC; i++) {
		const struct frame *error = &out.frames[2 * ELASTIC + i];
		const uint8_t *icmp = l4_of(error);
		bool v6 = strchr(elastic[i / 2].client, ':');
		size_t ip = v6 ? IPV6_BYTES : IPV4_MIN_BYTES, from = v6 ? IPV6_SOURCE : IPV4_SOURCE;

		assert_right(error);
		assert_from(error, elastic[i / 2].public_address, 0);
		assert_to(error, elastic[i / 2].client, 0);
		assert_int_equal(icmp[0], v6 ? 2 : 3);
		assert_int_equal(icmp[1], v6 ? 0 : 4);
		assert_int_equal(v6 ? load_be32(icmp + 4) : load_be16(icmp + 6),
			1400 - elastic[i / 2].header_bytes);
		assert_memory_equal(icmp + ICMP_MIN_BYTES + from, in.frames[i].bytes + L3 + from,
			ip - from + 8);
	}
}

// Somebody else's, or another tunnel's.
static void should_not_believe_such_errors_about_tunnels_that_are_not_there(void **state)
{
	struct frame inner =
		frame_udp((struct frame_flow){"192.0.2.9", "10.1.0.1", 1, 2}, 200, true);
	const struct frame outers[] = {
		frame_vxlan(&inner, "198.18.61.2", "198.18.70.1", 4790, 101),
		frame_vxlan(&inner, "198.18.61.2", "198.18.70.1", 4789, 100),
		frame_vxlan(&inner, "198.18.61.2", "198.18.70.9", 4790, 100),
		frame_gre(&inner, "198.18.61.2", "198.18.70.2", 8),
		frame_gre(&inner, "198.18.61.2", "198.18.70.2", -1),
		frame_gue(&inner, "198.18.61.2", "198.18.70.1", 4790),
	};

	(void)state;
	config_tier = "eip";
	config_network = eip_network;
	config_extra = eip_tunnels;
	config_sessions = config_vips = "";
	for (int i = 0; i < 6; i++)
		feed(too_big_for(&outers[i], "198.18.77.1", 1400));
	replay();
	assert_int_equal(out.count, 0);
	assert_int_equal(json_array_size(points), 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(text(i, "reason"), "ICMP_UNSUPPORTED");
}

static void should_stamp_the_same_probe_behind_a_tunnel(void **state)
{
	struct frame probe = coloured(20000, 0, 77, START);

	(void)state;
	config_extra = tunnels;
	feed(from_tier(&probe, "198.18.51.2"));
	replay();
	feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "RX,TX,RX,TX");
	assert_string_equal(text(0, "source_address"), CLIENT);
	assert_string_equal(text(0, "destination_address"), VIP);
	assert_int_equal(number(3, "probe_sequence"), 77);
}

static void should_answer_through_the_tunnel(void **state)
{
	struct frame dying = syn(40000, 80), ping = frame_echo(CLIENT, VIP), inner;

	(void)state;
	config_extra = tunnels;
	set_ttl(&dying, 1);
	feed(from_tier(&dying, "198.18.51.2"));
	feed(from_tier(&ping, "198.18.51.2"));
	replay();
	assert_string_equal(told(), "TTL_EXCEEDED");
	assert_int_equal(out.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_to(&out.frames[i], "198.18.51.2", TUNNEL_VXLAN_PORT);
		inner = inner_of(&out.frames[i], 50);
		assert_right(&inner);
		assert_to(&inner, CLIENT, 0);
		assert_int_equal(l4_of(&inner)[0], i ? 0 : 11);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_carry_packets_to_the_backend_as_they_are, setup),
	cmocka_unit_test_setup(should_clamp_the_mss_where_headers_are_added, setup),
	cmocka_unit_test_setup(should_tell_the_client_what_the_tunnel_has_room_for, setup),
	cmocka_unit_test_setup(should_carry_a_half_closed_connection_for_minutes, setup),
	cmocka_unit_test_setup(should_stamp_probes_that_are_encapsulated, setup),
	cmocka_unit_test_setup(should_pass_errors_about_replies_on_to_the_backend, setup),
	cmocka_unit_test_setup(should_tell_the_client_what_a_router_behind_told_the_tunnel, setup),
	cmocka_unit_test_setup(should_tell_the_client_so_whatever_the_tunnels_port, setup),
	cmocka_unit_test_setup(should_not_believe_such_errors_about_what_is_not_tunnelled, setup),
	cmocka_unit_test_setup(
		should_send_replies_back_through_the_tunnel_of_the_latest_packet, setup),
	cmocka_unit_test_setup(
		should_send_replies_as_they_are_when_the_tunnel_leads_to_nobody, setup),
	cmocka_unit_test_setup(
		should_tell_the_backend_what_the_tunnel_in_front_has_room_for, setup),
	cmocka_unit_test_setup(
		should_tell_the_client_of_an_eip_what_its_tunnel_has_room_for, setup),
	cmocka_unit_test_setup(
		should_not_believe_such_errors_about_tunnels_that_are_not_there, setup),
	cmocka_unit_test_setup(should_stamp_the_same_probe_behind_a_tunnel, setup),
	cmocka_unit_test_setup(should_answer_through_the_tunnel, setup),
};

REPLAY_TESTS(tests)
