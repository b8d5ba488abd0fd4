// SPDX-License-Identifier: Apache-2.0
#include "checksum.h"

#include "parse.h"

#include <endian.h>

enum { SCTP_CHECKSUM_OFFSET = 8 };

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t len)
{
	while (len >= 4) {
		sum += load_raw32(bytes);
		bytes += 4;
		len -= 4;
	}
	if (len >= 2) {
		sum += load_raw16(bytes);
		bytes += 2;
		len -= 2;
	}
	if (len == 1) {
		const uint8_t last[2] = {*bytes, 0};

		sum += load_raw16(last);
	}
	return sum;
}

uint16_t checksum(const uint8_t *bytes, size_t len)
{
	return (uint16_t)~checksum_fold(checksum_add(0, bytes, len));
}

uint16_t checksum_transport(const struct ip_address *source, const struct ip_address *destination,
	uint8_t protocol, const uint8_t *segment, size_t len)
{
	uint64_t sum = (uint64_t)htons(protocol) + htons((uint16_t)len);

	sum = checksum_add_address(checksum_add_address(sum, source), destination);
	return (uint16_t)~checksum_fold(checksum_add(sum, segment, len));
}

// Bit by bit into a table of nibbles: small, and only asked for on request.
static uint32_t crc32c(uint32_t crc, const uint8_t *bytes, size_t len)
{
	static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6,
		0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

uint32_t checksum_sctp(const uint8_t *packet, size_t len)
{
	static const uint8_t none[4];
	uint32_t crc = crc32c(UINT32_MAX, packet, SCTP_CHECKSUM_OFFSET);

	crc = crc32c(crc, none, sizeof(none));
	crc = crc32c(crc, packet + SCTP_CHECKSUM_OFFSET + 4, len - SCTP_CHECKSUM_OFFSET - 4);
	return htole32(~crc);
}

bool checksum_is_right(const uint8_t *packet, const struct packet_view *view)
{
	const uint8_t *l4 = packet + view->l4_offset;
	size_t len = view->l4_len;

	if (view->fragment != FRAGMENT_NONE)
		return true;
	switch (view->protocol) {
	case PROTOCOL_SCTP:
		return checksum_sctp(l4, len) == load_raw32(l4 + SCTP_CHECKSUM_OFFSET);
	case PROTOCOL_UDP:
		if (load_raw16(l4 + UDP_CHECKSUM) == 0)
			return true;
		len = load_be16(l4 + UDP_LENGTH); // the IP packet may be longer
		break;
	case PROTOCOL_TCP:
		break;
	default:
		return true;
	}
	return checksum_transport(&view->source, &view->destination, view->protocol, l4, len) == 0;
}
