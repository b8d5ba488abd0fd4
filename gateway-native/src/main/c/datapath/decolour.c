// SPDX-License-Identifier: Apache-2.0
#include "decolour.h"

#include "stamp.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"
#include "../packet/tcp_option.h"

#include <string.h>

// Offsets inside the option.
enum { COLOUR_FLAGS = 5, COLOUR_PROBER_ID = 6, COLOUR_PROBE_SEQUENCE = 8 };

// A colour on anything but a bare SYN (or, with the reset flag, a RST) was not made by a prober.
static inline bool flags_agree(uint8_t colour_flags, uint8_t tcp_flags)
{
	if (colour_flags & DT_COLOUR_FLAG_RESET)
		return tcp_flags & TCP_RST;
	return (tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static enum dt_colour_result judge(struct worker *worker, const struct packet_meta *meta,
	const struct dt_colour_option *option, int *epoch_offset)
{
	const struct packet_view *view = &meta->view;
	uint32_t syn_sequence = view->tcp_sequence;

	if (!flags_agree(option->flags, view->tcp_flags))
		return DT_COLOUR_FORGED;
	if (option->flags & DT_COLOUR_FLAG_RESET)
		syn_sequence--;
	return dt_colour_guard_check(worker->node->guard, option,
		view->is_v6 ? view->source.bytes : view->source.bytes + 12, view->is_v6 ? 16 : 4,
		view->source_port, syn_sequence, meta->rx_real_ns, epoch_offset);
}

static inline void follow(struct worker *worker, struct packet_meta *meta, uint8_t flags,
	uint16_t prober_id, uint32_t probe_sequence, bool other_epoch)
{
	worker->counters.colour_verified++;
	worker->counters.colour_other_epoch += other_epoch;
	meta->key_state = DT_KEY_VERIFIED;
	meta->stamped = true;
	meta->prober_id = prober_id;
	meta->probe_sequence = probe_sequence;
	meta->detail = (flags & DT_COLOUR_FLAG_EVERY_STAGE) != 0;
	meta->reset = (flags & DT_COLOUR_FLAG_RESET) != 0;
}

static inline void count_unfollowed(struct worker *worker, enum dt_colour_result result)
{
	struct worker_counters *c = &worker->counters;

	c->colour_forged += result == DT_COLOUR_FORGED;
	c->colour_replayed += result == DT_COLOUR_REPLAYED;
	c->colour_capped += result == DT_COLOUR_CAPPED;
}

static void take_key(
	struct worker *worker, struct packet_meta *meta, const struct dt_colour_option *option)
{
	int epoch_offset = 0;
	enum dt_colour_result result = judge(worker, meta, option, &epoch_offset);

	if (result == DT_COLOUR_VERIFIED)
		follow(worker, meta, option->flags, option->prober_id, option->probe_sequence,
			epoch_offset != 0);
	else
		count_unfollowed(worker, result);
}

static void erase(uint8_t *tcp, uint8_t *options, size_t len)
{
	uint16_t before = checksum_fold(checksum_add(0, options, len)), after;

	dt_colour_erase(options, len);
	after = checksum_fold(checksum_add(0, options, len));
	store_raw16(tcp + TCP_CHECKSUM, checksum_apply(load_raw16(tcp + TCP_CHECKSUM),
						checksum_fold(checksum_delta16(before, after))));
}

// A TOA of the client's own goes whether its VIP has toa or not: a server that has the module
// loaded for another VIP would believe it. An EIP shows its servers who the client is; there it
// stays.
static void erase_found(
	struct worker *worker, const struct packet_meta *meta, uint8_t *tcp, uint8_t what)
{
	if (worker->node->erase_colour && (what & DT_COLOUR_ERASE_COLOUR))
		erase(tcp, tcp + TCP_MIN_BYTES, meta->view.tcp_header_len - (size_t)TCP_MIN_BYTES);
	if (worker->node->tier == DT_TIER_CLB && (what & DT_COLOUR_ERASE_TOA))
		toa_erase(tcp, meta->view.tcp_header_len);
}

enum decolour_outcome decolour_closely(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	size_t len = meta->view.tcp_header_len - (size_t)TCP_MIN_BYTES;
	uint8_t *tcp = packet_l4(packet), *options = tcp + TCP_MIN_BYTES;
	struct dt_colour_option option;
	int found = dt_colour_find(options, len, &option);

	if (option.present) {
		take_key(worker, meta, &option);
		stamp(worker, meta, DT_TP_RX);
		stamp(worker, meta, DT_TP_COLOUR);
	}
	if (found < 0)
		return DECOLOUR_MALFORMED;
	if (unlikely(option.to_erase))
		erase_found(worker, meta, tcp, option.to_erase);
	return DECOLOUR_NEXT;
}

static inline uint8_t *usual_option(uint8_t *tcp, const struct packet_view *view)
{
	return tcp + view->tcp_header_len - DT_COLOUR_BYTES;
}

static inline void claim(struct dt_colour_claims *claims, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	const struct packet_view *view = &meta->view;
	const uint8_t *option = usual_option(packet_l4(packet), view);
	const uint8_t flags = option[COLOUR_FLAGS];

	if (unlikely(!flags_agree(flags, view->tcp_flags))) {
		meta->mac = DT_COLOUR_MAC_WRONG;
		return;
	}
	dt_colour_claims_add(claims,
		&(struct dt_colour_claim){
			.option = option,
			.source = view->is_v6 ? view->source.bytes : view->source.bytes + 12,
			.state = &meta->mac,
			.syn_sequence =
				view->tcp_sequence - ((flags & DT_COLOUR_FLAG_RESET) ? 1 : 0),
			.source_port = view->source_port,
			.address_len = view->is_v6 ? 16 : 4,
		});
}

void decolour_ahead(struct worker *worker, struct rte_mbuf *const *packets, unsigned int count)
{
	struct dt_colour_claims claims;

	dt_colour_claims_begin(&claims, worker->node->guard, worker->now.real_ns);
	worker->colour_now = dt_colour_time(worker->now.real_ns);
	for (unsigned int i = 0; i < count; i++) {
		if (likely(decolour_may_be_probe(packets[i])))
			claim(&claims, packets[i]);
		else
			packet_meta(packets[i])->mac = DT_COLOUR_MAC_UNUSUAL;
	}
	dt_colour_claims_verify(&claims);
}

// NOPs over the option, whose sum is known. All of it stands at even offsets.
static inline void erase_usual(uint8_t *tcp, uint8_t *option)
{
	static const uint8_t nops[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const uint32_t sum_of_nops = DT_COLOUR_BYTES / 2 * 0x0101;
	uint64_t sum = checksum_add64(load_raw64(option), load_raw64(option + 8));

	sum = ~checksum_add64(sum, load_raw32(option + 16));
	sum = checksum_add64(sum, sum_of_nops + (uint16_t)~load_raw16(tcp + TCP_CHECKSUM));
	static_assert(sizeof(nops) == DT_COLOUR_BYTES, "all of it");
	memcpy(option, nops, sizeof(nops)); // one store of 16 and one of 4
	store_raw16(tcp + TCP_CHECKSUM, (uint16_t)~checksum_fold(sum));
}

void decolour_usual(struct worker *worker, struct rte_mbuf *packet)
{
	struct packet_meta *meta = packet_meta(packet);
	uint8_t *tcp = packet_l4(packet), *option = usual_option(tcp, &meta->view);
	uint8_t flags = option[COLOUR_FLAGS];
	uint16_t prober_id = load_be16(option + COLOUR_PROBER_ID);
	uint32_t probe_sequence = load_be32(option + COLOUR_PROBE_SEQUENCE);
	enum dt_colour_result result =
		dt_colour_guard_enter(worker->node->guard, (enum dt_colour_mac_state)meta->mac,
			flags, prober_id, probe_sequence, &worker->colour_now);

	meta->stage = DT_TP_COLOUR;
	if (likely(result == DT_COLOUR_VERIFIED)) {
		// Of the three that are right only the two beside the time's epoch are odd.
		static_assert(DT_COLOUR_MAC_RIGHT_BEFORE % 2 == 1 && DT_COLOUR_MAC_RIGHT % 2 == 0 &&
				      DT_COLOUR_MAC_RIGHT_AFTER % 2 == 1,
			"told by the lowest bit");
		follow(worker, meta, flags, prober_id, probe_sequence, meta->mac & 1);
		stamp(worker, meta, DT_TP_RX);
		stamp(worker, meta, DT_TP_COLOUR);
	} else {
		count_unfollowed(worker, result);
	}
	if (worker->node->erase_colour)
		erase_usual(tcp, option);
}
