// SPDX-License-Identifier: Apache-2.0
#include "icmp_family.h"

#include "bytes.h"

enum {
	V4_UNREACHABLE = 3,
	V4_TIME_EXCEEDED = 11,
	V4_PARAMETER_PROBLEM = 12,
	V4_HOST_UNREACHABLE = 1, // codes of V4_UNREACHABLE
	V4_PROTOCOL_UNREACHABLE = 2,
	V4_PORT_UNREACHABLE = 3,
	V4_FRAGMENTATION_NEEDED = 4,
	V4_ADMINISTRATIVELY = 10,
	V6_UNREACHABLE = 1,
	V6_TOO_BIG = 2,
	V6_TIME_EXCEEDED = 3,
	V6_PARAMETER_PROBLEM = 4,
	V6_NO_ROUTE = 0, // codes of V6_UNREACHABLE
	V6_ADMINISTRATIVELY = 1,
	V6_PORT_UNREACHABLE = 4,
	V6_WRONG_FIELD = 0, // codes of V6_PARAMETER_PROBLEM
	V6_UNKNOWN_NEXT_HEADER = 1,
	V6_LEAST_MTU = 1280,
	FAMILY_DIFFERENCE = IPV6_BYTES - IPV4_MIN_BYTES,
	NOWHERE = 0xff, // a field that the other family does not have
};

// The codes of V4_UNREACHABLE that have an equal; the rest of the table is NOWHERE.
static uint8_t unreachable_to_v6(uint8_t code)
{
	static const uint8_t codes[] = {V6_NO_ROUTE, V6_NO_ROUTE, NOWHERE, V6_PORT_UNREACHABLE,
		NOWHERE, V6_NO_ROUTE, V6_NO_ROUTE, V6_NO_ROUTE, V6_NO_ROUTE, V6_ADMINISTRATIVELY,
		V6_ADMINISTRATIVELY, V6_NO_ROUTE, V6_NO_ROUTE, V6_ADMINISTRATIVELY, NOWHERE,
		V6_ADMINISTRATIVELY};

	return code < sizeof(codes) ? codes[code] : NOWHERE;
}

static uint8_t field_to_v6(uint8_t pointer)
{
	static const uint8_t fields[IPV4_MIN_BYTES] = {0, 1, 4, 4, NOWHERE, NOWHERE, NOWHERE,
		NOWHERE, 7, 6, NOWHERE, NOWHERE, 8, 8, 8, 8, 24, 24, 24, 24};

	return pointer < sizeof(fields) ? fields[pointer] : NOWHERE;
}

static uint8_t field_to_v4(uint32_t pointer)
{
	static const uint8_t fields[8] = {0, 1, NOWHERE, NOWHERE, 2, 2, 9, 8};

	if (pointer < sizeof(fields))
		return fields[pointer];
	if (pointer < IPV6_DESTINATION)
		return IPV4_SOURCE;
	return pointer < IPV6_BYTES ? IPV4_DESTINATION : NOWHERE;
}

static bool too_big_to_v6(const uint8_t *icmp, uint8_t *out)
{
	// 0: a router that does not know RFC 1191. What every IPv6 link carries is right then.
	uint32_t mtu = load_be16(icmp + 6) + (uint32_t)FAMILY_DIFFERENCE;

	out[0] = V6_TOO_BIG;
	store_be32(out + 4, mtu < V6_LEAST_MTU ? V6_LEAST_MTU : mtu);
	return true;
}

static bool unreachable_v4_to_v6(const uint8_t *icmp, uint8_t *out)
{
	if (icmp[1] == V4_FRAGMENTATION_NEEDED)
		return too_big_to_v6(icmp, out);
	if (icmp[1] == V4_PROTOCOL_UNREACHABLE) {
		out[0] = V6_PARAMETER_PROBLEM;
		out[1] = V6_UNKNOWN_NEXT_HEADER;
		store_be32(out + 4, IPV6_NEXT_HEADER);
		return true;
	}
	out[0] = V6_UNREACHABLE;
	out[1] = unreachable_to_v6(icmp[1]);
	return out[1] != NOWHERE;
}

bool icmp_family_to_v6(const uint8_t icmp[ICMP_MIN_BYTES], uint8_t out[ICMP_MIN_BYTES])
{
	memset(out, 0, ICMP_MIN_BYTES);
	switch (icmp[0]) {
	case V4_UNREACHABLE:
		return unreachable_v4_to_v6(icmp, out);
	case V4_TIME_EXCEEDED:
		out[0] = V6_TIME_EXCEEDED;
		out[1] = icmp[1];
		return true;
	case V4_PARAMETER_PROBLEM:
		if ((icmp[1] != 0 && icmp[1] != 2) || field_to_v6(icmp[4]) == NOWHERE)
			return false;
		out[0] = V6_PARAMETER_PROBLEM;
		out[1] = V6_WRONG_FIELD;
		store_be32(out + 4, field_to_v6(icmp[4]));
		return true;
	default:
		return false;
	}
}

static bool unreachable_v6_to_v4(uint8_t code, uint8_t *out)
{
	out[0] = V4_UNREACHABLE;
	if (code > V6_PORT_UNREACHABLE)
		return false;
	out[1] = code == V6_ADMINISTRATIVELY   ? V4_ADMINISTRATIVELY
		 : code == V6_PORT_UNREACHABLE ? V4_PORT_UNREACHABLE
					       : V4_HOST_UNREACHABLE;
	return true;
}

static bool too_big_to_v4(const uint8_t *icmpv6, uint8_t *out)
{
	uint32_t mtu = load_be32(icmpv6 + 4);

	out[0] = V4_UNREACHABLE;
	out[1] = V4_FRAGMENTATION_NEEDED;
	mtu = mtu < V6_LEAST_MTU ? V6_LEAST_MTU : mtu; // RFC 8200: none is less
	mtu -= FAMILY_DIFFERENCE;
	store_be16(out + 6, mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu);
	return true;
}

static bool problem_v6_to_v4(const uint8_t *icmpv6, uint8_t *out)
{
	uint8_t field = field_to_v4(load_be32(icmpv6 + 4));

	if (icmpv6[1] == V6_UNKNOWN_NEXT_HEADER) {
		out[0] = V4_UNREACHABLE;
		out[1] = V4_PROTOCOL_UNREACHABLE;
		return true;
	}
	out[0] = V4_PARAMETER_PROBLEM;
	out[4] = field;
	return icmpv6[1] == V6_WRONG_FIELD && field != NOWHERE;
}

bool icmp_family_to_v4(const uint8_t icmpv6[ICMP_MIN_BYTES], uint8_t out[ICMP_MIN_BYTES])
{
	memset(out, 0, ICMP_MIN_BYTES);
	switch (icmpv6[0]) {
	case V6_UNREACHABLE:
		return unreachable_v6_to_v4(icmpv6[1], out);
	case V6_TOO_BIG:
		return too_big_to_v4(icmpv6, out);
	case V6_TIME_EXCEEDED:
		out[0] = V4_TIME_EXCEEDED;
		out[1] = icmpv6[1];
		return true;
	case V6_PARAMETER_PROBLEM:
		return problem_v6_to_v4(icmpv6, out);
	default:
		return false;
	}
}
