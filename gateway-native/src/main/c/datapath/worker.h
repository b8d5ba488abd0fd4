// SPDX-License-Identifier: Apache-2.0
//
// A worker: one core that receives, translates and sends, sharing nothing that is written on the
// packet path.
#ifndef DYETRACE_WORKER_H
#define DYETRACE_WORKER_H

#include "colour_guard.h"
#include "neighbour.h"
#include "node.h"
#include "packet.h"
#include "port_pool.h"
#include "rate_limit.h"
#include "session_sample.h"
#include "session_table.h"

#include "../telemetry/ring_layout.h"

#include <rte_mempool.h>
#include <rte_ring.h>

#include <stdatomic.h>

#define WORKER_BURST 32
#define WORKER_RING_PACKETS 2048  // of each hand-over ring
#define WORKER_AGE_STEPS 16u      // sessions looked at a poll, or twice the packets it found …
#define WORKER_AGE_MAX_STEPS 128u // … and never more
#define WORKER_SAMPLED_DROPS_PER_SECOND                                                            \
	1000 // sampled drop points: their flood must not push out a probe's points
#define WORKER_REPLY_STAMPS 16 // replies stamped a probe

// Written by the worker, read by the control thread: each is a word of its own, so no reader sees
// half of one.
struct worker_counters {
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t points_written;
	uint64_t points_lost;
	uint64_t colour_verified;
	uint64_t colour_forged;
	uint64_t colour_replayed;
	uint64_t colour_capped;
	uint64_t colour_other_epoch;
	uint64_t handed_over;
	uint64_t colour_recognised; // replies that a stateless tier knew by their ISN
	uint64_t icmp_errors_sent;
	uint64_t packets_made;     // here: requests, answers, copies for other workers …
	uint64_t packets_consumed; // … and used up here, neither sent nor dropped
	uint64_t toa_told;         // sessions whose server was told the client's address …
	uint64_t toa_late;         // … not on the SYN, which had no room
	uint64_t toa_untold;       // … and that ended without
};

struct drop_counter {
	uint64_t packets;
	uint64_t bytes;
};

struct vip_counter {
	uint64_t packets[DT_DIR_COUNT];
	uint64_t bytes[DT_DIR_COUNT];
	uint64_t new_sessions;
	uint64_t sessions; // now
};

// The limits of one VIP, as this worker counts them.
struct vip_buckets {
	struct rate_limit packets;
	struct rate_limit bits;
	struct rate_limit connections;
};

struct eip;

// What is known of a packet that took a short way (eip_fast.h, clb_fast.h), where nobody writes its
// meta.
struct short_note {
	union {
		const struct eip *eip; // its entry; NULL: the packet took the ordinary way
		uint64_t addresses;    // of a session's: as received and as they stood
	};
	uint64_t what; // SHORT_NOTE_*
};

// Bytes of the frame as received, the port it came by above them, which way it goes, and of a
// session's the slots.
#define SHORT_NOTE_PORT_SHIFT 16
#define SHORT_NOTE_INBOUND (1ull << 24)
#define SHORT_NOTE_SESSION (1ull << 25)
#define SHORT_NOTE_VIP_SHIFT 32
#define SHORT_NOTE_BACKEND_SHIFT 48

struct transmit_buffer {
	uint32_t count;
	uint32_t stamped; // bit i: packets[i] is followed
	struct rte_mbuf *packets[WORKER_BURST];
	struct short_note notes[WORKER_BURST];
	uint32_t ports[WORKER_BURST]; // beside a session's note: as received and as they stood
};

_Static_assert(WORKER_BURST <= 32, "a bit a packet");

#define WORKER_WAYS 64

// A destination or next hop that packets were sent to lately, the Ethernet header ready. One cache
// line.
struct recent_way {
	struct ip_address address;
	uint8_t header[18]; // with the VLAN tag, where there is one
	uint8_t header_len;
	uint8_t port;
	uint16_t mtu;
	bool known;
	uint32_t generation;         // of the neighbours then
	struct neighbour *neighbour; // whose use is noted
	uint64_t reserved;
};

#define SHORT_WAY_BYTES 112 // Ethernet with a tag and the longest tunnel's header, rounded up
#define SHORT_WAY_USUAL 64  // … of VXLAN over IPv4, without a tag

// Everything in front of an IPv4 packet into one of the node's tunnels, as eip_fast.h puts it
// there: at the end of bytes.
struct short_way {
	uint8_t bytes[SHORT_WAY_BYTES];
	const struct tunnel_head *head;
	struct neighbour *neighbour;
	struct transmit_buffer *buffer;
	uint32_t sum;          // of what is alike in an outer IPv4 header, as it stands
	uint32_t generation;   // of the neighbours then
	uint32_t copied;       // bytes from the end, SHORT_WAY_USUAL or …_BYTES; 0: not made
	uint32_t header_bytes; // of the tunnel …
	uint32_t all_bytes;    // … and with Ethernet
	uint8_t port;
	bool usual; // UDP over IPv4, SHORT_WAY_USUAL bytes
};

