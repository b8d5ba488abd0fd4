// SPDX-License-Identifier: Apache-2.0
#include "eip_fast.h"

#include "blacklist.h"
#include "encap.h"
#include "prefetch.h"
#include "receive.h"
#include "transmit.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

enum {
	LEAST_BYTES = ETHERNET_BYTES + IPV4_MIN_BYTES + UDP_BYTES,
	ETHERNET_MAX_BYTES = ETHERNET_BYTES + VLAN_BYTES,
	VXLAN_BYTES = 8,
	VXLAN_HAS_VNI = 0x08,
	TUNNEL_BYTES = IPV4_MIN_BYTES + UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES,
	ECN_MASK = 3,
	ECN_CONGESTION = 3,
	TIMESTAMP_HEADER = TCP_MIN_BYTES + 12, // the TCP header of most packets
};

// One bit for each combination of FIN, SYN, RST, PSH and ACK that is possible without SYN and RST:
// these may be a probe's, or need their MSS changed.
#define PLAIN_FLAGS 0x03030202u

// What holds for a whole burst.
struct rules {
	const struct node *node;
	const struct eip_table *eips;
	const struct blacklist *blacklist; // NULL: empty
	struct eip_hash_v4 hash;
	uint64_t mac;        // as it stands in the frame …
	uint64_t mac_mask;   // … or the bits of it that matter
	uint16_t vxlan_port; // as it stands in the header; 0: none
	bool keeps_options;  // nobody looks at those of ordinary TCP packets
	// The tunnel that a packet came through last: its addresses as they stand in the header,
	// the other end's first. 0: none yet.
	uint64_t tunnel_ends;
	uint32_t tunnel_id;
};

static bool set_rules(const struct worker *worker, unsigned int port, struct rules *r)
{
	const struct node *node = worker->node;
	const struct node_port *p = &node->ports[port];
	const uint8_t mac[8] = {p->mac[0], p->mac[1], p->mac[2], p->mac[3], p->mac[4], p->mac[5]};

	if (!node->short_way || node->tier != DT_TIER_EIP || !node->eips ||
		node->verify_checksums || p->vlan)
		return false;
	*r = (struct rules){
		.node = node,
		.eips = node->eips,
		.blacklist = node->blacklist && blacklist_has_v4(node->blacklist) ? node->blacklist
										  : NULL,
		.hash = eip_hash_v4_of(node->eips),
		.mac = p->accept_any_mac ? 0 : load_raw64(mac),
		.mac_mask = htobe64(p->accept_any_mac ? 1ull << 56 : 0xffffffffffff0000),
		.vxlan_port = node->vxlan_port == node->gue_port ? 0 : htons(node->vxlan_port),
		.keeps_options = !node->erase_colour,
	};
	return true;
}

static __attribute__((noinline)) bool is_own_for_certain(const struct node *node, uint32_t address)
{
	const struct ip_address a = ip_from_v4(address);

	return node_own_address(node, &a) != NULL;
}

static inline bool is_own(const struct node *node, uint32_t address)
{
	return unlikely(node_may_own_v4(node, address)) && is_own_for_certain(node, address);
}

static __attribute__((noinline)) bool is_listed(const struct blacklist *list, uint32_t source)
{
	const struct ip_address a = ip_from_v4(source);

	return blacklist_matches(list, &a);
}

// As parse_ipv4() has it, and besides: no options, no fragment, not to a group. `len` bytes are
// there, at least the header's.
static inline bool is_plain_ipv4(const uint8_t *ip, size_t len)
{
	uint8_t first = ip[IPV4_SOURCE];

	if ((load_raw64(ip) & htobe64(0xff00000000003fff)) != htobe64(0x4500000000000000))
		return false;
	if (load_be16(ip + IPV4_TOTAL_LENGTH) > len || ip[IPV4_DESTINATION] >= 224)
		return false;
	if ((uint8_t)(first - 1) >= 223 || first == 127)
		return false;
	return checksum_ipv4_is_right(ip);
}

static inline bool is_plain_tcp(const uint8_t *tcp, int len, bool keeps_options)
{
	int offset;

	if (len < TCP_MIN_BYTES || !(PLAIN_FLAGS >> (tcp[TCP_FLAGS] & 31) & 1))
		return false;
	if (load_raw16(tcp) == 0 || load_raw16(tcp + 2) == 0)
		return false;
	offset = tcp[TCP_DATA_OFFSET] >> 4;
	if (likely(offset == TCP_MIN_BYTES / 4))
		return true;
	if (offset < TCP_MIN_BYTES / 4 || offset * 4 > len)
		return false;
	// Two paddings and a timestamp are no colour.
	return keeps_options ||
	       (offset == TIMESTAMP_HEADER / 4 && load_be32(tcp + TCP_MIN_BYTES) == 0x0101080a);
}

