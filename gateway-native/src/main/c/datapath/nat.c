// SPDX-License-Identifier: Apache-2.0
#include "nat.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

void nat_prepare(struct session *s)
{
	uint64_t l3 = checksum_delta32(s->client, s->local) + checksum_delta32(s->vip, s->backend);
	uint64_t l4 = l3 + checksum_delta16(htons(s->client_port), htons(s->local_port)) +
		      checksum_delta16(htons(s->vip_port), htons(s->backend_port));

	s->l3_delta = checksum_fold(l3);
	s->l4_delta = checksum_fold(l4);
}

void nat_decrement_ttl(uint8_t *ip)
{
	uint16_t before = load_raw16(ip + IPV4_TTL);

	ip[IPV4_TTL]--;
	store_raw16(ip + IPV4_CHECKSUM,
		checksum_apply(load_raw16(ip + IPV4_CHECKSUM),
			checksum_fold(checksum_delta16(before, load_raw16(ip + IPV4_TTL)))));
}

struct rewrite {
	uint32_t source;
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t l3_delta;
	uint16_t l4_delta;
};

static void rewrite(struct rte_mbuf *packet, const struct rewrite *to)
{
	uint8_t *ip = packet_l3(packet), *l4 = packet_l4(packet), *field;

	store_raw32(ip + IPV4_SOURCE, to->source);
	store_raw32(ip + IPV4_DESTINATION, to->destination);
	store_raw16(
		ip + IPV4_CHECKSUM, checksum_apply(load_raw16(ip + IPV4_CHECKSUM), to->l3_delta));
	nat_decrement_ttl(ip);
	store_be16(l4, to->source_port);
	store_be16(l4 + 2, to->destination_port);
	if (packet_meta(packet)->view.protocol == PROTOCOL_TCP) {
		field = l4 + TCP_CHECKSUM;
		store_raw16(field, checksum_apply(load_raw16(field), to->l4_delta));
	} else {
		field = l4 + UDP_CHECKSUM;
		store_raw16(field, checksum_apply_udp(load_raw16(field), to->l4_delta));
	}
}

void nat_forward(struct rte_mbuf *packet, const struct session *s)
{
	const struct rewrite to = {
		.source = s->local,
		.destination = s->backend,
		.source_port = s->local_port,
		.destination_port = s->backend_port,
		.l3_delta = s->l3_delta,
		.l4_delta = s->l4_delta,
	};

	rewrite(packet, &to);
}

void nat_reply(struct rte_mbuf *packet, const struct session *s)
{
	const struct rewrite to = {
		.source = s->vip,
		.destination = s->client,
		.source_port = s->vip_port,
		.destination_port = s->client_port,
		.l3_delta = (uint16_t)~s->l3_delta,
		.l4_delta = (uint16_t)~s->l4_delta,
	};

	rewrite(packet, &to);
}
