// SPDX-License-Identifier: Apache-2.0
#include "checksum.h"

#include "bytes.h"

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

uint16_t checksum_transport(uint32_t source_raw, uint32_t destination_raw, uint8_t protocol,
	const uint8_t *segment, size_t len)
{
	uint64_t sum =
		(uint64_t)source_raw + destination_raw + htons(protocol) + htons((uint16_t)len);

	return (uint16_t)~checksum_fold(checksum_add(sum, segment, len));
}
