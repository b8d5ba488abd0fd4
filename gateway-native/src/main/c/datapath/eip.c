// SPDX-License-Identifier: Apache-2.0
#include "eip.h"

#include "decolour.h"
#include "drop.h"
#include "eip_table.h"
#include "encap.h"
#include "icmp_answer.h"
#include "recognise.h"
#include "stamp.h"
#include "transmit.h"

#include "../packet/checksum.h"
#include "../packet/tcp_option.h"
#include "../packet/translate.h"

// Entries on their way from memory between the second step and the last; of buckets, those of the
// whole burst are.
enum { WINDOW = 8 };

// What every link carries: no error may name less.
enum { IPV4_LEAST_MTU = 68, IPV6_LEAST_MTU = 1280 };

// A packet on its way through the stage.
struct passage {
	struct rte_mbuf *packet;
	struct packet_meta *meta;
	const struct eip *eip;
	const struct tunnel *tunnel; // that it goes into; NULL: none
	unsigned int added_bytes;    // by the tunnel
	uint32_t least_mtu;          // of all ports
	bool inbound;
};

static uint32_t least_mtu(const struct node *node)
{
	uint32_t least = UINT16_MAX;

	for (unsigned int i = 0; i < node->port_count; i++)
		least = RTE_MIN(least, node->ports[i].mtu);
	return least;
}

// Only SYNs and resets are coloured: where the colour stays on, other packets' options are not
// walked.
static bool may_be_coloured(const struct worker *worker, const struct packet_meta *meta)
{
	const struct packet_view *view = &meta->view;

	return view->protocol == PROTOCOL_TCP && view->tcp_header_len > TCP_MIN_BYTES &&
	       (worker->node->erase_colour || (view->tcp_flags & (TCP_SYN | TCP_RST)));
}

// First step: which way it goes, and the bucket of the address that decides. false: dropped.
// All `count` packets have been received.
static inline bool prepare(
	struct worker *worker, struct rte_mbuf *const *packets, unsigned int count)
{
	struct rte_mbuf *packet = packets[0];
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const struct eip_table *eips = worker->node->eips;
	bool from_inside = meta->tunnel_in || eip_near_private(eips, &view->source);

	meta->direction = from_inside ? DT_DIR_REPLY : DT_DIR_FORWARD;
	meta->hash = eip_hash(eips, from_inside ? &view->source : &view->destination);
	eip_prefetch_bucket(eips, meta->hash);
	if (!meta->tunnel_in && unlikely(may_be_coloured(worker, meta))) {
		if (meta->mac == DT_COLOUR_MAC_UNSEEN && decolour_may_be_probe(packet))
			decolour_ahead(worker, packets, count);
		if (decolour(worker, packet) == DECOLOUR_MALFORMED) {
			drop(worker, packet, DT_DROP_MALFORMED_TCP);
			return false;
		}
	}
	return true;
}

// Second step, once the bucket has arrived.
static inline const struct eip *fetch(struct worker *worker, struct rte_mbuf *packet)
{
	const struct packet_meta *meta = packet_meta(packet);

	return eip_prefetch_entry(worker->node->eips, meta->hash, meta->direction == DT_DIR_REPLY);
}

// Inside, a router may send an error about a packet to an entry's private address.
static const struct eip *find_quoted(const struct worker *worker, const struct passage *p)
{
	const struct eip_table *eips = worker->node->eips;
	struct quoted_packet quoted;

	if (!translate_read_quoted(packet_l3(p->packet), &p->meta->view, &quoted))
		return NULL;
	return eip_find_private(eips, eip_hash(eips, &quoted.destination), &quoted.destination);
}

// Not where it was expected: only near a private address, or an error from a router inside.
static bool find_elsewhere(struct worker *worker, struct passage *p)
{
	const struct eip_table *eips = worker->node->eips;
	const struct packet_view *view = &p->meta->view;

	if (!p->inbound && !p->meta->tunnel_in) {
		p->eip = eip_find_public(
			eips, eip_hash(eips, &view->destination), &view->destination);
		if (p->eip) {
			p->inbound = true;
			p->meta->direction = DT_DIR_FORWARD;
			return true;
		}
	}
	p->eip = find_quoted(worker, p);
	if (!p->eip)
		return false;
	p->inbound = false;
	p->meta->direction = DT_DIR_REPLY;
	return true;
}

static inline bool find(struct worker *worker, struct passage *p)
{
	const struct packet_meta *meta = p->meta;
	const struct packet_view *view = &meta->view;
	const struct eip_table *eips = worker->node->eips;
	const struct ip_address *address = p->inbound ? &view->destination : &view->source;

	// Most likely what was fetched is it.
	if (likely(p->eip && eip_is(p->eip, address, !p->inbound)))
		return true;
	p->eip = eip_find(eips, meta->hash, address, !p->inbound);
	return p->eip || find_elsewhere(worker, p);
}

