// SPDX-License-Identifier: Apache-2.0
//
// The telemetry file: what the gateway writes and the agent reads.
//
// One file per gateway process, <dir>/<node>-<boot id, 20 digits>.rings, memory-mapped by both
// sides. The gateway makes it under a temporary name, fills in the header, takes an exclusive
// flock() on it and renames it; it holds the lock for as long as it lives. The agent drains every
// file of its node, oldest first, and unlinks a file whose lock is free and whose rings are empty.
// So a restart of either side loses nothing.
//
// One single-producer single-consumer ring per worker, and one more (the last) for the control
// thread, which writes the counters each second. The producer never waits: a full ring costs the
// record and one count in `lost`. `tail` is the consumer's; it is moved only once Kafka has
// acknowledged the records, so an agent that restarts goes on where it was.
//
// Byte order is the host's: the file never leaves it.
//
// A record of a type the reader does not know is counted and left out, so a new type of record is
// no new version; anything else that changes is.
#ifndef DYETRACE_RING_LAYOUT_H
#define DYETRACE_RING_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define DT_RING_MAGIC 0x31474e4952545944ull // "DYTRING1", little-endian
#define DT_RING_LAYOUT_VERSION 1
#define DT_NAME_LEN 64          // bytes, with the terminating NUL
#define DT_MAX_NAMES 4096       // of VIPs and of backends, each
#define DT_MAX_RINGS 65         // 64 workers and the control thread
#define DT_SLOT_NONE UINT32_MAX // no VIP, or no backend

enum dt_record_type {
	DT_RECORD_POINT = 1,
	DT_RECORD_NODE_COUNTERS = 2,
	DT_RECORD_VIP_COUNTERS = 3,
	DT_RECORD_DROP_COUNTERS = 4,
	DT_RECORD_WORKER_COUNTERS = 5,
	DT_RECORD_NODE_ACTIONS = 6,
};

// probe.proto's ProbeKeyState.
enum dt_key_state {
	DT_KEY_UNKNOWN = 0,
	DT_KEY_VERIFIED = 1,
	DT_KEY_SAMPLED = 2,
};

#define DT_RECORD_FLAG_RESET 0x01 // a prober's RST
#define DT_RECORD_FLAG_IPV6 0x02  // else IPv4: the first 4 bytes of each address

// A trace point or a drop point.
struct dt_point {
	uint8_t tier;      // registry: tiers
	uint8_t point;     // registry: trace_points
	uint8_t direction; // registry: directions
	uint8_t key_state; // enum dt_key_state
	uint16_t reason;   // registry: drop_reasons; 0 for a trace point
	uint8_t flags;     // DT_RECORD_FLAG_*
	uint8_t protocol;  // IANA
	uint32_t vip_slot; // index into the names of the header, or DT_SLOT_NONE
	uint32_t backend_slot;
	uint32_t probe_sequence;
	uint16_t prober_id;
	uint16_t packet_bytes;
	uint64_t dwell_ns;       // since RX
	uint8_t source[16];      // as received, network order
	uint8_t destination[16]; // as received
	uint16_t source_port;    // as received, host order
	uint16_t destination_port;
	uint8_t tcp_flags;
	uint8_t reserved0[3];
	uint32_t sample_weight; // DT_KEY_SAMPLED: this record stands for so many packets
	uint8_t reserved1[20];
};

// Cumulative since the process started, except where a comment says otherwise.
struct dt_node_counters {
	uint32_t state; // counters.proto's NodeState
	uint32_t config_version;
	uint64_t sessions; // now
	uint64_t session_capacity;
	uint32_t mempool_used; // now
	uint32_t mempool_size;
	uint64_t points_lost;
	uint64_t rx_missed;
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t colour_verified;
	uint64_t colour_forged;
	uint64_t colour_replayed;
	uint64_t colour_capped;
	uint64_t colour_other_epoch;
};

// What the node did beside passing packets on. Stands right before the node's counters of the same
// time, which have no room for it.
struct dt_node_actions {
	uint64_t colour_recognised; // replies that a stateless tier knew by their ISN
	uint64_t handed_over;       // packets, from the worker that received them to another
	uint64_t icmp_errors_sent;
	uint64_t packets_made;     // here: requests, answers, copies for other workers …
	uint64_t packets_consumed; // … and used up here, neither sent nor dropped
	uint64_t toa_told;         // sessions whose server was told the client's address …
	uint64_t toa_late;         // … not on the SYN, which had no room
	uint64_t toa_untold;       // … and that ended without
};

struct dt_vip_counters {
	uint32_t vip_slot;
	uint32_t direction;
	uint64_t packets;
	uint64_t bytes;
	uint64_t new_sessions;
	uint64_t sessions; // now
};

struct dt_drop_counters {
	uint32_t vip_slot; // DT_SLOT_NONE: the packet met no VIP
	uint32_t reason;
	uint64_t packets;
	uint64_t bytes;
};

struct dt_worker_counters {
	uint32_t worker;
	uint32_t ring_used; // now
	uint32_t ring_capacity;
	uint32_t reserved;
	uint64_t longest_poll_gap_ns; // since the last record, deliberate sleep excluded
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t points_written;
	uint64_t points_lost;
};

// Two cache lines.
struct dt_record {
	uint64_t time_ns;  // CLOCK_REALTIME
	uint64_t sequence; // 1, 2, 3 … per ring; a lost record takes no number
	uint16_t ring;     // the worker, or the control thread's ring
	uint8_t type;      // enum dt_record_type
	uint8_t reserved[5];
	union {
		struct dt_point point;
		struct dt_node_counters node;
		struct dt_node_actions actions;
		struct dt_vip_counters vip;
		struct dt_drop_counters drop;
		struct dt_worker_counters worker;
		uint8_t bytes[104];
	};
};

_Static_assert(sizeof(struct dt_record) == 128, "a record is two cache lines");

// One ring. Each side's words stand in a cache line of their own. head and tail count records since
// the start and never wrap in practice (64 bits); the slot of record n is n & (capacity - 1).
struct dt_ring {
	_Alignas(64) _Atomic uint64_t head;   // written by the producer with release order
	_Atomic uint64_t lost;                // records that found the ring full
	_Atomic uint64_t producer_time_ns;    // CLOCK_REALTIME, before which every record has been
					      // written; advances when idle too
	_Alignas(64) _Atomic uint64_t tail;   // written by the consumer with release order
	_Alignas(64) uint64_t records_offset; // bytes from the start of the file
	uint64_t capacity;                    // records, a power of two
	uint8_t reserved[48];
};

_Static_assert(sizeof(struct dt_ring) == 192, "three cache lines");

struct dt_ring_file {
	uint64_t magic;
	uint32_t layout_version;
	uint32_t header_bytes; // sizeof(struct dt_ring_file)
	uint32_t record_bytes; // sizeof(struct dt_record)
	uint32_t ring_count;   // workers + 1
	uint64_t file_bytes;
	uint64_t boot_id; // CLOCK_REALTIME at start, ns
	uint32_t pid;
	uint32_t reserved;
	char node[DT_NAME_LEN];
	struct dt_ring rings[DT_MAX_RINGS];
	// A slot's name is written before the first record that names it and is not used again for
	// another name during the process's life. NUL-terminated; empty when unused.
	char vip_names[DT_MAX_NAMES][DT_NAME_LEN];
	char backend_names[DT_MAX_NAMES][DT_NAME_LEN];
};

#endif