static inline bool is_plain_udp(const uint8_t *udp, int len)
{
	int udp_len;

	if (len < UDP_BYTES)
		return false;
	udp_len = load_be16(udp + UDP_LENGTH);
	return udp_len >= UDP_BYTES && udp_len <= len && load_raw16(udp + 2) != 0;
}

// A packet that is neither a tunnel's nor ours, with a plain header.
static inline bool is_plain_packet(
	const struct rules *r, const uint8_t *ip, uint32_t ip_len, bool keeps_options)
{
	const uint8_t *l4 = ip + IPV4_MIN_BYTES;
	int l4_len = (int)ip_len - IPV4_MIN_BYTES; // below 0: nonsense

	if (ip[IPV4_TTL] <= 1)
		return false;
	if (unlikely(r->blacklist) && is_listed(r->blacklist, load_raw32(ip + IPV4_SOURCE)))
		return false;
	if (ip[IPV4_PROTOCOL] == PROTOCOL_TCP)
		return is_plain_tcp(l4, l4_len, keeps_options);
	return ip[IPV4_PROTOCOL] == PROTOCOL_UDP && is_plain_udp(l4, l4_len);
}

// One of the node's tunnels has these ends, of which ours is an address of ours, and this id.
static __attribute__((noinline)) bool find_tunnel(struct rules *r, uint64_t ends, uint32_t id)
{
	const struct node *node = r->node;
	uint8_t bytes[8];

	memcpy(bytes, &ends, sizeof(bytes));
	for (unsigned int i = 0; i < node->tunnel_count; i++) {
		const struct tunnel *t = &node->tunnels[i];

		if (t->kind == TUNNEL_VXLAN && ip_is_v4(&t->local) && ip_is_v4(&t->remote) &&
			t->id == id && ip_v4(&t->remote) == load_raw32(bytes) &&
			ip_v4(&t->local) == load_raw32(bytes + 4)) {
			r->tunnel_ends = ends;
			r->tunnel_id = id;
			return true;
		}
	}
	return false;
}

// outer: a plain header of a packet to us. NULL: not VXLAN of one of the tunnels with a plain IPv4
// packet in it.
static inline uint8_t *take_vxlan_off(struct rules *r, uint8_t *outer)
{
	uint8_t *udp = outer + IPV4_MIN_BYTES, *vxlan = udp + UDP_BYTES, *ip = outer + TUNNEL_BYTES;
	size_t outer_len = load_be16(outer + IPV4_TOTAL_LENGTH);
	size_t udp_len = load_be16(udp + UDP_LENGTH);
	uint64_t ends = load_raw64(outer + IPV4_SOURCE);
	uint32_t id;

	if (outer[IPV4_PROTOCOL] != PROTOCOL_UDP || outer_len < TUNNEL_BYTES + IPV4_MIN_BYTES ||
		load_raw16(udp + 2) != r->vxlan_port || r->vxlan_port == 0)
		return NULL;
	if (udp_len > outer_len - IPV4_MIN_BYTES ||
		udp_len < TUNNEL_BYTES - IPV4_MIN_BYTES + IPV4_MIN_BYTES)
		return NULL;
	if ((outer[IPV4_TOS] & ECN_MASK) == ECN_CONGESTION || !(vxlan[0] & VXLAN_HAS_VNI) ||
		load_be16(ip - 2) != ETHERTYPE_IPV4_ID)
		return NULL;
	id = load_be32(vxlan + 4) >> 8;
	if (unlikely(r->tunnel_ends != ends || r->tunnel_id != id) && !find_tunnel(r, ends, id))
		return NULL;
	return is_plain_ipv4(ip, udp_len - (TUNNEL_BYTES - IPV4_MIN_BYTES)) ? ip : NULL;
}

static inline void note(
	const struct rules *r, struct eip_fast_look *look, uint8_t *ip, bool by_private)
{
	uint32_t address = load_raw32(ip + (by_private ? IPV4_SOURCE : IPV4_DESTINATION));
	uint64_t hash = eip_hash_v4(&r->hash, address);

	look->ip = ip;
	look->by_private = by_private;
	look->tag = eip_index_tag(hash);
	look->bucket = eip_index_bucket(&r->eips->index, hash);
	prefetch(look->bucket);
}

// Through the tunnel that a packet of this burst came through, or to one of our addresses.
static __attribute__((noinline)) bool look_at_tunnelled(
	struct rules *r, struct eip_fast_look *look, uint8_t *outer)
{
	uint8_t *ip = take_vxlan_off(r, outer);

