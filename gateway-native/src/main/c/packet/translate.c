// SPDX-License-Identifier: Apache-2.0
#include "translate.h"

#include "bytes.h"
#include "checksum.h"

enum {
	PROTOCOL_DCCP = 33,
	PROTOCOL_UDP_LITE = 136,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMPV6_FIRST_INFORMATION = 128, // below: errors
	IPV4_OFFSET = 0x1fff,
	IPV6_OFFSET = 0xfff8,
	EXTENSION_MAX = 8,
	EXTENSION_UNIT = 8,
};

// Where a transport whose checksum covers the addresses has it; -1: none that does. SCTP's covers
// SCTP alone, ICMP's (of IPv4) ICMP alone.
static inline int checksum_offset(uint8_t protocol, bool is_v6)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return TCP_CHECKSUM;
	case PROTOCOL_UDP:
	case PROTOCOL_UDP_LITE:
	case PROTOCOL_DCCP:
		return UDP_CHECKSUM;
	case PROTOCOL_ICMPV6:
		return is_v6 ? ICMP_CHECKSUM : -1;
	default:
		return -1;
	}
}

static inline uint16_t changed(uint8_t protocol, uint16_t field, uint16_t delta)
{
	return protocol == PROTOCOL_UDP ? checksum_apply_udp(field, delta)
					: checksum_apply(field, delta);
}

// TTL and protocol are written as one word: reading the word back after a store of its byte would
// wait for the store. Right for a TTL of 0 too, which becomes 255.
static inline void translate_v4(uint8_t *packet, const struct translation *t)
{
	uint16_t before = load_be16(packet + IPV4_TTL), after = (uint16_t)(before - 0x0100);
	uint32_t sum = (uint16_t)~load_raw16(packet + IPV4_CHECKSUM) + (uint32_t)t->delta +
		       (uint16_t)~htons(before) + htons(after);

	store_be16(packet + IPV4_TTL, after);
	sum = (sum & 0xffff) + (sum >> 16);
	store_raw16(packet + IPV4_CHECKSUM, (uint16_t) ~(sum + (sum >> 16)));
	store_raw32(packet + (t->side == TRANSLATE_SOURCE ? IPV4_SOURCE : IPV4_DESTINATION),
		ip_v4(t->to));
}

static inline void translate_v6(uint8_t *packet, const struct translation *t)
{
	memcpy(packet + (t->side == TRANSLATE_SOURCE ? IPV6_SOURCE : IPV6_DESTINATION),
		t->to->bytes, 16);
	packet[IPV6_HOP_LIMIT]--;
}

bool translate_packet(
	uint8_t *packet, const struct packet_view *view, const struct translation *translation)
{
	int offset = view->fragment == FRAGMENT_LATER
			     ? -1
			     : checksum_offset(view->protocol, view->is_v6);

	if (offset >= 0) {
		uint8_t *field = packet + view->l4_offset + offset;

		if (view->l4_len < offset + 2)
			return false;
		store_raw16(field, changed(view->protocol, load_raw16(field), translation->delta));
	}
	if (view->is_v6)
		translate_v6(packet, translation);
	else
		translate_v4(packet, translation);
	return true;
}