// What goes to another worker, kept until its ring takes it in one go.
struct handover_buffer {
	unsigned int count;
	struct rte_mbuf *packets[WORKER_BURST];
};

struct dt_ring_writer;

struct worker {
	unsigned int index;
	struct node *node;
	const struct vip_table *vips; // for this poll
	struct vip_recent vip_recent;
	struct node_time now;             // of this poll
	struct dt_colour_time colour_now; // the same, since the poll's first decolour_ahead()
	uint16_t least_mtu;               // of all ports
	uint32_t tick;
	struct session_table sessions;
	struct port_pool ports;
	struct neighbour_table *neighbours;
	struct recent_way ways[WORKER_WAYS];
	struct tunnel_head heads[NODE_MAX_TUNNELS][2]; // of the node's tunnels, when first used
	struct short_way short_ways[NODE_MAX_TUNNELS];
	uint64_t neighbours_stepped_ns;
	struct rte_mempool *pool;
	struct rte_ring *from[NODE_MAX_WORKERS]; // hand-over
	struct rte_ring *to[NODE_MAX_WORKERS];
	struct transmit_buffer transmit[NODE_MAX_PORTS];
	struct handover_buffer handover[NODE_MAX_WORKERS];
	uint64_t handover_due; // bit i: handover[i] holds packets
	uint64_t random;
	uint16_t ip_id; // of the IPv4 headers that are made here
	uint64_t sampled_second;
	uint32_t sampled_drops;
	unsigned int announced; // gratuitous ARPs sent

	// Where records go: into a ring of the telemetry file, or (NULL) to push(), false when it
	// was lost.
	struct dt_ring_writer *ring;
	bool (*push)(void *context, const struct dt_record *record);
	void *push_context;

	struct worker_counters counters;
	struct drop_counter (*drops)[DT_DROP_COUNT]; // [VIP slot, or VIP_MAX for none]
	struct vip_counter *vip_counters;            // [VIP slot]
	struct vip_buckets *buckets;                 // [VIP slot]
	uint32_t *round_robin;                       // [SERVICE_MAX]: cursors
	uint16_t *service_slots;                     // [SERVICE_MAX]: the VIP's name
	uint32_t *service_sessions;    // [SERVICE_MAX]; the control thread reads them too
	uint32_t *target_sessions;     // [TARGET_MAX]
	struct rate_limit icmp_errors; // that this gateway sends itself
	void *session_memory;
	size_t session_mapped_bytes; // 0: it is EAL's
	struct session_sample sample;

	_Atomic bool next_hop_reachable; // the default gateway answers ARP
	_Atomic uint64_t longest_gap_ns; // between polls, since the control thread last took it
	_Atomic uint64_t floor_ns;  // real time: every packet received before it has been handed on
	uint64_t complete_until_ns; // real time: every record before it has been pushed
	uint64_t last_poll_ns;
	uint64_t slept_ns;
	unsigned int empty_polls;
};

struct worker_config {
	unsigned int index;
	struct node *node;
	struct rte_mempool *pool;
	uint32_t session_capacity;
	uint32_t session_timeout_ticks[SESSION_CLASSES];
	uint16_t first_local_port;
	uint16_t last_local_port;
	uint64_t random_seed; // 0: every run alike
	bool assume_neighbours;
	int socket;
};

// -ENOMEM, or 0.
int worker_create(const struct worker_config *config, struct worker **out);
void worker_free(struct worker *worker);

// Takes the time and the tables for what comes next.
void worker_begin(struct worker *worker);

// Received packets; consumes them all.
void worker_process(
	struct worker *worker, struct rte_mbuf **packets, unsigned int count, unsigned int port);

// Does what other workers have handed over, up to a burst of each; returns the packets. *emptied:
// nothing that was handed over before this call is left.
unsigned int worker_take_over(struct worker *worker, bool *emptied);

// Sends what the stages have finished, hands over what is another worker's.
void worker_flush(struct worker *worker);

// Ageing and ARP, a small step. Ageing takes more of them the more packets the poll found, so that
// sessions end as fast as packets can make them.
void worker_housekeep(struct worker *worker, unsigned int found);

// One poll of everything the worker owns; returns the packets it found. The port's packets come in
// through rx.
unsigned int worker_poll(struct worker *worker);

#endif
