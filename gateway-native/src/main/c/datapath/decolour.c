// SPDX-License-Identifier: Apache-2.0
#include "decolour.h"

#include "stamp.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

#include <string.h>

// A colour on anything but a bare SYN (or, with the reset flag, a RST) was not made by a prober.
static bool flags_agree(const struct dt_colour_option *option, uint8_t tcp_flags)
{
	if (option->flags & DT_COLOUR_FLAG_RESET)
		return tcp_flags & TCP_RST;
	return (tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static enum dt_colour_result judge(struct worker *worker, const struct packet_meta *meta,
	const struct dt_colour_option *option, int *epoch_offset)
{
	const struct packet_view *view = &meta->view;
	uint32_t syn_sequence = view->tcp_sequence;

	if (!flags_agree(option, view->tcp_flags))
		return DT_COLOUR_FORGED;
	if (option->flags & DT_COLOUR_FLAG_RESET)
		syn_sequence--;
	return dt_colour_guard_check(worker->node->guard, option,
		view->is_v6 ? view->source.bytes : view->source.bytes + 12, view->is_v6 ? 16 : 4,
		view->source_port, syn_sequence, meta->rx_real_ns, epoch_offset);
}

static void take_key(
	struct worker *worker, struct packet_meta *meta, const struct dt_colour_option *option)
{
	struct worker_counters *c = &worker->counters;
	int epoch_offset = 0;

	switch (judge(worker, meta, option, &epoch_offset)) {
	case DT_COLOUR_VERIFIED:
		c->colour_verified++;
		c->colour_other_epoch += epoch_offset != 0;
		meta->key_state = DT_KEY_VERIFIED;
		meta->stamped = true;
		meta->prober_id = option->prober_id;
		meta->probe_sequence = option->probe_sequence;
		meta->detail = (option->flags & DT_COLOUR_FLAG_EVERY_STAGE) != 0;
		meta->reset = (option->flags & DT_COLOUR_FLAG_RESET) != 0;
		return;
	case DT_COLOUR_FORGED:
		c->colour_forged++;
		return;
	case DT_COLOUR_REPLAYED:
		c->colour_replayed++;
		return;
	case DT_COLOUR_CAPPED:
		c->colour_capped++;
		return;
	case DT_COLOUR_NONE:
		return;
	}
}

static void erase(uint8_t *tcp, uint8_t *options, size_t len)
{
	uint16_t before = checksum_fold(checksum_add(0, options, len)), after;

	dt_colour_erase(options, len);
	after = checksum_fold(checksum_add(0, options, len));
	store_raw16(tcp + TCP_CHECKSUM, checksum_apply(load_raw16(tcp + TCP_CHECKSUM),
						checksum_fold(checksum_delta16(before, after))));
}

enum decolour_outcome decolour(struct worker *worker, struct rte_mbuf *packet)
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
	if (worker->node->erase_colour && option.to_erase)
		erase(tcp, options, len);
	return DECOLOUR_NEXT;
}
