// SPDX-License-Identifier: Apache-2.0
//
// Second step of the short way: translates what fits and puts it out.
#include "eip_fast.h"

#include "encap.h"
#include "receive.h"
#include "short_out.h"

// The ordinary way goes first: it makes what is copied here. false: it has not yet.
static __attribute__((noinline)) bool make_tunnel_way(struct worker *worker, unsigned int tunnel)
{
	struct short_way *short_way = &worker->short_ways[tunnel];
	const struct tunnel_head *head = &worker->heads[tunnel][0];
	const struct recent_way *way;
	unsigned int len;

	if (head->len == 0)
		return false;
	way = short_way_of(worker, &worker->node->tunnels[tunnel].remote);
	if (!way)
		return false;
	len = head->len + way->header_len;
	*short_way = (struct short_way){
		.head = head,
		.neighbour = way->neighbour,
		.buffer = &worker->transmit[way->port],
		.sum = htons((uint16_t)head->sum),
		.generation = way->generation,
		.copied = len <= SHORT_WAY_USUAL ? SHORT_WAY_USUAL : SHORT_WAY_BYTES,
		.header_bytes = head->len,
		.all_bytes = (uint16_t)len,
		.port = way->port,
		.usual =
			len <= SHORT_WAY_USUAL && head->has_udp && head->ip_bytes == IPV4_MIN_BYTES,
	};
	memcpy(short_way->bytes + SHORT_WAY_BYTES - len, way->header, way->header_len);
	memcpy(short_way->bytes + SHORT_WAY_BYTES - head->len,
		head->bytes + TUNNEL_HEAD_BYTES - head->len, head->len);
	return true;
}

// An entry's tunnel and whether it is enabled, in one.
static inline uint32_t kind_of(const struct eip *e)
{
	_Static_assert(offsetof(struct eip, enabled) == offsetof(struct eip, tunnel) + 1,
		"they are read together");
	return load_raw16((const uint8_t *)e + offsetof(struct eip, tunnel));
}

#define KIND_PLAIN ((uint32_t)htons(0x0001)) // enabled, no tunnel

// The way of the packet before: most go the same.
struct last_way {
	uint32_t kind; // kind_of() the entries that go into the tunnel; 0: none
	const struct short_way *into_tunnel;
	struct short_hop hop; // without a tunnel
};

// Changes an address and what covers it, and takes one off the TTL, as translate_packet() does.
static inline void translate(uint8_t *ip, uint32_t address, bool inbound, uint16_t delta)
{
	uint8_t *l4 = ip + IPV4_MIN_BYTES, *field;

	if (ip[IPV4_PROTOCOL] == PROTOCOL_TCP) {
		field = l4 + TCP_CHECKSUM;
		store_raw16(field, checksum_apply(load_raw16(field), delta));
	} else {
		field = l4 + UDP_CHECKSUM;
		store_raw16(field, checksum_apply_udp(load_raw16(field), delta));
	}
	short_decrement_ttl(ip, delta);
	store_raw32(ip + (inbound ? IPV4_DESTINATION : IPV4_SOURCE), address);
}

// As encap_entropy() has it, before the packet is translated.
static inline uint32_t entropy_of(const uint8_t *ip)
{
	const struct ip_address source = ip_from_v4(load_raw32(ip + IPV4_SOURCE));
	const struct ip_address destination = ip_from_v4(load_raw32(ip + IPV4_DESTINATION));

	return encap_entropy_of(&source, &destination, load_be32(ip + IPV4_MIN_BYTES));
}

