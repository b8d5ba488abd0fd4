// SPDX-License-Identifier: Apache-2.0
#include "icmp_quote.h"

#include "bytes.h"
#include "checksum.h"
#include "icmp_family.h"

enum {
	V4_UNREACHABLE = 3,
	V4_TIME_EXCEEDED = 11,
	V4_PARAMETER_PROBLEM = 12,
	V6_UNREACHABLE = 1,
	V6_PARAMETER_PROBLEM = 4,
	V6_LEAST_MTU = 1280,
	IPV4_DO_NOT_FRAGMENT = 0x4000,
	IPV4_OFFSET = 0x1fff,
	IPV6_OFFSET = 0xfff8,
	SCTP_CHECKSUM = 8,
	TRANSPORT_BYTES = 8, // what an error quotes behind the IP header at least (RFC 792)
	EXTENSION_MAX = 8,
	EXTENSION_UNIT = 8,
};

static bool is_error(const uint8_t *icmp, bool is_v6)
{
	if (is_v6)
		return icmp[0] >= V6_UNREACHABLE && icmp[0] <= V6_PARAMETER_PROBLEM;
	return icmp[0] == V4_UNREACHABLE || icmp[0] == V4_TIME_EXCEEDED ||
	       icmp[0] == V4_PARAMETER_PROBLEM;
}

static bool read_v4(const uint8_t *ip, size_t len, struct icmp_quote *q)
{
	size_t header_len = (size_t)(ip[0] & 0x0f) * 4;

	if (len < IPV4_MIN_BYTES || ip[0] >> 4 != 4 || header_len < IPV4_MIN_BYTES ||
		(load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET))
		return false;
	q->source = ip_from_v4(load_raw32(ip + IPV4_SOURCE));
	q->destination = ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
	q->protocol = ip[IPV4_PROTOCOL];
	q->l4_offset = (uint16_t)(q->offset + header_len);
	return true;
}

static bool is_skipped(uint8_t next)
{
	return next == PROTOCOL_HOP_OPTIONS || next == PROTOCOL_DESTINATION_OPTIONS ||
	       next == PROTOCOL_FRAGMENT;
}

// Past options and the header of a first fragment.
static bool read_v6(const uint8_t *ip, size_t len, struct icmp_quote *q)
{
	size_t at = IPV6_BYTES;

	if (len < IPV6_BYTES || ip[0] >> 4 != 6)
		return false;
	q->source = ip_load_v6(ip + IPV6_SOURCE);
	q->destination = ip_load_v6(ip + IPV6_DESTINATION);
	q->protocol = ip[IPV6_NEXT_HEADER];
	for (int n = 0; n < EXTENSION_MAX && is_skipped(q->protocol); n++) {
		bool is_fragment = q->protocol == PROTOCOL_FRAGMENT;

		if (at > len || len - at < EXTENSION_UNIT)
			return false;
		if (is_fragment && (load_be16(ip + at + 2) & IPV6_OFFSET))
			return false;
		q->protocol = ip[at];
		at += is_fragment ? EXTENSION_UNIT : (ip[at + 1] + (size_t)1) * EXTENSION_UNIT;
	}
	q->l4_offset = (uint16_t)(q->offset + at);
	return true;
}

bool icmp_quote_read_at(
	const uint8_t *packet, size_t offset, size_t end, bool is_v6, struct icmp_quote *q)
{
	const uint8_t *l4;

	*q = (struct icmp_quote){
		.offset = (uint16_t)offset,
		.end = (uint16_t)end,
		.is_v6 = is_v6,
	};
	if (offset >= end || !(is_v6 ? read_v6 : read_v4)(packet + offset, end - offset, q))
		return false;
	if (q->l4_offset > q->end || q->end - q->l4_offset < TRANSPORT_BYTES)
		return false;
	l4 = packet + q->l4_offset;
	q->source_port = load_be16(l4);
	q->destination_port = load_be16(l4 + 2);
	return true;
}

