// SPDX-License-Identifier: Apache-2.0
//
// Frames for replays, and what is looked at in those that come out.
#include "replay_fixture.h"

#include "../../main/c/packet/checksum.h"

struct frame syn(uint16_t source_port, uint16_t vip_port)
{
	return frame_tcp(
		(struct frame_flow){CLIENT, VIP, source_port, vip_port}, TCP_SYN, 1000, NULL, 0, 0);
}

// The flow back, in texts that last until the next call.
static struct frame_flow flow_back(const struct frame *sent)
{
	static char backend[IP_ADDRESS_TEXT_BYTES], local[IP_ADDRESS_TEXT_BYTES];
	struct ip_address source = source_of(sent), destination = destination_of(sent);

	ip_text(&destination, backend);
	ip_text(&source, local);
	return (struct frame_flow){backend, local, destination_port_of(sent), source_port_of(sent)};
}

struct frame reply_to(const struct frame *sent, uint8_t flags)
{
	return frame_tcp(flow_back(sent), flags, 5000, NULL, 0, 0);
}

struct frame udp_reply_to(const struct frame *sent, size_t payload_len)
{
	return frame_udp(flow_back(sent), payload_len, true);
}

void make_option(uint8_t out_bytes[DT_COLOUR_BYTES], struct colour c)
{
	static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct dt_siphash_key key = dt_siphash_key_read(bytes),
			      derived = dt_colour_derive_key(&key, c.prober_id);
	struct dt_colour_option option = {
		.version = DT_COLOUR_VERSION,
		.flags = c.flags,
		.prober_id = c.prober_id,
		.probe_sequence = c.sequence,
	};
	struct ip_address source = frame_ip_address(c.source ? c.source : CLIENT);
	bool v4 = ip_is_v4(&source);

	dt_colour_write(&option, out_bytes);
	option.mac = dt_colour_mac(&derived, out_bytes + 4, dt_colour_epoch(c.time),
		v4 ? source.bytes + 12 : source.bytes, v4 ? 4 : 16, c.source_port, c.syn_sequence);
	dt_colour_write(&option, out_bytes);
}

struct frame coloured(uint16_t source_port, uint8_t flags, uint32_t sequence, uint64_t time)
{
	uint8_t options[24] = {2, 4, 5, 0xb4};
	bool reset = flags & DT_COLOUR_FLAG_RESET;

	make_option(options + 4, (struct colour){.flags = flags,
					 .prober_id = 1,
					 .sequence = sequence,
					 .syn_sequence = 1000,
					 .time = time,
					 .source_port = source_port});
	return frame_tcp((struct frame_flow){CLIENT, VIP, source_port, 80},
		reset ? TCP_RST : TCP_SYN, reset ? 1001 : 1000, options, sizeof(options), 0);
}

bool has_colour(const struct frame *f)
{
	struct dt_colour_option option;
	const uint8_t *tcp = l4_of(f);

	return dt_colour_find(tcp + 20, (size_t)(tcp[TCP_DATA_OFFSET] >> 4) * 4 - 20, &option) != 0;
}

const uint8_t *l3_of(const struct frame *f)
{
	return f->bytes + frame_layout(f->bytes, f->len).l3;
}

const uint8_t *l4_of(const struct frame *f)
{
	return f->bytes + frame_layout(f->bytes, f->len).l4;
}

size_t l4_len_of(const struct frame *f)
{
	return f->len - frame_layout(f->bytes, f->len).l4;
}

uint16_t source_port_of(const struct frame *f)
{
	return load_be16(l4_of(f));
}

uint16_t destination_port_of(const struct frame *f)
{
	return load_be16(l4_of(f) + 2);
}

struct ip_address source_of(const struct frame *f)
{
	const uint8_t *ip = l3_of(f);

	return ip[0] >> 4 == 6 ? ip_load_v6(ip + IPV6_SOURCE)
			       : ip_from_v4(load_raw32(ip + IPV4_SOURCE));
}

struct ip_address destination_of(const struct frame *f)
{
	const uint8_t *ip = l3_of(f);

	return ip[0] >> 4 == 6 ? ip_load_v6(ip + IPV6_DESTINATION)
			       : ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
}

static void assert_end(
	const struct ip_address *is, uint16_t port, const char *address, uint16_t wanted_port)
{
	char is_text[IP_ADDRESS_TEXT_BYTES], wanted_text[IP_ADDRESS_TEXT_BYTES];
	struct ip_address wanted = frame_ip_address(address);

	assert_string_equal(ip_text(is, is_text), ip_text(&wanted, wanted_text));
	if (wanted_port)
		assert_int_equal(port, wanted_port);
}

void assert_from(const struct frame *f, const char *address, uint16_t port)
{
	struct ip_address source = source_of(f);

	assert_end(&source, source_port_of(f), address, port);
}

void assert_to(const struct frame *f, const char *address, uint16_t port)
{
	struct ip_address destination = destination_of(f);

	assert_end(&destination, destination_port_of(f), address, port);
}

void assert_right(const struct frame *f)
{
	assert_true(frame_checksums_right(f->bytes, f->len));
}

struct frame inner_of(const struct frame *outer, size_t header_bytes)
{
	struct frame inner = {.len = outer->len - header_bytes};
	const uint8_t *ip = outer->bytes + L3 + header_bytes;

	memcpy(inner.bytes, outer->bytes, 12);
	store_be16(inner.bytes + 12, ip[0] >> 4 == 6 ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	memcpy(inner.bytes + L3, ip, inner.len - L3);
	return inner;
}

void change_ip(struct frame *f, size_t at, uint16_t value)
{
	uint8_t *ip = f->bytes + L3;

	store_be16(f->bytes + at, value);
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, (size_t)(ip[0] & 15) * 4));
}

void set_ttl(struct frame *f, uint8_t ttl)
{
	if (f->bytes[L3] >> 4 == 6)
		f->bytes[L3 + IPV6_HOP_LIMIT] = ttl;
	else
		change_ip(f, L3 + IPV4_TTL, (uint16_t)(ttl << 8 | f->bytes[L3 + IPV4_PROTOCOL]));
}
