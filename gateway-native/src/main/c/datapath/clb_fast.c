// SPDX-License-Identifier: Apache-2.0
//
// Second step of the short way: translates what fits and puts it out.
#include "clb_fast.h"

#include "nat.h"
#include "receive.h"
#include "session_follow.h"
#include "short_out.h"

// A session that is there has one key each way: who has it is it.
static inline bool is_there(const struct session *s)
{
	return likely(s != NULL) && likely(s->state != SESSION_FREE) && s->tcp_v4;
}

static __attribute__((noinline)) struct session *search(
	const struct worker *worker, const struct clb_fast_look *look)
{
	const struct ip_address source = ip_from_v4(load_raw32(look->ip + IPV4_SOURCE));
	const struct ip_address destination = ip_from_v4(load_raw32(look->ip + IPV4_DESTINATION));
	const uint8_t *tcp = look->ip + IPV4_MIN_BYTES;
	struct session *s;

	if (look->way == CLB_FAST_FORWARD)
		s = session_find_forward(
			&worker->sessions, look->hash, &source, load_be16(tcp), look->vip->service);
	else
		s = session_find_reply(&worker->sessions, look->hash, &source, load_be16(tcp),
			look->local_index, &destination, load_be16(tcp + 2), PROTOCOL_TCP);
	return is_there(s) ? s : NULL;
}

static inline struct session *find_forward(
	const struct worker *worker, const struct clb_fast_look *look)
{
	struct session *s = look->session;

	if (likely(is_there(s) && ip_v4(&s->client) == load_raw32(look->ip + IPV4_SOURCE) &&
		    s->client_port == load_be16(look->ip + IPV4_MIN_BYTES) &&
		    s->service == look->vip->service))
		return s;
	return search(worker, look);
}

static inline struct session *find_reply(
	const struct worker *worker, const struct clb_fast_look *look)
{
	const uint8_t *tcp = look->ip + IPV4_MIN_BYTES;
	struct session *s = look->session;
	const struct target *target;

	if (unlikely(!is_there(s)))
		return search(worker, look);
	target = &worker->node->targets[s->target];
	if (likely(s->local_index == look->local_index && s->local_port == load_be16(tcp + 2) &&
		    target->port == load_be16(tcp) &&
		    ip_v4(&target->address) == load_raw32(look->ip + IPV4_SOURCE) &&
		    (look->local_index != SESSION_LOCAL_CLIENT ||
			    ip_v4(&s->client) == load_raw32(look->ip + IPV4_DESTINATION))))
		return s;
	return search(worker, look);
}

// What a packet of a session becomes.
struct translated {
	uint32_t source;
	uint32_t destination;
	uint32_t ports; // in host order, the source's first
	uint16_t address_delta;
	uint16_t vip_slot;
	uint16_t backend_slot;
	enum dt_direction direction;
};

static inline void translate_and_put_out(struct worker *worker, const struct clb_fast_burst *burst,
	unsigned int i, const struct translated *to, const struct recent_way *way)
{
	struct vip_counter *counter = &worker->vip_counters[to->vip_slot];
	struct transmit_buffer *buffer = &worker->transmit[way->port];
	struct rte_mbuf *packet = burst->packets[i];
	uint8_t *ip = burst->looks[i].ip, *tcp = ip + IPV4_MIN_BYTES, *begin;
	uint16_t bytes = packet->data_len;
	const struct short_note note = {
		.addresses = load_raw64(ip + IPV4_SOURCE),
		.what = bytes | burst->port << SHORT_NOTE_PORT_SHIFT | SHORT_NOTE_SESSION |
			(to->direction == DT_DIR_FORWARD ? SHORT_NOTE_INBOUND : 0) |
			(uint64_t)to->vip_slot << SHORT_NOTE_VIP_SHIFT |
			(uint64_t)to->backend_slot << SHORT_NOTE_BACKEND_SHIFT,
	};

	counter->packets[to->direction]++;
	counter->bytes[to->direction] += bytes;
	buffer->ports[buffer->count] = load_raw32(tcp);
	nat_tcp_v4_ends(ip, tcp, to->source, to->destination, to->ports, to->address_delta);
	short_decrement_ttl(ip, to->address_delta);
	begin = short_put_ethernet(worker, way, ip);
	short_put_out(worker, packet, begin, burst->looks[i].ip_len + (unsigned int)way->header_len,
		buffer, note);
}

static inline bool is_short_enough(
	const struct worker *worker, const struct clb_fast_burst *burst, unsigned int i)
{
	const struct clb_fast_look *look = &burst->looks[i];

	return likely(look->ip_len <= worker->least_mtu &&
		      short_headroom(burst->packets[i], look->ip) >= ETHERNET_MAX_BYTES);
}