static const struct ip_address *leads_to(const struct passage *p)
{
	if (p->tunnel)
		return &p->tunnel->remote;
	return p->inbound ? &p->eip->private_address : &p->meta->view.destination;
}

// No limit where there is no route: transmit() will say so.
static uint32_t mtu_towards(const struct worker *worker, const struct ip_address *destination)
{
	struct ip_address next_hop;
	unsigned int port;

	if (!transmit_route(worker->node, destination, &port, &next_hop))
		return UINT32_MAX;
	return worker->node->ports[port].mtu;
}

static enum dt_drop_reason too_long(struct worker *worker, const struct passage *p)
{
	uint32_t mtu = mtu_towards(worker, leads_to(p));
	uint32_t least = p->meta->view.is_v6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU;

	if (p->meta->view.ip_len + p->added_bytes <= mtu)
		return DT_DROP_NONE;
	mtu = mtu > p->added_bytes + least ? mtu - p->added_bytes : least;
	icmp_answer(worker, p->packet, ICMP_ERROR_PACKET_TOO_BIG, mtu);
	return DT_DROP_MTU_EXCEEDED;
}

// Whatever may keep the packet from going on, while it is still as it was received.
static inline enum dt_drop_reason check(struct worker *worker, struct passage *p)
{
	const struct packet_view *view = &p->meta->view;
	uint8_t tunnel = p->inbound ? p->eip->tunnel : 0;

	if (unlikely(!p->eip->enabled))
		return DT_DROP_VIP_DISABLED;
	if (unlikely(view->ttl <= 1)) {
		icmp_answer(worker, p->packet, ICMP_ERROR_TIME_EXCEEDED, 0);
		return DT_DROP_TTL_EXCEEDED;
	}
	if (unlikely(tunnel > worker->node->tunnel_count))
		return DT_DROP_TUNNEL_UNKNOWN;
	if (tunnel) {
		p->tunnel = &worker->node->tunnels[tunnel - 1];
		p->added_bytes = tunnel_header_bytes(p->tunnel);
	}
	if (unlikely(view->ip_len + p->added_bytes > p->least_mtu))
		return too_long(worker, p);
	return DT_DROP_NONE;
}

// No entry translated what it quotes (RFC 5508, 4.2): whoever gets it could not tell what it is
// about, and whoever sent it may have made it up.
static bool is_stray_error(const struct passage *p, const uint8_t *packet)
{
	const struct packet_view *view = &p->meta->view;
	struct quoted_packet quoted;

	if (!translate_is_error(packet, view))
		return false;
	return !translate_read_quoted(packet, view, &quoted) ||
	       !ip_equal(p->inbound ? &quoted.source : &quoted.destination,
		       p->inbound ? &p->eip->public_address : &p->eip->private_address);
}

// An error about a packet that was translated the other way: what it quotes is translated back.
static void translate_error(const struct passage *p, uint8_t *packet)
{
	const struct eip *e = p->eip;
	const struct packet_view *view = &p->meta->view;
	const struct translation back = {
		.side = p->inbound ? TRANSLATE_SOURCE : TRANSLATE_DESTINATION,
		.delta = p->inbound ? e->address_delta : (uint16_t)~e->address_delta,
		.to = p->inbound ? &e->private_address : &e->public_address,
	};
	struct quoted_packet quoted;

	if (translate_read_quoted(packet, view, &quoted))
		translate_quoted(packet, view, &quoted, &back);
}

// The MSS that either end is told leaves room for the tunnel's headers.
static void clamp_mss(const struct worker *worker, const struct passage *p, uint8_t *packet)
{
	const struct packet_view *view = &p->meta->view;
	const struct tunnel *tunnel = &worker->node->tunnels[p->eip->tunnel - 1];
	uint32_t headers = tunnel_header_bytes(tunnel) + TCP_MIN_BYTES +
			   (view->is_v6 ? IPV6_BYTES : IPV4_MIN_BYTES);
	uint32_t mtu = mtu_towards(worker, &tunnel->remote);

	if (mtu > headers && mtu <= UINT16_MAX)
		tcp_clamp_mss(
			packet + view->l4_offset, view->tcp_header_len, (uint16_t)(mtu - headers));
}

static bool wants_clamp(const struct worker *worker, const struct passage *p)
{
	const struct packet_view *view = &p->meta->view;

	return (view->tcp_flags & TCP_SYN) && view->protocol == PROTOCOL_TCP && p->eip->tunnel &&
	       p->eip->tunnel <= worker->node->tunnel_count;
}

