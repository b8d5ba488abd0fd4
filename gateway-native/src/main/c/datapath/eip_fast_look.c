// SPDX-License-Identifier: Apache-2.0
//
// First step of the short way: what fits. Whatever parse.c, receive.c and decapsulate.c would look
// at more closely does not.
#include "eip_fast.h"

#include "plain_packet.h"
#include "prefetch.h"

enum {
	LEAST_BYTES = ETHERNET_BYTES + IPV4_MIN_BYTES + UDP_BYTES,
	VXLAN_BYTES = 8,
	VXLAN_HAS_VNI = 0x08,
	INNER_OFFSET = UDP_BYTES + VXLAN_BYTES + ETHERNET_BYTES, // of the inner packet, from UDP on
	TUNNEL_BYTES = IPV4_MIN_BYTES + INNER_OFFSET,
	ECN_MASK = 3,
	ECN_CONGESTION = 3,
};

// In the place of a lookup.
static const struct eip_fast_lookup misfit;
static const struct eip_fast_lookup to_us; // to an address of ours: a tunnel may end there

// What holds for a whole burst.
struct rules {
	const struct node *node;
	const struct eip_table *eips;
	const struct blacklist *blacklist; // NULL: empty
	struct eip_hash_v4 hash;
	struct plain_frame frame;
	uint16_t vxlan_port; // as it stands in the header; 0: none
	bool keeps_options;  // nobody looks at those of ordinary TCP packets
	// The addresses that were looked up last, as they stand in a header, and what came of it:
	// of a frame's packet, and of the packet in a tunnel.
	uint64_t addresses;
	const struct eip_fast_lookup *lookup;
	uint64_t inner_addresses;
	const struct eip_fast_lookup *inner_lookup;
	struct eip_fast_lookup *next; // place of the next one
	// The tunnel that a packet came through last: its addresses as they stand in the header,
	// the other end's first. 0: none yet.
	uint64_t tunnel_ends;
	uint32_t tunnel_id;
};

