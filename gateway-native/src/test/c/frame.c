// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include "../../main/c/packet/arp.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

enum { L3 = ETHERNET_BYTES, L4 = ETHERNET_BYTES + IPV4_MIN_BYTES };

static const uint8_t client_mac[6] = {0x02, 0xcc, 0, 0, 0, 1};

uint32_t frame_address(const char *text)
{
	struct in_addr address = {0};

	inet_pton(AF_INET, text, &address);
	return address.s_addr;
}

void frame_finish(struct frame *f)
{
	uint8_t *ip = f->bytes + L3, *l4 = f->bytes + L4;
	size_t l4_len = f->len - L4;
	uint32_t source = load_raw32(ip + IPV4_SOURCE),
		 destination = load_raw32(ip + IPV4_DESTINATION);

	store_be16(ip + IPV4_TOTAL_LENGTH, (uint16_t)(f->len - L3));
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, IPV4_MIN_BYTES));
	switch (ip[IPV4_PROTOCOL]) {
	case PROTOCOL_TCP:
		store_raw16(l4 + TCP_CHECKSUM, 0);
		store_raw16(l4 + TCP_CHECKSUM,
			checksum_transport(source, destination, PROTOCOL_TCP, l4, l4_len));
		break;
	case PROTOCOL_UDP:
		store_raw16(l4 + UDP_CHECKSUM, 0);
		store_raw16(l4 + UDP_CHECKSUM,
			checksum_transport(source, destination, PROTOCOL_UDP, l4, l4_len));
		break;
	case PROTOCOL_ICMP:
		store_raw16(l4 + ICMP_CHECKSUM, 0);
		store_raw16(l4 + ICMP_CHECKSUM, checksum(l4, l4_len));
		break;
	}
}

static struct frame frame_ip(
	const char *source, const char *destination, uint8_t protocol, size_t l4_len)
{
	struct frame f = {.len = L4 + l4_len};
	uint8_t *ip = f.bytes + L3;

	f.bytes[0] = 0x02;
	memcpy(f.bytes + 6, client_mac, 6);
	store_be16(f.bytes + 12, ETHERTYPE_IPV4_ID);
	ip[0] = 0x45;
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTOCOL] = protocol;
	store_raw32(ip + IPV4_SOURCE, frame_address(source));
	store_raw32(ip + IPV4_DESTINATION, frame_address(destination));
	return f;
}

struct frame frame_tcp(struct frame_flow flow, uint8_t flags, uint32_t sequence,
	const uint8_t *options, size_t options_len, size_t payload_len)
{
	struct frame f = frame_ip(flow.source, flow.destination, PROTOCOL_TCP,
		TCP_MIN_BYTES + options_len + payload_len);
	uint8_t *tcp = f.bytes + L4;

	store_be16(tcp, flow.source_port);
	store_be16(tcp + 2, flow.destination_port);
	store_be32(tcp + TCP_SEQUENCE, sequence);
	tcp[TCP_DATA_OFFSET] = (uint8_t)((TCP_MIN_BYTES + options_len) / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	if (options_len)
		memcpy(tcp + TCP_MIN_BYTES, options, options_len);
	for (size_t i = 0; i < payload_len; i++)
		tcp[TCP_MIN_BYTES + options_len + i] = (uint8_t)(i * 7);
	frame_finish(&f);
	return f;
}

struct frame frame_udp(struct frame_flow flow, size_t payload_len, bool with_checksum)
{
	struct frame f =
		frame_ip(flow.source, flow.destination, PROTOCOL_UDP, UDP_BYTES + payload_len);
	uint8_t *udp = f.bytes + L4;

	store_be16(udp, flow.source_port);
	store_be16(udp + 2, flow.destination_port);
	store_be16(udp + UDP_LENGTH, (uint16_t)(UDP_BYTES + payload_len));
	for (size_t i = 0; i < payload_len; i++)
		udp[UDP_BYTES + i] = (uint8_t)(i * 13);
	frame_finish(&f);
	if (!with_checksum)
		store_raw16(udp + UDP_CHECKSUM, 0);
	return f;
}

struct frame frame_echo(const char *source, const char *destination)
{
	struct frame f = frame_ip(source, destination, PROTOCOL_ICMP, ICMP_MIN_BYTES + 16);

	f.bytes[L4] = 8;
	f.bytes[L4 + 5] = 77;
	frame_finish(&f);
	return f;
}

struct frame frame_unreachable(
	const char *source, const char *destination, const struct frame *quoted)
{
	size_t quoted_len = IPV4_MIN_BYTES + 8;
	struct frame f = frame_ip(source, destination, PROTOCOL_ICMP, ICMP_MIN_BYTES + quoted_len);

	f.bytes[L4] = 3;
	f.bytes[L4 + 1] = 3;
	memcpy(f.bytes + L4 + ICMP_MIN_BYTES, quoted->bytes + L3, quoted_len);
	frame_finish(&f);
	return f;
}

struct frame frame_arp_request(const char *sender, const char *target)
{
	struct arp_message message = {
		.op = ARP_OP_REQUEST,
		.sender = frame_address(sender),
		.target = frame_address(target),
	};
	struct frame f = {.len = ARP_FRAME_BYTES};

	memcpy(message.sender_mac, client_mac, 6);
	arp_write(f.bytes, &message);
	return f;
}

bool frame_checksums_right(const uint8_t *bytes, size_t len)
{
	const uint8_t *ip = bytes + L3, *l4 = bytes + L4;
	size_t l4_len = len - L4;

	if (len < L4 + 8 || checksum(ip, IPV4_MIN_BYTES) != 0)
		return false;
	switch (ip[IPV4_PROTOCOL]) {
	case PROTOCOL_ICMP:
		return checksum(l4, l4_len) == 0;
	case PROTOCOL_UDP:
		if (load_raw16(l4 + UDP_CHECKSUM) == 0)
			return true;
		break;
	default:
		break;
	}
	return checksum_transport(load_raw32(ip + IPV4_SOURCE), load_raw32(ip + IPV4_DESTINATION),
		       ip[IPV4_PROTOCOL], l4, l4_len) == 0;
}