// The frame begins here now and is so long; its headers are written.
static inline void put_out(struct worker *worker, const struct eip_fast_burst *burst,
	struct rte_mbuf *packet, uint8_t *begin, unsigned int len, struct transmit_buffer *buffer,
	const struct eip *e, bool inbound)
{
	uint16_t bytes = packet->data_len;

	if (e->slot < VIP_MAX) {
		struct vip_counter *counter = &worker->vip_counters[e->slot];

		counter->packets[inbound ? DT_DIR_FORWARD : DT_DIR_REPLY]++;
		counter->bytes[inbound ? DT_DIR_FORWARD : DT_DIR_REPLY] += bytes;
	}
	short_put_out(worker, packet, begin, len, buffer,
		(struct short_note){
			.eip = e,
			.what = (inbound ? burst->note_inbound : burst->note_outbound) | bytes,
		});
}

// tunnel_head_fill() of UDP over IPv4, whose checksum is made of the words as they stand.
static inline void fill_usual(const struct short_way *way, uint32_t total, uint8_t traffic_class,
	uint32_t entropy, uint8_t *out)
{
	const uint16_t len = htons((uint16_t)total), id = htons((uint16_t)entropy);
	uint32_t sum = way->sum + (uint32_t)htons(traffic_class) + len + id;

	out[IPV4_TOS] = traffic_class;
	store_raw16(out + IPV4_TOTAL_LENGTH, len);
	store_raw16(out + IPV4_ID, id);
	sum = (sum & 0xffff) + (sum >> 16);
	store_raw16(out + IPV4_CHECKSUM, (uint16_t) ~(sum + (sum >> 16)));
	store_be16(out + IPV4_MIN_BYTES, (uint16_t)(0xc000 | (entropy & 0x3fff)));
	store_be16(out + IPV4_MIN_BYTES + UDP_LENGTH, (uint16_t)(total - IPV4_MIN_BYTES));
}

static __attribute__((noinline)) bool find_tunnel_way(
	struct worker *worker, const struct eip *e, struct last_way *last)
{
	unsigned int tunnel = e->tunnel - 1u;
	const struct short_way *way;

	last->kind = 0;
	if (!e->enabled || tunnel >= worker->node->tunnel_count)
		return false;
	way = &worker->short_ways[tunnel];
	if ((way->copied == 0 || way->generation != worker->neighbours->generation) &&
		!make_tunnel_way(worker, tunnel))
		return false;
	last->kind = kind_of(e);
	last->into_tunnel = way;
	return true;
}

// false: untouched. So are the others.
static inline bool pass_into_tunnel(struct worker *worker, const struct eip_fast_burst *burst,
	unsigned int i, const struct eip *e, struct last_way *last)
{
	const struct eip_fast_look *look = &burst->looks[i];
	struct rte_mbuf *packet = burst->packets[i];
	const struct short_way *way;
	uint8_t *ip = look->ip;
	uint32_t entropy, total;

	if (unlikely(last->kind != kind_of(e)) && !find_tunnel_way(worker, e, last))
		return false;
	way = last->into_tunnel;
	total = look->ip_len + way->header_bytes;
	if (unlikely(total > worker->least_mtu || short_headroom(packet, ip) < way->copied))
		return false;
	entropy = entropy_of(ip);
	if (likely(way->usual)) {
		memcpy(ip - SHORT_WAY_USUAL, way->bytes + SHORT_WAY_BYTES - SHORT_WAY_USUAL,
			SHORT_WAY_USUAL);
		fill_usual(way, total, ip[IPV4_TOS], entropy, ip - way->header_bytes);
	} else {
		memcpy(ip - way->copied, way->bytes + SHORT_WAY_BYTES - way->copied, way->copied);
		tunnel_head_fill(way->head, total, ip[IPV4_TOS], entropy, (uint16_t)entropy,
			ip - way->header_bytes);
	}
	translate(ip, ip_v4(&e->private_address), true, e->address_delta);
	way->neighbour->used_ns = worker->now.mono_ns;
	put_out(worker, burst, packet, ip - way->all_bytes,
		look->ip_len + (unsigned int)way->all_bytes, way->buffer, e, true);
	return true;
}