static bool set_rules(const struct worker *worker, unsigned int port, struct rules *r)
{
	const struct node *node = worker->node;
	const struct node_port *p = &node->ports[port];

	if (!node->short_way || node->tier != DT_TIER_EIP || !node->eips ||
		node->verify_checksums || p->vlan)
		return false;
	*r = (struct rules){
		.node = node,
		.eips = node->eips,
		.blacklist = plain_blacklist(node),
		.hash = eip_hash_v4_of(node->eips),
		.frame = plain_frame_of(p),
		.vxlan_port = node->vxlan_port == node->gue_port ? 0 : htons(node->vxlan_port),
		.keeps_options = !node->erase_colour,
		.lookup = &misfit, // none comes from 0.0.0.0
		.inner_lookup = &misfit,
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

static inline bool is_plain_udp(const uint8_t *udp, int len)
{
	int udp_len;

	if (len < UDP_BYTES)
		return false;
	udp_len = load_be16(udp + UDP_LENGTH);
	return udp_len >= UDP_BYTES && udp_len <= len && load_raw16(udp + 2) != 0;
}

// A packet that is neither a tunnel's nor ours, with a plain header.
static inline bool is_plain_packet(const uint8_t *ip, uint32_t ip_len, bool keeps_options)
{
	const uint8_t *l4 = ip + IPV4_MIN_BYTES;
	int l4_len = (int)ip_len - IPV4_MIN_BYTES; // below 0: nonsense

	if (ip[IPV4_TTL] <= 1)
		return false;
	if (ip[IPV4_PROTOCOL] == PROTOCOL_TCP)
		return plain_tcp(l4, l4_len, keeps_options);
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
	if (udp_len > outer_len - IPV4_MIN_BYTES || udp_len < INNER_OFFSET + IPV4_MIN_BYTES)
		return NULL;
	if ((outer[IPV4_TOS] & ECN_MASK) == ECN_CONGESTION || !(vxlan[0] & VXLAN_HAS_VNI) ||
		load_be16(ip - 2) != ETHERTYPE_IPV4_ID)
		return NULL;
	id = load_be32(vxlan + 4) >> 8;
	if (unlikely(r->tunnel_ends != ends || r->tunnel_id != id) && !find_tunnel(r, ends, id))
		return NULL;
	return plain_ipv4_header(ip, load_be16(ip + IPV4_TOTAL_LENGTH), udp_len - INNER_OFFSET)
		       ? ip
		       : NULL;
}

static inline const struct eip_fast_lookup *look_up(
	struct rules *r, uint32_t address, bool by_private)
{
	uint64_t hash = eip_hash_v4(&r->hash, address);
	struct eip_fast_lookup *lookup = r->next++;

	lookup->bucket = eip_index_bucket(&r->eips->index, hash);
	prefetch(lookup->bucket);
	lookup->tag = eip_index_tag(hash);
	lookup->by_private = by_private;
	return lookup;
}

// A frame's packet.
static inline const struct eip_fast_lookup *look_up_outer(struct rules *r, const uint8_t *ip)
{
	uint32_t source = load_raw32(ip + IPV4_SOURCE);
	uint32_t destination = load_raw32(ip + IPV4_DESTINATION);
	bool by_private;

	if (!plain_ipv4_addresses(ip))
		return &misfit;
	if (is_own(r->node, destination))
		return &to_us;
	if (unlikely(r->blacklist) && plain_is_listed(r->blacklist, source))
		return &misfit;
	by_private = eip_near_private_bit(r->eips, eip_near_bit_v4(source));
	return look_up(r, by_private ? source : destination, by_private);
}

static inline const struct eip_fast_lookup *look_up_inner(struct rules *r, const uint8_t *ip)
{
	uint32_t source = load_raw32(ip + IPV4_SOURCE);

	if (!plain_ipv4_addresses(ip) || is_own(r->node, load_raw32(ip + IPV4_DESTINATION)) ||
		(unlikely(r->blacklist) && plain_is_listed(r->blacklist, source)))
		return &misfit;
	return look_up(r, source, true);
}

// To one of our addresses, through the tunnel that a packet of this burst came through, or another.
static __attribute__((noinline)) const struct eip_fast_lookup *look_at_tunnelled(
	struct rules *r, struct eip_fast_look *look, uint8_t *outer)
{
	uint8_t *ip = take_vxlan_off(r, outer);
	uint64_t addresses;

	if (!ip)
		return &misfit;
	addresses = load_raw64(ip + IPV4_SOURCE);
	if (addresses != r->inner_addresses) {
		r->inner_addresses = addresses;
		r->inner_lookup = look_up_inner(r, ip);
	}
	look->ip = ip;
	look->ip_len = load_be16(ip + IPV4_TOTAL_LENGTH);
	return is_plain_packet(ip, look->ip_len, true) ? r->inner_lookup : &misfit;
}

static inline const struct eip_fast_lookup *look_at(
	struct rules *r, struct rte_mbuf *packet, struct eip_fast_look *look)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *), *ip = frame + ETHERNET_BYTES;
	size_t len = packet->data_len;
	uint64_t addresses;
	uint32_t ip_len;

	if (unlikely(len < LEAST_BYTES || packet->nb_segs != 1) ||
		!plain_ethernet_is_ours(&r->frame, frame))
		return &misfit;
	ip_len = load_be16(ip + IPV4_TOTAL_LENGTH);
	if (!plain_ipv4_header(ip, ip_len, len - ETHERNET_BYTES))
		return &misfit;
	// Only of UDP it depends on whom it is for: it may be a tunnel's.
	if (ip[IPV4_PROTOCOL] != PROTOCOL_UDP && !is_plain_packet(ip, ip_len, r->keeps_options))
		return &misfit;
	addresses = load_raw64(ip + IPV4_SOURCE);
	if (addresses != r->addresses) {
		r->addresses = addresses;
		r->lookup = look_up_outer(r, ip);
	}
	if (unlikely(r->lookup == &to_us))
		return look_at_tunnelled(r, look, ip);
	look->ip = ip;
	look->ip_len = ip_len;
	if (ip[IPV4_PROTOCOL] == PROTOCOL_UDP && !is_plain_packet(ip, ip_len, r->keeps_options))
		return &misfit;
	return r->lookup;
}

bool eip_fast_look(struct worker *worker, struct rte_mbuf **packets, unsigned int count,
	unsigned int port, struct eip_fast_burst *burst)
{
	struct rules rules;

	if (!set_rules(worker, port, &rules))
		return false;
	rules.next = burst->lookups;
	burst->packets = packets;
	burst->count = count;
	burst->port = port;
	burst->note_outbound = (uint64_t)port << SHORT_NOTE_PORT_SHIFT;
	burst->note_inbound = burst->note_outbound | SHORT_NOTE_INBOUND;
	for (unsigned int i = 0; i < count; i++) {
		burst->looks[i].packet = packets[i];
		burst->looks[i].lookup = look_at(&rules, packets[i], &burst->looks[i]);
	}
	burst->looks[count].lookup = &misfit;
	for (struct eip_fast_lookup *lookup = burst->lookups; lookup < rules.next; lookup++)
		lookup->entry = eip_prefetch_entry_in(
			rules.eips, lookup->bucket, lookup->tag, lookup->by_private);
	return true;
}