	if (!ip || is_own(r->node, load_raw32(ip + IPV4_DESTINATION)))
		return false;
	note(r, look, ip, true);
	look->ip_len = load_be16(ip + IPV4_TOTAL_LENGTH);
	return is_plain_packet(r, ip, look->ip_len, true);
}

static inline bool is_plain_frame(const struct rules *r, const uint8_t *frame, size_t len)
{
	return ((load_raw64(frame) ^ r->mac) & r->mac_mask) == 0 &&
	       load_raw16(frame + ETHERNET_BYTES - 2) == htons(ETHERTYPE_IPV4_ID) &&
	       is_plain_ipv4(frame + ETHERNET_BYTES, len - ETHERNET_BYTES);
}

static inline bool look_at(struct rules *r, struct rte_mbuf *packet, struct eip_fast_look *look)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *), *ip = frame + ETHERNET_BYTES;
	size_t len = packet->data_len;
	struct ip_address source;

	if (unlikely(len < LEAST_BYTES || packet->nb_segs != 1)) {
		look->bucket = r->eips->index.buckets;
		look->by_private = false;
		look->tag = 1;
		return false;
	}
	if (unlikely(load_raw64(ip + IPV4_SOURCE) == r->tunnel_ends)) {
		look->bucket = r->eips->index.buckets; // should it not fit
		look->by_private = true;
		look->tag = 1;
		return is_plain_frame(r, frame, len) && look_at_tunnelled(r, look, ip);
	}
	source = ip_from_v4(load_raw32(ip + IPV4_SOURCE));
	note(r, look, ip, eip_near_private(r->eips, &source));
	if (!is_plain_frame(r, frame, len))
		return false;
	if (unlikely(node_may_own_v4(r->node, load_raw32(ip + IPV4_DESTINATION))) &&
		is_own_for_certain(r->node, load_raw32(ip + IPV4_DESTINATION)))
		return look_at_tunnelled(r, look, ip);
	look->ip_len = load_be16(ip + IPV4_TOTAL_LENGTH);
	return is_plain_packet(r, ip, look->ip_len, r->keeps_options);
}

bool eip_fast_look(struct worker *worker, struct rte_mbuf **packets, unsigned int count,
	unsigned int port, struct eip_fast_burst *burst)
{
	struct rules rules;

	if (!set_rules(worker, port, &rules))
		return false;
	burst->packets = packets;
	burst->count = count;
	burst->port = port;
	burst->note_outbound = (uint64_t)port << SHORT_NOTE_PORT_SHIFT;
	burst->note_inbound = burst->note_outbound | SHORT_NOTE_INBOUND;
	for (unsigned int i = 0; i < count; i++) {
		struct eip_fast_look *look = &burst->looks[i];

		look->way = EIP_FAST_NONE;
		if (likely(look_at(&rules, packets[i], look)))
			look->way = look->by_private ? EIP_FAST_OUTBOUND : EIP_FAST_INBOUND;
	}
	for (unsigned int i = 0; i < count; i++) {
		struct eip_fast_look *look = &burst->looks[i];

		look->entry = eip_prefetch_entry_in(
			rules.eips, look->bucket, look->tag, look->by_private);
		if (unlikely(!look->entry))
			look->way = EIP_FAST_NONE;
	}
	return true;
}

// NULL: none that is known to be right.
static inline const struct recent_way *way_of(
	const struct worker *worker, const struct ip_address *address)
{
	const struct recent_way *way = &worker->ways[address->bytes[15] % WORKER_WAYS];

	return ip_equal(&way->address, address) && way->known &&
			       way->generation == worker->neighbours->generation
		       ? way
		       : NULL;
}

// The ordinary way goes first: it makes what is copied here. false: it has not yet.
static __attribute__((noinline)) bool make_tunnel_way(struct worker *worker, unsigned int tunnel)
{
	struct short_way *short_way = &worker->short_ways[tunnel];
	const struct tunnel_head *head = &worker->heads[tunnel][0];
	const struct recent_way *way;
	unsigned int len;

	if (head->len == 0)
		return false;
	way = way_of(worker, &worker->node->tunnels[tunnel].remote);
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
	// Without a tunnel:
	uint32_t next_hop;
	uint32_t port;
	const struct recent_way *way; // NULL: none
	struct transmit_buffer *buffer;
};