// An error from a router inside: its own address, which means nothing outside, becomes the public
// one too.
static inline uint16_t delta_of(const struct passage *p, bool icmp)
{
	const struct eip *e = p->eip;
	const struct ip_address *source = &p->meta->view.source;

	if (p->inbound)
		return e->address_delta;
	if (unlikely(icmp) && !ip_equal(source, &e->private_address))
		return checksum_fold(checksum_delta_address(source, &e->public_address));
	return (uint16_t)~e->address_delta;
}

static inline enum dt_drop_reason translate(struct worker *worker, struct passage *p)
{
	const struct packet_view *view = &p->meta->view;
	uint8_t *packet = packet_l3(p->packet);
	bool icmp = view->protocol == PROTOCOL_ICMP || view->protocol == PROTOCOL_ICMPV6;
	const struct translation translation = {
		.side = p->inbound ? TRANSLATE_DESTINATION : TRANSLATE_SOURCE,
		.delta = delta_of(p, icmp),
		.to = p->inbound ? &p->eip->private_address : &p->eip->public_address,
	};

	if (unlikely(icmp && is_stray_error(p, packet)))
		return DT_DROP_ICMP_UNSUPPORTED;
	if (unlikely(!translate_packet(packet, view, &translation)))
		return DT_DROP_FRAGMENT_UNSUPPORTED;
	if (unlikely(icmp))
		translate_error(p, packet);
	if (unlikely(wants_clamp(worker, p)))
		clamp_mss(worker, p, packet);
	return DT_DROP_NONE;
}

static inline void count(struct worker *worker, const struct packet_meta *meta)
{
	struct vip_counter *counter;

	if (meta->vip_slot >= VIP_MAX)
		return;
	counter = &worker->vip_counters[meta->vip_slot];
	counter->packets[meta->direction]++;
	counter->bytes[meta->direction] += meta->frame_bytes;
}

// Last step.
static inline void act(struct worker *worker, struct rte_mbuf *packet, const struct eip *fetched,
	uint32_t least_mtu)
{
	struct packet_meta *meta = packet_meta(packet);
	struct passage p = {
		.packet = packet,
		.meta = meta,
		.eip = fetched,
		.least_mtu = least_mtu,
		.inbound = meta->direction == DT_DIR_FORWARD,
	};
	enum dt_drop_reason refused;

	meta->stage = DT_TP_VIP_LOOKUP;
	if (unlikely(!find(worker, &p))) {
		drop(worker, packet, DT_DROP_NO_EIP);
		return;
	}
	meta->vip_slot = p.eip->slot;
	if (!p.inbound && meta->view.protocol == PROTOCOL_TCP)
		recognise(worker, meta, packet_l4(packet), &p.eip->public_address);
	stamp(worker, meta, DT_TP_VIP_LOOKUP);
	refused = check(worker, &p);
	if (unlikely(refused != DT_DROP_NONE)) {
		drop(worker, packet, refused);
		return;
	}
	meta->stage = DT_TP_NAT;
	refused = translate(worker, &p);
	if (unlikely(refused != DT_DROP_NONE)) {
		drop(worker, packet, refused);
		return;
	}
	stamp(worker, meta, DT_TP_NAT);
	if (p.tunnel) {
		meta->stage = DT_TP_ENCAP;
		refused = encap_node(worker, packet, &meta->view, p.eip->tunnel - 1u,
			encap_entropy(&meta->view));
		if (unlikely(refused != DT_DROP_NONE)) {
			drop(worker, packet, refused);
			return;
		}
		stamp(worker, meta, DT_TP_ENCAP);
	}
	count(worker, meta);
	if (p.tunnel)
		transmit_to(worker, packet, &p.tunnel->remote);
	else
		transmit(worker, packet);
}

void eip(struct worker *worker, struct rte_mbuf **packets, unsigned int count)
{
	const struct eip *fetched[WORKER_BURST];
	struct rte_mbuf *kept[WORKER_BURST];
	uint32_t mtu = least_mtu(worker->node);
	unsigned int n = 0;

	if (unlikely(!worker->node->eips)) {
		for (unsigned int i = 0; i < count; i++)
			drop(worker, packets[i], DT_DROP_NO_EIP);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		kept[n] = packets[i];
		n += prepare(worker, packets + i, count - i);
	}
	for (unsigned int i = 0; i < n + WINDOW; i++) {
		if (i < n)
			fetched[i] = fetch(worker, kept[i]);
		if (i >= WINDOW)
			act(worker, kept[i - WINDOW], fetched[i - WINDOW], mtu);
	}
}
