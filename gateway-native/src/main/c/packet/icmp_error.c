// SPDX-License-Identifier: Apache-2.0
#include "icmp_error.h"

#include "bytes.h"
#include "checksum.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_FRAGMENTATION_NEEDED_CODE = 4,
	ICMPV6_PACKET_TOO_BIG = 2,
	ICMPV6_TIME_EXCEEDED = 3,
	ICMPV6_FIRST_INFORMATION = 128, // below: errors
	ICMPV6_REDIRECT = 137,
	ERROR_TTL = 64,
	ERROR_TOS = 0xc0, // internetwork control (RFC 1812, 4.3.2.5)
	IPV4_DO_NOT_FRAGMENT = 0x4000,
};

static bool is_error(const uint8_t *packet, const struct packet_view *view)
{
	uint8_t type;

	if (view->protocol != (view->is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
		return false;
	if (view->l4_len == 0)
		return true; // cannot be told: it may be one
	type = packet[view->l4_offset];
	if (view->is_v6)
		return type < ICMPV6_FIRST_INFORMATION || type == ICMPV6_REDIRECT;
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

// Names one node: not a group, not "this network", not a loopback.
static bool is_single_v4(uint32_t address_raw)
{
	uint8_t first = (uint8_t)(ntohl(address_raw) >> 24);

	return first != 0 && first != 127 && first < 224;
}

static bool is_single_v6(const struct ip_address *a)
{
	bool is_low = a->halves[0] == 0 && a->words[2] == 0 && ntohl(a->words[3]) <= 1; // ::, ::1

	return !is_low && a->bytes[0] != 0xff && !ip_is_v4(a);
}

bool icmp_error_allowed(const uint8_t *packet, const struct packet_view *view)
{
	if (view->fragment == FRAGMENT_LATER || is_error(packet, view))
		return false;
	if (view->is_v6)
		return is_single_v6(&view->source) && is_single_v6(&view->destination);
	return is_single_v4(ip_v4(&view->source)) && is_single_v4(ip_v4(&view->destination));
}

static size_t write_v4(enum icmp_error_kind kind, uint32_t mtu, const struct ip_address *source,
	const uint8_t *packet, const struct packet_view *view, uint8_t *out)
{
	size_t room = ICMP_ERROR_V4_MAX_BYTES - IPV4_MIN_BYTES - ICMP_MIN_BYTES;
	size_t quoted = view->ip_len < room ? view->ip_len : room;
	size_t len = IPV4_MIN_BYTES + ICMP_MIN_BYTES + quoted;
	uint8_t *icmp = out + IPV4_MIN_BYTES;

	memset(out, 0, IPV4_MIN_BYTES + ICMP_MIN_BYTES);
	out[0] = 0x45;
	out[IPV4_TOS] = ERROR_TOS;
	store_be16(out + IPV4_TOTAL_LENGTH, (uint16_t)len);
	store_be16(out + IPV4_FRAGMENT, IPV4_DO_NOT_FRAGMENT); // so that the id may be 0 (RFC 6864)
	out[IPV4_TTL] = ERROR_TTL;
	out[IPV4_PROTOCOL] = PROTOCOL_ICMP;
	store_raw32(out + IPV4_SOURCE, ip_v4(source));
	store_raw32(out + IPV4_DESTINATION, ip_v4(&view->source));
	store_raw16(out + IPV4_CHECKSUM, checksum(out, IPV4_MIN_BYTES));
	if (kind == ICMP_ERROR_PACKET_TOO_BIG) {
		icmp[0] = ICMP_UNREACHABLE;
		icmp[1] = ICMP_FRAGMENTATION_NEEDED_CODE;
		store_be16(icmp + 6, mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu);
	} else {
		icmp[0] = ICMP_TIME_EXCEEDED;
	}
	memcpy(icmp + ICMP_MIN_BYTES, packet, quoted);
	store_raw16(icmp + ICMP_CHECKSUM, checksum(icmp, ICMP_MIN_BYTES + quoted));
	return len;
}

static size_t write_v6(enum icmp_error_kind kind, uint32_t mtu, const struct ip_address *source,
	const uint8_t *packet, const struct packet_view *view, uint8_t *out)
{
	size_t room = ICMP_ERROR_V6_MAX_BYTES - IPV6_BYTES - ICMP_MIN_BYTES;
	size_t quoted = view->ip_len < room ? view->ip_len : room;
	size_t icmp_len = ICMP_MIN_BYTES + quoted;
	uint8_t *icmp = out + IPV6_BYTES;

	memset(out, 0, IPV6_BYTES + ICMP_MIN_BYTES);
	store_be32(out, 6u << 28 | (uint32_t)ERROR_TOS << 20);
	store_be16(out + IPV6_PAYLOAD_LENGTH, (uint16_t)icmp_len);
	out[IPV6_NEXT_HEADER] = PROTOCOL_ICMPV6;
	out[IPV6_HOP_LIMIT] = ERROR_TTL;
	memcpy(out + IPV6_SOURCE, source->bytes, 16);
	memcpy(out + IPV6_DESTINATION, view->source.bytes, 16);
	if (kind == ICMP_ERROR_PACKET_TOO_BIG) {
		icmp[0] = ICMPV6_PACKET_TOO_BIG;
		store_be32(icmp + 4, mtu);
	} else {
		icmp[0] = ICMPV6_TIME_EXCEEDED;
	}
	memcpy(icmp + ICMP_MIN_BYTES, packet, quoted);
	store_raw16(icmp + ICMP_CHECKSUM,
		checksum_transport(source, &view->source, PROTOCOL_ICMPV6, icmp, icmp_len));
	return IPV6_BYTES + icmp_len;
}

size_t icmp_error_write(enum icmp_error_kind kind, uint32_t mtu, const struct ip_address *source,
	const uint8_t *packet, const struct packet_view *view, uint8_t *out)
{
	if (ip_is_v4(source) == view->is_v6)
		return 0;
	return view->is_v6 ? write_v6(kind, mtu, source, packet, view, out)
			   : write_v4(kind, mtu, source, packet, view, out);
}
