// SPDX-License-Identifier: Apache-2.0
//
// First step of the short way: what fits, and where its session must be.
#include "clb_fast.h"

#include "dispatch.h"
#include "plain_packet.h"
#include "prefetch.h"

enum { LEAST_BYTES = ETHERNET_BYTES + IPV4_MIN_BYTES + TCP_MIN_BYTES };

// What holds for a whole burst.
struct rules {
	struct worker *worker;
	const struct node *node;
	const struct blacklist *blacklist; // NULL: empty
	struct plain_frame frame;
};

static bool set_rules(struct worker *worker, unsigned int port, struct rules *r)
{
	const struct node *node = worker->node;
	const struct node_port *p = &node->ports[port];

	if (!node->short_way || node->tier == DT_TIER_EIP || node->verify_checksums || p->vlan ||
		worker->index < node->dispatcher_count)
		return false;
	*r = (struct rules){
		.worker = worker,
		.node = node,
		.blacklist = plain_blacklist(node),
		.frame = plain_frame_of(p),
	};
	return true;
}

static inline bool has_plain_flags(const uint8_t *frame)
{
	return PLAIN_FLAGS >> (frame[ETHERNET_BYTES + IPV4_MIN_BYTES + TCP_FLAGS] & 31) & 1;
}

static inline bool is_plain(const struct rules *r, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETHERNET_BYTES;

	if (unlikely(!has_plain_flags(frame)) || !plain_frame_is_ours(&r->frame, frame, len))
		return false;
	if (ip[IPV4_PROTOCOL] != PROTOCOL_TCP || ip[IPV4_TTL] <= 1)
		return false;
	return !unlikely(r->blacklist) ||
	       !plain_is_listed(r->blacklist, load_raw32(ip + IPV4_SOURCE));
}

static inline struct ip_address source_of(const uint8_t *ip)
{
	return ip_from_v4(load_raw32(ip + IPV4_SOURCE));
}

static inline struct ip_address destination_of(const uint8_t *ip)
{
	return ip_from_v4(load_raw32(ip + IPV4_DESTINATION));
}

static inline uint16_t source_port_of(const uint8_t *ip)
{
	return load_be16(ip + IPV4_MIN_BYTES);
}

static inline uint16_t destination_port_of(const uint8_t *ip)
{
	return load_be16(ip + IPV4_MIN_BYTES + 2);
}

// owner: by the local port, or by the client's end.
static bool note_reply(
	const struct rules *r, struct clb_fast_look *look, uint8_t local_index, unsigned int owner)
{
	const struct ip_address source = source_of(look->ip),
				destination = destination_of(look->ip);

	look->hash = session_reply_hash(&r->worker->sessions, &source, &destination,
		source_port_of(look->ip), destination_port_of(look->ip), PROTOCOL_TCP);
	look->way = CLB_FAST_REPLY;
	look->local_index = local_index;
	return owner == r->worker->index;
}

static inline bool note_forward(
	const struct rules *r, struct clb_fast_look *look, const struct vip *vip)
{
	const struct ip_address source = source_of(look->ip),
				destination = destination_of(look->ip);
	uint16_t port = source_port_of(look->ip);

	// Limits of a rate take from what is left, and a tunnel's packets are built anew.
	if (unlikely((vip->limits.packets_per_second | vip->limits.bits_per_second) != 0 ||
		     vip->mode == VIP_TUNNEL))
		return false;
	look->hash = session_forward_hash(&r->worker->sessions, &source, &destination, port,
		destination_port_of(look->ip), PROTOCOL_TCP);
	look->way = CLB_FAST_FORWARD;
	look->vip = vip;
	return dispatch_owner_of_client(r->worker, &source, port) == r->worker->index;
}

// A packet for no VIP may be a DNAT backend's reply to its client.
static __attribute__((noinline)) bool note_unknown(
	const struct rules *r, struct clb_fast_look *look)
{
	const struct ip_address destination = destination_of(look->ip);
	uint16_t port = destination_port_of(look->ip);
	struct worker *worker = r->worker;
	const struct vip *vip;

	switch (vip_lookup(worker->vips, &destination, port, PROTOCOL_TCP, &vip)) {
	case VIP_FOUND:
		vip_remember(&worker->vip_recent, worker->vips, vip);
		return note_forward(r, look, vip);
	case VIP_UNKNOWN:
		return note_reply(r, look, SESSION_LOCAL_CLIENT,
			dispatch_owner_of_client(worker, &destination, port));
	default:
		return false;
	}
}

// To an address that may be ours: only what is for a local one fits.
static bool note_own(
	const struct rules *r, struct clb_fast_look *look, const struct own_address *own)
{
	return own->kind == OWN_LOCAL &&
	       plain_tcp(look->ip + IPV4_MIN_BYTES, look->ip_len - IPV4_MIN_BYTES, true) &&
	       note_reply(r, look, own->index,
		       node_owner_of_port(r->node, destination_port_of(look->ip)));
}

static inline bool look_at(
	const struct rules *r, const struct rte_mbuf *packet, struct clb_fast_look *look)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *), *ip = frame + ETHERNET_BYTES;
	const struct own_address *own;
	struct ip_address destination;
	const struct vip *vip;

	if (unlikely(packet->data_len < LEAST_BYTES || packet->nb_segs != 1) ||
		!is_plain(r, frame, packet->data_len))
		return false;
	look->ip = ip;
	look->ip_len = load_be16(ip + IPV4_TOTAL_LENGTH);
	destination = destination_of(ip);
	own = node_own_address(r->node, &destination);
	if (unlikely(own != NULL))
		return note_own(r, look, own);
	if (!plain_tcp(ip + IPV4_MIN_BYTES, look->ip_len - IPV4_MIN_BYTES, false))
		return false;
	vip = vip_recall(&r->worker->vip_recent, r->worker->vips, &destination,
		destination_port_of(ip), PROTOCOL_TCP);
	return likely(vip != NULL) ? note_forward(r, look, vip) : note_unknown(r, look);
}

// Once its bucket has arrived.
static inline void fetch_session(const struct session_table *table, struct clb_fast_look *look)
{
	look->session = session_likely(table, look->hash);
	prefetch(look->session);
}

// Worth a look: where neither end of a burst is, none of it is, most likely.
static inline bool may_fit(const struct rte_mbuf *packet)
{
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);

	return packet->data_len >= LEAST_BYTES && has_plain_flags(frame) &&
	       load_raw16(frame + ETHERNET_BYTES - 2) == htons(ETHERTYPE_IPV4_ID);
}

bool clb_fast_look(struct worker *worker, struct rte_mbuf **packets, unsigned int count,
	unsigned int port, struct clb_fast_burst *burst)
{
	struct rules rules;

	if (!(may_fit(packets[0]) || may_fit(packets[count - 1])) ||
		!set_rules(worker, port, &rules))
		return false;
	burst->packets = packets;
	burst->count = count;
	burst->port = port;
	for (unsigned int i = 0; i < count; i++) {
		struct clb_fast_look *look = &burst->looks[i];

		if (likely(look_at(&rules, packets[i], look)))
			session_prefetch_bucket(&worker->sessions, look->hash);
		else
			look->way = CLB_FAST_NONE;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (likely(burst->looks[i].way != CLB_FAST_NONE))
			fetch_session(&worker->sessions, &burst->looks[i]);
	}
	return true;
}