bool icmp_quote_read(const uint8_t *packet, const struct packet_view *view, struct icmp_quote *q)
{
	if (view->l4_len < ICMP_MIN_BYTES || !is_error(packet + view->l4_offset, view->is_v6))
		return false;
	return icmp_quote_read_at(packet, (size_t)view->l4_offset + ICMP_MIN_BYTES,
		       (size_t)view->l4_offset + view->l4_len, view->is_v6, q) &&
	       (q->protocol == PROTOCOL_TCP || q->protocol == PROTOCOL_UDP ||
		       q->protocol == PROTOCOL_SCTP);
}

// Bytes of the quoted packet's transport, quoted or not.
static size_t whole_transport(const uint8_t *ip, const struct icmp_quote *q)
{
	size_t ip_len = q->is_v6 ? (size_t)IPV6_BYTES + load_be16(ip + IPV6_PAYLOAD_LENGTH)
				 : load_be16(ip + IPV4_TOTAL_LENGTH);
	size_t header_len = (size_t)q->l4_offset - q->offset;

	return ip_len > header_len ? ip_len - header_len : 0;
}

// A CRC of all of the packet, kept by difference (it is linear): what came broken stays broken.
static void write_sctp_checksum(uint8_t *sctp, uint32_t before, uint32_t after)
{
	store_raw32(sctp + SCTP_CHECKSUM, load_raw32(sctp + SCTP_CHECKSUM) ^ before ^ after);
}

// Undoes what the translation did to the transport, as far as it is quoted: TCP's checksum is cut
// off as a rule, UDP's stands in the first 8 bytes, SCTP's comes behind them and can be undone only
// where all of the packet is quoted. whole: its bytes.
static void write_transport(uint8_t *l4, size_t len, size_t whole, const struct icmp_quote *q,
	const struct icmp_told *told)
{
	bool is_whole_sctp = q->protocol == PROTOCOL_SCTP && whole >= SCTP_BYTES && whole <= len;
	uint32_t crc = is_whole_sctp ? checksum_sctp(l4, whole) : 0;
	uint64_t delta = checksum_delta_address(&q->source, &told->quoted_source) +
			 checksum_delta_address(&q->destination, &told->quoted_destination);
	uint32_t ports = load_raw32(l4);
	uint16_t folded;

	store_be16(l4, told->quoted_source_port);
	store_be16(l4 + 2, told->quoted_destination_port);
	folded = checksum_fold(delta + checksum_delta32(ports, load_raw32(l4)));
	if (q->protocol == PROTOCOL_UDP)
		store_raw16(l4 + UDP_CHECKSUM,
			checksum_apply_udp(load_raw16(l4 + UDP_CHECKSUM), folded));
	else if (q->protocol == PROTOCOL_TCP && len >= TCP_CHECKSUM + 2)
		store_raw16(
			l4 + TCP_CHECKSUM, checksum_apply(load_raw16(l4 + TCP_CHECKSUM), folded));
	else if (is_whole_sctp)
		write_sctp_checksum(l4, crc, checksum_sctp(l4, whole));
}

static void write_addresses(uint8_t *ip, bool is_v6, const struct ip_address *source,
	const struct ip_address *destination)
{
	if (is_v6) {
		memcpy(ip + IPV6_SOURCE, source->bytes, 16);
		memcpy(ip + IPV6_DESTINATION, destination->bytes, 16);
	} else {
		store_raw32(ip + IPV4_SOURCE, ip_v4(source));
		store_raw32(ip + IPV4_DESTINATION, ip_v4(destination));
	}
}

static void write_v4(
	uint8_t *ip, uint8_t traffic_class, uint16_t len, uint8_t ttl, uint8_t protocol)
{
	memset(ip, 0, IPV4_MIN_BYTES);
	ip[0] = 0x45;
	ip[IPV4_TOS] = traffic_class;
	store_be16(ip + IPV4_TOTAL_LENGTH, len);
	store_be16(ip + IPV4_FRAGMENT, IPV4_DO_NOT_FRAGMENT); // so that the id may be 0 (RFC 6864)
	ip[IPV4_TTL] = ttl;
	ip[IPV4_PROTOCOL] = protocol;
}

static void write_v6(
	uint8_t *ip, uint8_t traffic_class, uint16_t len, uint8_t ttl, uint8_t protocol)
{
	memset(ip, 0, IPV6_BYTES);
	store_be32(ip, 6u << 28 | (uint32_t)traffic_class << 20);
	store_be16(ip + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_BYTES));
	ip[IPV6_NEXT_HEADER] = protocol;
	ip[IPV6_HOP_LIMIT] = ttl;
}

