// SPDX-License-Identifier: Apache-2.0
#include "icmp.h"

#include "drop.h"
#include "nat.h"
#include "reply.h"
#include "stamp.h"
#include "transmit.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	INNER_BYTES = 8, // what an error must quote behind the IP header (RFC 792)
	ANSWER_TTL = 64,
};

// The quoted packet: offsets from the inner IP header.
struct quoted {
	uint32_t source;
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t header_len;
	uint16_t len; // of what is there
	uint8_t protocol;
};

// A quoted packet is cut short as a rule, so parse_ipv4() is too strict for it.
static bool read_quoted(const uint8_t *ip, size_t len, struct quoted *q)
{
	if (len < IPV4_MIN_BYTES + INNER_BYTES || ip[0] >> 4 != 4)
		return false;
	q->header_len = (uint16_t)((ip[0] & 0x0f) * 4);
	if (q->header_len < IPV4_MIN_BYTES || len < (size_t)q->header_len + INNER_BYTES)
		return false;
	if (load_be16(ip + IPV4_FRAGMENT) & 0x1fff)
		return false;
	q->len = (uint16_t)len;
	q->protocol = ip[IPV4_PROTOCOL];
	if (q->protocol != PROTOCOL_TCP && q->protocol != PROTOCOL_UDP)
		return false;
	q->source = load_raw32(ip + IPV4_SOURCE);
	q->destination = load_raw32(ip + IPV4_DESTINATION);
	q->source_port = load_be16(ip + q->header_len);
	q->destination_port = load_be16(ip + q->header_len + 2);
	return true;
}

static enum icmp_outcome answer_echo(struct rte_mbuf *packet)
{
	const struct packet_view *view = &packet_meta(packet)->view;
	uint8_t *ip = packet_l3(packet), *icmp = packet_l4(packet);
	uint16_t before = load_raw16(icmp);

	icmp[0] = ICMP_ECHO_REPLY;
	store_raw16(icmp + ICMP_CHECKSUM,
		checksum_apply(load_raw16(icmp + ICMP_CHECKSUM),
			checksum_fold(checksum_delta16(before, load_raw16(icmp)))));
	store_raw32(ip + IPV4_SOURCE, view->destination);
	store_raw32(ip + IPV4_DESTINATION, view->source);
	ip[IPV4_TTL] = ANSWER_TTL;
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, (size_t)(view->l4_offset - view->l3_offset)));
	return ICMP_ANSWERED;
}

enum icmp_outcome icmp_receive(struct worker *worker, struct rte_mbuf *packet, uint16_t *local_port)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const uint8_t *icmp = packet_l4(packet);
	struct quoted q;

	if (checksum(icmp, view->l4_len) != 0)
		return ICMP_BAD_CHECKSUM;
	switch (icmp[0]) {
	case ICMP_ECHO_REQUEST:
		return icmp[1] == 0 ? answer_echo(packet) : ICMP_UNANSWERED;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		break;
	default:
		return ICMP_UNANSWERED;
	}
	if (!read_quoted(icmp + ICMP_MIN_BYTES, view->l4_len - (size_t)ICMP_MIN_BYTES, &q) ||
		q.source != view->destination)
		return ICMP_UNANSWERED;
	if (node_own_address(worker->node, q.source) == OWN_LOCAL) {
		*local_port = q.source_port;
		meta->hash = session_reply_hash(&worker->sessions, q.destination, q.source,
			q.destination_port, q.source_port, q.protocol);
		return ICMP_ERROR_REPLY;
	}
	meta->hash = session_forward_hash(&worker->sessions, q.destination, q.source,
		q.destination_port, q.source_port, q.protocol);
	return ICMP_ERROR_FORWARD;
}

static struct session *find_quoted(
	struct worker *worker, const struct packet_meta *meta, const struct quoted *q, bool forward)
{
	// The quoted packet went the other way: its destination is where the error comes from.
	if (forward)
		return session_find_forward(&worker->sessions, meta->hash, q->destination,
			q->source, q->destination_port, q->source_port, q->protocol);
	return session_find_reply(&worker->sessions, meta->hash, q->destination, q->source,
		q->destination_port, q->source_port, q->protocol);
}