static inline bool pass_plainly(struct worker *worker, const struct eip_fast_burst *burst,
	unsigned int i, const struct eip *e, bool inbound, struct short_hop *hop)
{
	const struct eip_fast_look *look = &burst->looks[i];
	struct rte_mbuf *packet = burst->packets[i];
	uint8_t *ip = look->ip, *begin;

	if (unlikely(look->ip_len > worker->least_mtu ||
		     short_headroom(packet, ip) < ETHERNET_MAX_BYTES))
		return false;
	if (unlikely(!short_find_hop(worker,
		    inbound ? ip_v4(&e->private_address) : load_raw32(ip + IPV4_DESTINATION), hop)))
		return false;
	translate(ip, ip_v4(inbound ? &e->private_address : &e->public_address), inbound,
		inbound ? e->address_delta : (uint16_t)~e->address_delta);
	begin = short_put_ethernet(worker, hop->way, ip);
	put_out(worker, burst, packet, begin, look->ip_len + (unsigned int)hop->way->header_len,
		hop->buffer, e, inbound);
	return true;
}

static inline bool pass(struct worker *worker, const struct eip_fast_burst *burst, unsigned int i,
	struct last_way *last)
{
	const struct eip_fast_look *look = &burst->looks[i];
	const struct eip *e = look->entry;
	struct ip_address address;

	if (likely(look->way == EIP_FAST_INBOUND)) {
		address = ip_from_v4(load_raw32(look->ip + IPV4_DESTINATION));
		if (unlikely(!eip_is(e, &address, false)))
			return false;
		return kind_of(e) == KIND_PLAIN
			       ? pass_plainly(worker, burst, i, e, true, &last->hop)
			       : pass_into_tunnel(worker, burst, i, e, last);
	}
	address = ip_from_v4(load_raw32(look->ip + IPV4_SOURCE));
	if (unlikely(!eip_is(e, &address, true) || !e->enabled))
		return false;
	return pass_plainly(worker, burst, i, e, false, &last->hop);
}

unsigned int eip_fast_pass(struct worker *worker, struct eip_fast_burst *burst, unsigned int from)
{
	struct last_way last = {.kind = 0, .hop = {.way = NULL}};
	unsigned int i;

	for (i = from; i < burst->count; i++) {
		if (unlikely(burst->looks[i].way == EIP_FAST_NONE) ||
			unlikely(!pass(worker, burst, i, &last)))
			break;
	}
	return i;
}

static unsigned int inner_offset(
	const struct worker *worker, const struct short_note *note, unsigned int port_out)
{
	unsigned int ethernet =
		worker->node->ports[port_out].vlan ? ETHERNET_MAX_BYTES : ETHERNET_BYTES;

	if (!(note->what & SHORT_NOTE_INBOUND) || note->eip->tunnel == 0)
		return ethernet;
	return ethernet + tunnel_header_bytes(&worker->node->tunnels[note->eip->tunnel - 1]);
}

void eip_fast_write_meta(struct worker *worker, struct rte_mbuf *packet,
	const struct short_note *note, unsigned int port_out)
{
	struct packet_meta *meta = packet_meta(packet);
	struct packet_view *view = &meta->view;
	unsigned int offset = inner_offset(worker, note, port_out);
	bool inbound = note->what & SHORT_NOTE_INBOUND;

	receive_reset_meta(worker, packet, note->what >> SHORT_NOTE_PORT_SHIFT & UINT8_MAX);
	parse_ip(rte_pktmbuf_mtod_offset(packet, uint8_t *, offset), packet->data_len - offset,
		view);
	view->ttl++;
	if (inbound)
		view->destination = note->eip->public_address;
	else
		view->source = note->eip->private_address;
	meta->frame_bytes = (uint16_t)note->what;
	meta->vip_slot = note->eip->slot;
	meta->direction = inbound ? DT_DIR_FORWARD : DT_DIR_REPLY;
	meta->stage = DT_TP_TX;
	meta->port_out = (uint8_t)port_out;
}