static void close_v4(uint8_t *ip, size_t header_len)
{
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, header_len));
}

// The quoted packet's header in the other family. Its length is the whole packet's, quoted or not.
static size_t write_other_header(const uint8_t *ip, const struct icmp_quote *q, uint8_t *out)
{
	uint16_t header_len = (uint16_t)(q->l4_offset - q->offset), len;

	if (q->is_v6) {
		len = (uint16_t)(load_be16(ip + IPV6_PAYLOAD_LENGTH) + IPV6_BYTES - header_len);
		write_v4(out, (uint8_t)(load_be16(ip) >> 4), (uint16_t)(len + IPV4_MIN_BYTES),
			ip[IPV6_HOP_LIMIT], q->protocol);
		return IPV4_MIN_BYTES;
	}
	len = (uint16_t)(load_be16(ip + IPV4_TOTAL_LENGTH) - header_len);
	write_v6(out, ip[IPV4_TOS], (uint16_t)(len + IPV6_BYTES), ip[IPV4_TTL], q->protocol);
	return IPV6_BYTES;
}

// The quoted packet as told; returns its length.
static size_t write_quoted(const uint8_t *packet, const struct icmp_quote *q,
	const struct icmp_told *told, bool to_v6, uint8_t *out, size_t room)
{
	size_t header_len = (size_t)q->l4_offset - q->offset, len = (size_t)q->end - q->l4_offset;

	if (header_len + TRANSPORT_BYTES > room)
		return 0;
	if (q->is_v6 == to_v6)
		memcpy(out, packet + q->offset, header_len);
	else
		header_len = write_other_header(packet + q->offset, q, out);
	len = len < room - header_len ? len : room - header_len;
	memcpy(out + header_len, packet + q->l4_offset, len);
	write_transport(out + header_len, len, whole_transport(packet + q->offset, q), q, told);
	write_addresses(out, to_v6, &told->quoted_source, &told->quoted_destination);
	if (!to_v6)
		close_v4(out, header_len);
	return header_len + len;
}

// Type and code, and what belongs to them.
static bool write_icmp(const uint8_t *icmp, bool from_v6, bool to_v6, uint8_t *out)
{
	if (from_v6 != to_v6)
		return from_v6 ? icmp_family_to_v4(icmp, out) : icmp_family_to_v6(icmp, out);
	memcpy(out, icmp, ICMP_MIN_BYTES);
	store_raw16(out + ICMP_CHECKSUM, 0);
	return true;
}

size_t icmp_quote_write(const uint8_t *packet, const struct packet_view *view,
	const struct icmp_quote *quote, const struct icmp_told *told, uint8_t *out)
{
	bool to_v6 = !ip_is_v4(&told->destination);
	size_t ip_len = to_v6 ? IPV6_BYTES : IPV4_MIN_BYTES, quoted, len;
	size_t room = to_v6 ? V6_LEAST_MTU : ICMP_QUOTE_MAX_BYTES;
	uint8_t *icmp = out + ip_len, ttl = (uint8_t)(view->ttl - 1);

	if (!write_icmp(packet + view->l4_offset, view->is_v6, to_v6, icmp))
		return 0;
	quoted = write_quoted(
		packet, quote, told, to_v6, icmp + ICMP_MIN_BYTES, room - ip_len - ICMP_MIN_BYTES);
	if (quoted == 0)
		return 0;
	len = ip_len + ICMP_MIN_BYTES + quoted;
	(to_v6 ? write_v6 : write_v4)(out, view->traffic_class, (uint16_t)len, ttl,
		to_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP);
	write_addresses(out, to_v6, &told->source, &told->destination);
	if (!to_v6)
		close_v4(out, IPV4_MIN_BYTES);
	store_raw16(
		icmp + ICMP_CHECKSUM, to_v6 ? checksum_transport(&told->source, &told->destination,
						      PROTOCOL_ICMPV6, icmp, len - ip_len)
					    : checksum(icmp, len - ip_len));
	return len;
}