// Undoes the translation of the quoted packet. Its TCP checksum is cut off as a rule; UDP's stands
// in the 8 quoted bytes.
static void translate_quoted(
	uint8_t *ip, const struct quoted *q, const struct session *s, bool forward)
{
	uint8_t *l4 = ip + q->header_len;
	uint16_t l3_delta = s->l3_delta, l4_delta = s->l4_delta;

	// A quoted forward packet gets back what it had: the complement. A quoted reply gets what
	// the backend had sent.
	if (!forward) {
		l3_delta = (uint16_t)~l3_delta;
		l4_delta = (uint16_t)~l4_delta;
		store_raw32(ip + IPV4_SOURCE, s->client);
		store_raw32(ip + IPV4_DESTINATION, s->vip);
		store_be16(l4, s->client_port);
		store_be16(l4 + 2, s->vip_port);
	} else {
		store_raw32(ip + IPV4_SOURCE, s->backend);
		store_raw32(ip + IPV4_DESTINATION, s->local);
		store_be16(l4, s->backend_port);
		store_be16(l4 + 2, s->local_port);
	}
	store_raw16(ip + IPV4_CHECKSUM, checksum_apply(load_raw16(ip + IPV4_CHECKSUM), l3_delta));
	if (q->protocol == PROTOCOL_UDP) {
		uint8_t *field = l4 + UDP_CHECKSUM;

		store_raw16(field, checksum_apply_udp(load_raw16(field), l4_delta));
	} else if (q->len >= q->header_len + TCP_CHECKSUM + 2) {
		uint8_t *field = l4 + TCP_CHECKSUM;

		store_raw16(field, checksum_apply(load_raw16(field), l4_delta));
	}
}

// The error's own addresses: the backend shows as the VIP, a router between stays itself.
static void translate_outer(
	uint8_t *ip, const struct packet_view *view, const struct session *s, bool forward)
{
	uint32_t source = view->source;

	if (!forward && source == s->backend)
		source = s->vip;
	if (forward)
		source = s->local; // a client's address means nothing to the backend's network
	store_raw32(ip + IPV4_SOURCE, source);
	store_raw32(ip + IPV4_DESTINATION, forward ? s->backend : s->client);
	ip[IPV4_TTL]--;
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, (size_t)(view->l4_offset - view->l3_offset)));
}

void icmp_error(struct worker *worker, struct rte_mbuf *packet, bool forward)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	uint8_t *icmp = packet_l4(packet);
	size_t quoted_len = view->l4_len - (size_t)ICMP_MIN_BYTES;
	enum dt_drop_reason refused;
	struct session *session;
	struct quoted q;

	meta->direction = forward ? DT_DIR_FORWARD : DT_DIR_REPLY;
	meta->stage = DT_TP_SESSION;
	if (!read_quoted(icmp + ICMP_MIN_BYTES, quoted_len, &q)) {
		drop(worker, packet, DT_DROP_ICMP_UNSUPPORTED);
		return;
	}
	session = find_quoted(worker, meta, &q, forward);
	if (!session) {
		drop(worker, packet, DT_DROP_ICMP_UNSUPPORTED);
		return;
	}
	meta->vip_slot = session->vip_slot;
	meta->backend_slot = session->backend_slot;
	if (!forward)
		reply_take_key(worker, meta, session);
	refused = session_refused(worker, session);
	if (refused != DT_DROP_NONE) {
		drop(worker, packet, refused);
		return;
	}
	if (view->ttl <= 1) {
		drop(worker, packet, DT_DROP_TTL_EXCEEDED);
		return;
	}
	translate_quoted(icmp + ICMP_MIN_BYTES, &q, session, forward);
	store_raw16(icmp + ICMP_CHECKSUM, 0);
	store_raw16(icmp + ICMP_CHECKSUM, checksum(icmp, view->l4_len));
	translate_outer(packet_l3(packet), view, session, forward);
	transmit(worker, packet);
}
