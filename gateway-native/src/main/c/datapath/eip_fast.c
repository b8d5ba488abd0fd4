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
		.all_bytes = len,
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

// Changes an address and what covers it, and takes one off the TTL, as translate_packet() does.
static inline void translate(uint8_t *ip, const struct eip *e, bool inbound)
{
	uint8_t *l4 = ip + IPV4_MIN_BYTES, *field;
	uint16_t delta = inbound ? e->address_delta : (uint16_t)~e->address_delta;

	if (ip[IPV4_PROTOCOL] == PROTOCOL_TCP) {
		field = l4 + TCP_CHECKSUM;
		store_raw16(field, checksum_apply(load_raw16(field), delta));
	} else {
		field = l4 + UDP_CHECKSUM;
		store_raw16(field, checksum_apply_udp(load_raw16(field), delta));
	}
	short_decrement_ttl(ip, delta);
	store_raw32(ip + (inbound ? IPV4_DESTINATION : IPV4_SOURCE),
		ip_v4(inbound ? &e->private_address : &e->public_address));
}

// Packets of one lookup that follow each other.
struct run {
	const struct eip *eip;
	struct neighbour *neighbour; // that they go to
	uint64_t note;               // what is alike in all of theirs
	uint64_t bytes;
	enum dt_direction direction;
};

static inline void count_run(struct worker *worker, const struct run *run, unsigned int packets)
{
	struct vip_counter *counter;

	run->neighbour->used_ns = worker->now.mono_ns;
	if (run->eip->slot >= VIP_MAX)
		return;
	counter = &worker->vip_counters[run->eip->slot];
	counter->packets[run->direction] += packets;
	counter->bytes[run->direction] += run->bytes;
}

static inline void put_out(struct worker *worker, struct run *run, struct rte_mbuf *packet,
	uint8_t *begin, unsigned int len, struct transmit_buffer *buffer)
{
	uint16_t bytes = packet->data_len;

	run->bytes += bytes;
	short_put_out(worker, packet, begin, len, buffer,
		(struct short_note){.eip = run->eip, .what = run->note | bytes});
}

// tunnel_head_fill() of UDP over IPv4, whose checksum is made of the words as they stand.
static inline void fill_usual(const struct short_way *way, uint32_t total, uint32_t traffic_class,
	uint32_t entropy, uint8_t *out)
{
	const uint16_t len = htons((uint16_t)total), id = htons((uint16_t)entropy);
	const uint32_t sum = way->sum + htons((uint16_t)traffic_class) + len + id;

	out[IPV4_TOS] = (uint8_t)traffic_class;
	store_raw16(out + IPV4_TOTAL_LENGTH, len);
	store_raw16(out + IPV4_ID, id);
	// Its halves, added to each other with the carry.
	store_raw16(out + IPV4_CHECKSUM, (uint16_t) ~((sum + (sum << 16 | sum >> 16)) >> 16));
	store_raw16(out + IPV4_MIN_BYTES, id | htons(0xc000));
	store_be16(out + IPV4_MIN_BYTES + UDP_LENGTH, (uint16_t)(total - IPV4_MIN_BYTES));
}

static inline void write_tunnel(
	const struct short_way *way, uint32_t total, uint32_t entropy, uint8_t *ip)
{
	uint8_t *out = ip - way->header_bytes;

	if (likely(way->usual)) {
		memcpy(ip - SHORT_WAY_USUAL, way->bytes + SHORT_WAY_BYTES - SHORT_WAY_USUAL,
			SHORT_WAY_USUAL);
		fill_usual(way, total, ip[IPV4_TOS], entropy, out);
	} else {
		memcpy(ip - way->copied, way->bytes + SHORT_WAY_BYTES - way->copied, way->copied);
		tunnel_head_fill(way->head, total, ip[IPV4_TOS], entropy, (uint16_t)entropy, out);
	}
}

