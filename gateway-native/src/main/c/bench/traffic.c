// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"
#include "../packet/parse.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define EXID_OFFSET 2
#define SYN_SEQUENCE 0x01020304
#define ACKNOWLEDGMENT 8

void traffic_init(
	struct traffic *traffic, const struct bench_options *options, const uint8_t mac[6])
{
	struct dt_siphash_key master;
	uint8_t bytes[DT_SIPHASH_KEY_BYTES]; // TRAFFIC_KEY

	*traffic = (struct traffic){.options = options, .sequence = 1};
	for (unsigned int i = 0; i < sizeof(traffic->mac); i++)
		traffic->mac[i] = mac[i];
	for (unsigned int i = 0; i < DT_SIPHASH_KEY_BYTES; i++)
		bytes[i] = (uint8_t)i;
	master = dt_siphash_key_read(bytes);
	traffic->key = dt_colour_derive_key(&master, TRAFFIC_PROBER_ID);
}

static struct ip_address numbered(const struct traffic *traffic, uint8_t first, uint32_t n)
{
	struct ip_address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, first}};

	if (!traffic->options->ipv6)
		return ip_from_v4(htonl((uint32_t)first << 24 | (n & 0xffffff)));
	a.words[3] = htonl(n);
	return a;
}

// Four ports a client: both address and port tell flows apart.
struct ip_address traffic_client(const struct traffic *traffic, uint32_t flow)
{
	if (traffic->options->tier == BENCH_EIP)
		return numbered(traffic, 11, 1 + flow % 64);
	return numbered(traffic, 11, 1 + (flow >> 2));
}

struct ip_address traffic_public(const struct traffic *traffic, uint32_t flow)
{
	return numbered(traffic, 12, 1 + flow);
}

struct ip_address traffic_private(const struct traffic *traffic, uint32_t flow)
{
	return numbered(traffic, 10, 1 + flow);
}

static struct ip_address destination_of(const struct traffic *traffic, uint32_t flow)
{
	struct ip_address vip;

	if (traffic->options->tier == BENCH_EIP)
		return traffic_public(traffic, flow);
	if (traffic->options->ipv6) {
		inet_pton(AF_INET6, TRAFFIC_VIP6, vip.bytes);
		return vip;
	}
	return ip_from_v4(inet_addr(TRAFFIC_VIP));
}

static void write_ip(uint8_t *ip, size_t len, const struct ip_address *source,
	const struct ip_address *destination)
{
	if (!ip_is_v4(source)) {
		ip[0] = 0x60;
		store_be16(ip + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_BYTES));
		ip[IPV6_NEXT_HEADER] = PROTOCOL_TCP;
		ip[IPV6_HOP_LIMIT] = 64;
		memcpy(ip + IPV6_SOURCE, source->bytes, 16);
		memcpy(ip + IPV6_DESTINATION, destination->bytes, 16);
		return;
	}
	ip[0] = 0x45;
	store_be16(ip + IPV4_TOTAL_LENGTH, (uint16_t)len);
	store_be16(ip + IPV4_FRAGMENT, 0x4000);
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTOCOL] = PROTOCOL_TCP;
	store_raw32(ip + IPV4_SOURCE, ip_v4(source));
	store_raw32(ip + IPV4_DESTINATION, ip_v4(destination));
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, IPV4_MIN_BYTES));
}

static uint64_t pseudo_sum(
	const struct ip_address *source, const struct ip_address *destination, size_t l4_len)
{
	uint64_t sum = htons(PROTOCOL_TCP) + (uint64_t)htons((uint16_t)l4_len);

	if (ip_is_v4(source))
		return sum + ip_v4(source) + ip_v4(destination);
	return checksum_add(checksum_add(sum, source->bytes, 16), destination->bytes, 16);
}

static void write_colour(struct traffic *traffic, const struct ip_address *source, uint16_t port,
	enum traffic_colour colour, uint8_t *out)
{
	const bool v4 = ip_is_v4(source);
	struct dt_colour_option option = {
		.version = 1,
		.prober_id = TRAFFIC_PROBER_ID,
		.probe_sequence = traffic->sequence++,
	};
	uint8_t unsigned_option[DT_COLOUR_BYTES];

	dt_colour_write(&option, unsigned_option);
	option.mac =
		dt_colour_mac(&traffic->key, unsigned_option + 4, dt_colour_epoch(traffic->now_ns),
			v4 ? source->bytes + 12 : source->bytes, v4 ? 4 : 16, port, SYN_SEQUENCE);
	dt_colour_write(&option, out);
	if (colour == TRAFFIC_MASKED)
		out[EXID_OFFSET] ^= 0xff;
}

struct ends {
	struct ip_address source;
	struct ip_address destination;
	uint16_t source_port;
	uint16_t destination_port;
};

static struct ip_address with_end(const struct traffic *traffic, const char *prefix, uint16_t end)
{
	struct ip_address a;

	if (!traffic->options->ipv6)
		return ip_from_v4(htonl(0xc6120000u | end)); // 198.18.0.0/16
	inet_pton(AF_INET6, prefix, a.bytes);
	store_be16(a.bytes + 14, end);
	return a;
}