static inline bool find_way(struct worker *worker, uint32_t destination, struct last_way *last)
{
	const struct ip_address address = ip_from_v4(destination);
	const struct ip_address *next_hop;
	unsigned int port;

	next_hop = transmit_next_hop(worker->node, &address, &port);
	if (unlikely(!next_hop))
		return false;
	if (likely(last->way && last->next_hop == ip_v4(next_hop) && last->port == port))
		return true;
	last->way = way_of(worker, next_hop);
	last->next_hop = ip_v4(next_hop);
	last->port = port;
	last->buffer = &worker->transmit[port];
	if (last->way && last->way->port != port)
		last->way = NULL;
	return last->way != NULL;
}

// Changes an address and what covers it, and takes one off the TTL, as translate_packet() does.
static inline void translate(uint8_t *ip, uint32_t address, bool inbound, uint16_t delta)
{
	uint8_t *l4 = ip + IPV4_MIN_BYTES, *field;
	// One off the TTL, of which there is more than one: what that adds to a sum is -1 there.
	const uint16_t one_less = (uint16_t)~htons(0x0100);
	uint16_t sum = checksum_apply(load_raw16(ip + IPV4_CHECKSUM), delta);

	if (ip[IPV4_PROTOCOL] == PROTOCOL_TCP) {
		field = l4 + TCP_CHECKSUM;
		store_raw16(field, checksum_apply(load_raw16(field), delta));
	} else {
		field = l4 + UDP_CHECKSUM;
		store_raw16(field, checksum_apply_udp(load_raw16(field), delta));
	}
	ip[IPV4_TTL]--;
	store_raw16(ip + IPV4_CHECKSUM, checksum_apply(sum, one_less));
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
	unsigned int i = buffer->count;
	uint16_t bytes = packet->data_len;

	if (e->slot < VIP_MAX) {
		struct vip_counter *counter = &worker->vip_counters[e->slot];

		counter->packets[inbound ? DT_DIR_FORWARD : DT_DIR_REPLY]++;
		counter->bytes[inbound ? DT_DIR_FORWARD : DT_DIR_REPLY] += bytes;
	}
	packet->data_off = (uint16_t)(begin - (uint8_t *)packet->buf_addr);
	packet->data_len = (uint16_t)len;
	packet->pkt_len = len;
	buffer->packets[i] = packet;
	buffer->notes[i] = (struct short_note){
		.eip = e,
		.what = (inbound ? burst->note_inbound : burst->note_outbound) | bytes,
	};
	buffer->count = i + 1;
	if (unlikely(i + 1 == WORKER_BURST))
		transmit_flush(worker, (unsigned int)(buffer - worker->transmit));
}

static inline unsigned int headroom(const struct rte_mbuf *packet, const uint8_t *ip)
{
	return (unsigned int)(ip - (const uint8_t *)packet->buf_addr);
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
	if (unlikely(total > worker->least_mtu || headroom(packet, ip) < way->copied))
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
	unsigned int i, const struct eip *e, bool inbound, struct last_way *last)
{
	const struct eip_fast_look *look = &burst->looks[i];
	struct rte_mbuf *packet = burst->packets[i];
	const struct recent_way *way;
	uint8_t *ip = look->ip, *begin;

	if (unlikely(look->ip_len > worker->least_mtu || headroom(packet, ip) < ETHERNET_MAX_BYTES))
		return false;
	if (unlikely(!find_way(worker,
		    inbound ? ip_v4(&e->private_address) : load_raw32(ip + IPV4_DESTINATION),
		    last)))
		return false;
	way = last->way;
	begin = ip - way->header_len;
	translate(ip, ip_v4(inbound ? &e->private_address : &e->public_address), inbound,
		inbound ? e->address_delta : (uint16_t)~e->address_delta);
	if (likely(way->header_len == ETHERNET_BYTES))
		memcpy(begin, way->header, ETHERNET_BYTES);
	else
		memcpy(begin, way->header, ETHERNET_MAX_BYTES);
	way->neighbour->used_ns = worker->now.mono_ns;
	put_out(worker, burst, packet, begin, look->ip_len + (unsigned int)way->header_len,
		last->buffer, e, inbound);
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
		return kind_of(e) == KIND_PLAIN ? pass_plainly(worker, burst, i, e, true, last)
						: pass_into_tunnel(worker, burst, i, e, last);
	}
	address = ip_from_v4(load_raw32(look->ip + IPV4_SOURCE));
	if (unlikely(!eip_is(e, &address, true) || !e->enabled))
		return false;
	return pass_plainly(worker, burst, i, e, false, last);
}

unsigned int eip_fast_pass(struct worker *worker, struct eip_fast_burst *burst, unsigned int from)
{
	struct last_way last = {.way = NULL};
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

	receive_reset_meta(worker, packet, note->what >> SHORT_NOTE_PORT_SHIFT & UINT16_MAX);
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