// false: untouched. So is the other.
static inline bool pass_forward(
	struct worker *worker, const struct clb_fast_burst *burst, unsigned int i)
{
	const struct clb_fast_look *look = &burst->looks[i];
	struct session *s = find_forward(worker, look);
	const struct recent_way *way;
	const struct target *target;
	bool full_nat;

	if (unlikely(!s || (s->flags & SESSION_TOA_DUE)) || !is_short_enough(worker, burst, i))
		return false;
	target = &worker->node->targets[s->target];
	way = short_way_of(worker, &target->address);
	if (unlikely(!way))
		return false;
	s->tunnel = 0;
	session_follow(
		&worker->sessions, s, true, look->ip[IPV4_MIN_BYTES + TCP_FLAGS], worker->tick);
	full_nat = s->local_index < NODE_MAX_LOCALS;
	translate_and_put_out(worker, burst, i,
		&(struct translated){
			.source = ip_v4(
				full_nat ? &worker->node->locals[s->local_index] : &s->client),
			.destination = ip_v4(&target->address),
			.ports = (uint32_t)s->local_port << 16 | target->port,
			.address_delta = s->address_delta,
			.vip_slot = look->vip->slot,
			.backend_slot = target->backend_slot,
			.direction = DT_DIR_FORWARD,
		},
		way);
	return true;
}

static inline bool pass_reply(struct worker *worker, const struct clb_fast_burst *burst,
	unsigned int i, struct short_hop *hop)
{
	const struct clb_fast_look *look = &burst->looks[i];
	struct session *s = find_reply(worker, look);
	const struct vip *vip;

	if (unlikely(!s || s->tunnel) || !is_short_enough(worker, burst, i))
		return false;
	if (unlikely((s->flags & SESSION_MARKED) && s->stamps_left))
		return false;
	vip = worker->vips->by_service[s->service];
	if (unlikely(!vip || !vip->enabled) ||
		unlikely(!short_find_hop(worker, ip_v4(&s->client), hop)))
		return false;
	session_follow(
		&worker->sessions, s, false, look->ip[IPV4_MIN_BYTES + TCP_FLAGS], worker->tick);
	translate_and_put_out(worker, burst, i,
		&(struct translated){
			.source = ip_v4(&vip->address),
			.destination = ip_v4(&s->client),
			.ports = (uint32_t)vip->port << 16 | s->client_port,
			.address_delta = (uint16_t)~s->address_delta,
			.vip_slot = worker->service_slots[s->service],
			.backend_slot = worker->node->targets[s->target].backend_slot,
			.direction = DT_DIR_REPLY,
		},
		hop->way);
	return true;
}

unsigned int clb_fast_pass(struct worker *worker, struct clb_fast_burst *burst, unsigned int from)
{
	struct short_hop hop = {.way = NULL};
	unsigned int i;

	for (i = from; i < burst->count; i++) {
		uint8_t way = burst->looks[i].way;

		if (unlikely(way == CLB_FAST_NONE))
			break;
		if (unlikely(!(way == CLB_FAST_FORWARD ? pass_forward(worker, burst, i)
						       : pass_reply(worker, burst, i, &hop))))
			break;
	}
	return i;
}

void clb_fast_write_meta(struct worker *worker, struct rte_mbuf *packet,
	const struct short_note *note, uint32_t ports, unsigned int port_out)
{
	unsigned int offset =
		worker->node->ports[port_out].vlan ? ETHERNET_MAX_BYTES : ETHERNET_BYTES;
	struct packet_meta *meta = packet_meta(packet);
	struct packet_view *view = &meta->view;
	uint32_t ends[2];

	memcpy(ends, &note->addresses, sizeof(ends));
	receive_reset_meta(worker, packet, note->what >> SHORT_NOTE_PORT_SHIFT & UINT8_MAX);
	parse_ip(rte_pktmbuf_mtod_offset(packet, uint8_t *, offset), packet->data_len - offset,
		view);
	view->ttl++;
	view->source = ip_from_v4(ends[0]);
	view->destination = ip_from_v4(ends[1]);
	view->source_port = (uint16_t)(ntohl(ports) >> 16);
	view->destination_port = (uint16_t)ntohl(ports);
	meta->frame_bytes = (uint16_t)note->what;
	meta->vip_slot = (uint16_t)(note->what >> SHORT_NOTE_VIP_SHIFT);
	meta->backend_slot = (uint16_t)(note->what >> SHORT_NOTE_BACKEND_SHIFT);
	meta->direction = note->what & SHORT_NOTE_INBOUND ? DT_DIR_FORWARD : DT_DIR_REPLY;
	meta->stage = DT_TP_TX;
	meta->port_out = (uint8_t)port_out;
}
