// SPDX-License-Identifier: Apache-2.0
#include "ndp.h"

#include "bytes.h"
#include "checksum.h"

enum {
	CODE = 1,
	FLAGS = 4,
	FLAG_SOLICITED = 0x40,
	FLAG_OVERRIDE = 0x20,
	TARGET = 8,
	OPTION_UNIT = 8,
	OPTION_SOURCE_MAC = 1,
	OPTION_TARGET_MAC = 2,
};

const struct ip_address ndp_all_nodes = {.bytes = {0xff, 0x02, [15] = 1}};

static uint8_t mac_option(uint8_t type)
{
	return type == NDP_SOLICITATION ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
}

// false: an option of no length, or one cut short. Options that are not known are passed over.
static bool read_options(const uint8_t *options, size_t len, struct ndp_message *out)
{
	while (len > 0) {
		size_t option_len;

		if (len < OPTION_UNIT)
			return false;
		option_len = (size_t)options[1] * OPTION_UNIT;
		if (option_len == 0 || option_len > len)
			return false;
		if (options[0] == mac_option(out->type) && option_len == OPTION_UNIT) {
			out->has_mac = true;
			memcpy(out->mac, options + 2, 6);
		}
		options += option_len;
		len -= option_len;
	}
	return true;
}

static bool is_group(const struct ip_address *address)
{
	return address->bytes[0] == 0xff;
}

// RFC 4861, 7.1.1 and 7.1.2.
static bool agrees_with_itself(const struct ndp_message *m)
{
	struct ip_address group = ndp_solicited_node(&m->target);

	if (is_group(&m->target) || ip_is_v4(&m->target) || !ip_is_set(&m->target))
		return false;
	if (m->type == NDP_ADVERTISEMENT)
		return ip_is_set(&m->source) && !(m->solicited && is_group(&m->destination));
	return ip_is_set(&m->source) || (!m->has_mac && ip_equal(&m->destination, &group));
}

enum ndp_outcome ndp_read(
	const uint8_t *packet, const struct packet_view *view, struct ndp_message *out)
{
	const uint8_t *icmp = packet + view->l4_offset;

	*out = (struct ndp_message){.source = view->source, .destination = view->destination};
	if (view->l4_len < NDP_MESSAGE_BYTES || view->ttl != NDP_HOP_LIMIT || icmp[CODE] != 0)
		return NDP_MALFORMED;
	if (checksum_transport(
		    &view->source, &view->destination, PROTOCOL_ICMPV6, icmp, view->l4_len) != 0)
		return NDP_BAD_CHECKSUM;
	out->type = icmp[0];
	out->target = ip_load_v6(icmp + TARGET);
	if (out->type == NDP_ADVERTISEMENT) {
		out->solicited = icmp[FLAGS] & FLAG_SOLICITED;
		out->override = icmp[FLAGS] & FLAG_OVERRIDE;
	}
	if (!read_options(icmp + NDP_MESSAGE_BYTES, view->l4_len - (size_t)NDP_MESSAGE_BYTES, out))
		return NDP_MALFORMED;
	return agrees_with_itself(out) ? NDP_READ : NDP_MALFORMED;
}

void ndp_write(uint8_t packet[NDP_PACKET_BYTES], const struct ndp_message *message)
{
	uint8_t *icmp = packet + IPV6_BYTES, *option = icmp + NDP_MESSAGE_BYTES;
	size_t len = NDP_PACKET_BYTES - IPV6_BYTES;

	memset(packet, 0, NDP_PACKET_BYTES);
	packet[0] = 0x60;
	store_be16(packet + IPV6_PAYLOAD_LENGTH, (uint16_t)len);
	packet[IPV6_NEXT_HEADER] = PROTOCOL_ICMPV6;
	packet[IPV6_HOP_LIMIT] = NDP_HOP_LIMIT;
	memcpy(packet + IPV6_SOURCE, message->source.bytes, 16);
	memcpy(packet + IPV6_DESTINATION, message->destination.bytes, 16);
	icmp[0] = message->type;
	icmp[FLAGS] = (uint8_t)((message->solicited ? FLAG_SOLICITED : 0) |
				(message->override ? FLAG_OVERRIDE : 0));
	memcpy(icmp + TARGET, message->target.bytes, 16);
	option[0] = mac_option(message->type);
	option[1] = 1;
	memcpy(option + 2, message->mac, 6);
	store_raw16(
		icmp + ICMP_CHECKSUM, checksum_transport(&message->source, &message->destination,
					      PROTOCOL_ICMPV6, icmp, len));
}

struct ip_address ndp_solicited_node(const struct ip_address *address)
{
	struct ip_address group = {.bytes = {0xff, 0x02, [11] = 1, [12] = 0xff}};

	memcpy(group.bytes + 13, address->bytes + 13, 3);
	return group;
}

void ndp_group_mac(const struct ip_address *group, uint8_t mac[6])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group->bytes + 12, 4);
}

struct ip_address ndp_link_local(const uint8_t mac[6])
{
	struct ip_address a = {.bytes = {0xfe, 0x80, [11] = 0xff, [12] = 0xfe}};

	memcpy(a.bytes + 8, mac, 3);
	memcpy(a.bytes + 13, mac + 3, 3);
	a.bytes[8] ^= 0x02;
	return a;
}