bool translate_is_error(const uint8_t *packet, const struct packet_view *view)
{
	uint8_t type;

	if (view->protocol != (view->is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP) ||
		view->fragment == FRAGMENT_LATER || view->l4_len < ICMP_MIN_BYTES)
		return false;
	type = packet[view->l4_offset];
	if (view->is_v6)
		return type < ICMPV6_FIRST_INFORMATION;
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

// end: of what is quoted, which is cut short as a rule.
static void note_transport(struct quoted_packet *q, size_t l4_offset, size_t end, bool is_v6)
{
	int offset = checksum_offset(q->protocol, is_v6);

	q->checksum_offset = 0;
	if (offset >= 0 && l4_offset + (size_t)offset + 2 <= end)
		q->checksum_offset = (uint16_t)(l4_offset + (size_t)offset);
}

static bool read_quoted_v4(const uint8_t *packet, size_t end, struct quoted_packet *q)
{
	const uint8_t *ip = packet + q->offset;
	size_t header_len;

	if (end - q->offset < IPV4_MIN_BYTES || ip[0] >> 4 != 4)
		return false;
	header_len = (size_t)(ip[0] & 0x0f) * 4;
	if (header_len < IPV4_MIN_BYTES)
		return false;
	q->source = ip_from_v4(load_raw32(ip + IPV4_SOURCE));
	q->destination = ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
	q->protocol = ip[IPV4_PROTOCOL];
	q->checksum_offset = 0;
	if ((load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET) == 0)
		note_transport(q, q->offset + header_len, end, false);
	return true;
}

// The transport header's offset behind the extension headers that are quoted; 0: it is not there.
static size_t skip_extensions(const uint8_t *packet, size_t at, size_t end, uint8_t *protocol)
{
	for (int n = 0; n < EXTENSION_MAX; n++) {
		bool is_fragment = *protocol == PROTOCOL_FRAGMENT;

		if (!is_fragment && *protocol != PROTOCOL_HOP_OPTIONS &&
			*protocol != PROTOCOL_DESTINATION_OPTIONS)
			return at;
		if (at > end || end - at < EXTENSION_UNIT)
			return 0;
		if (is_fragment && (load_be16(packet + at + 2) & IPV6_OFFSET))
			return 0;
		*protocol = packet[at];
		at += is_fragment ? EXTENSION_UNIT : (packet[at + 1] + (size_t)1) * EXTENSION_UNIT;
	}
	return 0;
}

static bool read_quoted_v6(const uint8_t *packet, size_t end, struct quoted_packet *q)
{
	const uint8_t *ip = packet + q->offset;
	size_t at;

	if (end - q->offset < IPV6_BYTES || ip[0] >> 4 != 6)
		return false;
	q->source = ip_load_v6(ip + IPV6_SOURCE);
	q->destination = ip_load_v6(ip + IPV6_DESTINATION);
	q->protocol = ip[IPV6_NEXT_HEADER];
	q->checksum_offset = 0;
	at = skip_extensions(packet, q->offset + (size_t)IPV6_BYTES, end, &q->protocol);
	if (at != 0)
		note_transport(q, at, end, true);
	return true;
}

bool translate_read_quoted(
	const uint8_t *packet, const struct packet_view *view, struct quoted_packet *quoted)
{
	size_t end = (size_t)view->l4_offset + view->l4_len;

	if (!translate_is_error(packet, view) || view->fragment != FRAGMENT_NONE)
		return false;
	quoted->offset = (uint16_t)(view->l4_offset + ICMP_MIN_BYTES);
	return view->is_v6 ? read_quoted_v6(packet, end, quoted)
			   : read_quoted_v4(packet, end, quoted);
}

// Changes a checksum field inside the error, and adds to the sum what that does to the error's own.
static void change_field(uint8_t *field, uint16_t value, uint64_t *sum)
{
	*sum += checksum_delta16(load_raw16(field), value);
	store_raw16(field, value);
}

void translate_quoted(uint8_t *packet, const struct packet_view *view,
	const struct quoted_packet *quoted, const struct translation *t)
{
	uint8_t *ip = packet + quoted->offset, *field = packet + quoted->checksum_offset;
	uint8_t *own = packet + view->l4_offset + ICMP_CHECKSUM;
	bool source = t->side == TRANSLATE_SOURCE;
	uint64_t sum = t->delta;

	if (view->is_v6) {
		memcpy(ip + (source ? IPV6_SOURCE : IPV6_DESTINATION), t->to->bytes, 16);
	} else {
		store_raw32(ip + (source ? IPV4_SOURCE : IPV4_DESTINATION), ip_v4(t->to));
		change_field(ip + IPV4_CHECKSUM,
			checksum_apply(load_raw16(ip + IPV4_CHECKSUM), t->delta), &sum);
	}
	if (quoted->checksum_offset)
		change_field(field, changed(quoted->protocol, load_raw16(field), t->delta), &sum);
	store_raw16(own, checksum_apply(load_raw16(own), checksum_fold(sum)));
}