static struct ends ends_of(const struct traffic *traffic, const struct traffic_packet *packet)
{
	const struct bench_options *o = traffic->options;
	const uint32_t flow = packet->flow;
	struct ends forward = {
		.source = traffic_client(traffic, flow),
		.destination = destination_of(traffic, flow),
		.source_port = (uint16_t)(20000 + (flow & 3) * 7),
		.destination_port = packet->vip_port,
	};
	struct ends reply = {
		.destination = forward.source,
		.destination_port = forward.source_port,
		.source_port = packet->vip_port,
	};

	if (packet->direction == BENCH_FORWARD)
		return forward;
	if (o->tier == BENCH_EIP) {
		reply.source = traffic_private(traffic, flow);
		return reply;
	}
	reply.source = with_end(traffic, "2001:db8:2::", traffic->flows[flow].backend);
	if (o->mode == BENCH_FULL_NAT) {
		reply.destination =
			with_end(traffic, "2001:db8:1::1:0", traffic->flows[flow].local);
		reply.destination_port = traffic->flows[flow].local_port;
	}
	return reply;
}

void traffic_learn(struct traffic *traffic, const uint8_t *frame)
{
	const uint8_t *ip = frame + ETHERNET_BYTES;
	bool v6 = ip[0] >> 4 == 6;
	const uint8_t *tcp = ip + (v6 ? IPV6_BYTES : IPV4_MIN_BYTES);
	const uint8_t *source = ip + (v6 ? IPV6_SOURCE + 14 : IPV4_SOURCE + 2);
	const uint8_t *destination = ip + (v6 ? IPV6_DESTINATION + 14 : IPV4_DESTINATION + 2);
	uint32_t flow = load_be32(tcp + ACKNOWLEDGMENT);

	if (tcp[TCP_FLAGS] != TCP_SYN || flow >= traffic->options->flows)
		return;
	traffic->flows[flow] = (struct traffic_flow){
		.local = load_be16(source),
		.local_port = load_be16(tcp),
		.backend = load_be16(destination),
	};
}

// Puts the tunnel in front of the inner packet that stands behind its room. Returns its bytes.
static size_t write_tunnel(
	const struct traffic *traffic, uint16_t inner_len, uint32_t flow, uint8_t *out)
{
	const struct tunnel *t = traffic->inside;
	struct tunnel back = *t;

	back.local = t->remote;
	back.remote = t->local;
	back.ttl = 64;
	tunnel_write(&back, traffic->options->ipv6, inner_len, 0, flow, 0, out);
	return tunnel_header_bytes(&back);
}

size_t traffic_write(struct traffic *traffic, const struct traffic_packet *packet, uint8_t *frame)
{
	const struct ends ends = ends_of(traffic, packet);
	const bool tunnelled = traffic->inside && packet->direction == BENCH_REPLY;
	const size_t ip_bytes = traffic->options->ipv6 ? IPV6_BYTES : IPV4_MIN_BYTES;
	const size_t tcp_bytes =
		TCP_MIN_BYTES + (packet->colour == TRAFFIC_PLAIN ? 0u : (size_t)DT_COLOUR_BYTES);
	const size_t outer = tunnelled ? tunnel_header_bytes(traffic->inside) : 0;
	size_t len = ip_bytes + tcp_bytes;
	uint8_t *ip = frame + ETHERNET_BYTES + outer, *tcp = ip + ip_bytes;

	if (len + ETHERNET_BYTES < traffic->options->packet_size)
		len = traffic->options->packet_size - ETHERNET_BYTES;
	memset(frame, 0, ETHERNET_BYTES + outer + ip_bytes + tcp_bytes);
	memcpy(frame, traffic->mac, 6);
	frame[6] = 0x02;
	store_be16(frame + 12,
		traffic->options->ipv6 && !tunnelled ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	if (tunnelled)
		write_tunnel(traffic, (uint16_t)len, packet->flow, frame + ETHERNET_BYTES);
	write_ip(ip, len, &ends.source, &ends.destination);
	store_be16(tcp, ends.source_port);
	store_be16(tcp + 2, ends.destination_port);
	store_be32(tcp + TCP_SEQUENCE, SYN_SEQUENCE);
	store_be32(tcp + ACKNOWLEDGMENT, packet->flow);
	tcp[TCP_DATA_OFFSET] = (uint8_t)(tcp_bytes / 4 << 4);
	tcp[TCP_FLAGS] = packet->colour == TRAFFIC_PLAIN ? packet->tcp_flags : TCP_SYN;
	if (packet->colour != TRAFFIC_PLAIN)
		write_colour(traffic, &ends.source, ends.source_port, packet->colour,
			tcp + TCP_MIN_BYTES);
	// The payload is zeros: it adds nothing to the sum.
	store_raw16(tcp + TCP_CHECKSUM,
		(uint16_t)~checksum_fold(
			checksum_add(pseudo_sum(&ends.source, &ends.destination, len - ip_bytes),
				tcp, tcp_bytes)));
	return ETHERNET_BYTES + outer + len;
}