// The packets of a lookup, from this one on, as far as they fit; the others are untouched. Returns
// the first of these.
static inline const struct eip_fast_look *pass_into_tunnel(struct worker *worker,
	const struct eip_fast_look *look, struct run *run, struct last_way *last)
{
	const struct eip_fast_lookup *lookup = look->lookup;
	const struct ip_address source = ip_from_v4(load_raw32(look->ip + IPV4_SOURCE));
	const struct ip_address destination = ip_from_v4(load_raw32(look->ip + IPV4_DESTINATION));
	const uint64_t entropy_source = encap_entropy_source(&source);
	const uint64_t entropy_destination = encap_entropy_destination(&destination);
	const struct short_way *way;

	if (unlikely(last->kind != kind_of(run->eip)) && !find_tunnel_way(worker, run->eip, last))
		return look;
	way = last->into_tunnel;
	run->neighbour = way->neighbour;
	do {
		struct rte_mbuf *packet = look->packet;
		uint8_t *ip = look->ip;
		uint32_t ip_len = look->ip_len, entropy;

		if (unlikely(ip_len + way->header_bytes > worker->least_mtu ||
			     short_headroom(packet, ip) < way->copied))
			break;
		entropy = encap_entropy_mix(
			entropy_source, entropy_destination, load_be32(ip + IPV4_MIN_BYTES));
		write_tunnel(way, ip_len + way->header_bytes, entropy, ip);
		translate(ip, run->eip, true);
		put_out(worker, run, packet, ip - way->all_bytes, ip_len + way->all_bytes,
			way->buffer);
	} while ((++look)->lookup == lookup);
	return look;
}

static inline const struct eip_fast_look *pass_plainly(struct worker *worker,
	const struct eip_fast_look *look, struct run *run, bool inbound, struct short_hop *hop)
{
	const struct eip_fast_lookup *lookup = look->lookup;

	if (unlikely(!short_find_hop(worker,
		    inbound ? ip_v4(&run->eip->private_address)
			    : load_raw32(look->ip + IPV4_DESTINATION),
		    hop)))
		return look;
	run->neighbour = hop->way->neighbour;
	do {
		struct rte_mbuf *packet = look->packet;
		uint8_t *ip = look->ip;
		uint32_t ip_len = look->ip_len;

		if (unlikely(ip_len > worker->least_mtu ||
			     short_headroom(packet, ip) < ETHERNET_MAX_BYTES))
			break;
		translate(ip, run->eip, inbound);
		put_out(worker, run, packet, short_write_ethernet(hop->way, ip),
			ip_len + hop->way->header_len, hop->buffer);
	} while ((++look)->lookup == lookup);
	return look;
}

static inline const struct eip_fast_look *pass_inbound(struct worker *worker,
	const struct eip_fast_look *look, struct run *run, struct last_way *last)
{
	const struct ip_address address = ip_from_v4(load_raw32(look->ip + IPV4_DESTINATION));

	if (unlikely(!eip_is(run->eip, &address, false)))
		return look;
	return kind_of(run->eip) == KIND_PLAIN ? pass_plainly(worker, look, run, true, &last->hop)
					       : pass_into_tunnel(worker, look, run, last);
}

static inline const struct eip_fast_look *pass_outbound(struct worker *worker,
	const struct eip_fast_look *look, struct run *run, struct last_way *last)
{
	const struct ip_address address = ip_from_v4(load_raw32(look->ip + IPV4_SOURCE));

	if (unlikely(!eip_is(run->eip, &address, true) || !run->eip->enabled))
		return look;
	return pass_plainly(worker, look, run, false, &last->hop);
}

unsigned int eip_fast_pass(struct worker *worker, struct eip_fast_burst *burst, unsigned int from)
{
	const struct eip_fast_look *look = &burst->looks[from], *next;
	struct last_way last = {.kind = 0, .hop = {.way = NULL}};

	for (; likely(look->lookup->entry); look = next) {
		const bool inbound = !look->lookup->by_private;
		struct run run = {
			.eip = look->lookup->entry,
			.note = inbound ? burst->note_inbound : burst->note_outbound,
			.direction = inbound ? DT_DIR_FORWARD : DT_DIR_REPLY,
		};

		next = inbound ? pass_inbound(worker, look, &run, &last)
			       : pass_outbound(worker, look, &run, &last);
		if (unlikely(next == look))
			break;
		count_run(worker, &run, (unsigned int)(next - look));
	}
	return (unsigned int)(look - burst->looks);
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
