// SPDX-License-Identifier: Apache-2.0
//
// Any burst of frames through two nodes that differ in nothing but the short way (eip_fast.h,
// clb_fast.h): what they send, count and write down is the same.
//
//   0 tier: odd eip | 1 a frame: 0 bit 0: the IPv4 checksums of it and of what it carries are made
//   right | 1 its bytes | 3 the frame, from Ethernet's source on … and so on, WORKER_BURST at most
#include "fuzz.h"

#include "../c/two_ways.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

#include <sanitizer/lsan_interface.h>

enum { INNER_AT = 64, MAC_BYTES = 6, STATE_RUNS = 512 };

#define PORT                                                                                       \
	"ports:\n  - {name: p, address: 198.18.61.2/24, gateway: 198.18.61.1,"                     \
	" address6: \"2001:db8:61::2/64\", gateway6: \"2001:db8:61::1\"}\n"                        \
	"sessions: {capacity: 1024}\n"                                                             \
	"control_socket: /nonexistent/x.sock\n"                                                    \
	"telemetry: {directory: /nonexistent, drop_sample_share: 1}\n"                             \
	"colour:\n  keys: [{id: 0, hex: 000102030405060708090a0b0c0d0e0f}]\n"                      \
	"  probers: [{id: 1, prefix: 198.18.11.0/24}]\n"
#define CLB                                                                                        \
	"version: 1\nnode: clb-1\ntier: clb\nlocal_addresses: [198.18.61.16]\n" PORT               \
	"vips:\n  - name: v\n    address: 203.0.113.1\n    port: 80\n    protocol: tcp\n"          \
	"    backends: [{name: b, address: 198.18.61.31, port: 80}]\n"
#define EIP                                                                                        \
	"version: 1\nnode: eip-1\ntier: eip\n" PORT "tunnels:\n"                                   \
	"  - {name: vxlan, kind: vxlan, local: 198.18.61.2, remote: 198.18.70.1, id: 100}\n"       \
	"  - {name: gue, kind: gue, local: 198.18.61.2, remote: 198.18.70.4}\n"                    \
	"eips:\n"                                                                                  \
	"  - {name: plain, public: 203.0.113.1, private: 10.1.0.1}\n"                              \
	"  - {name: vxlan, public: 203.0.113.2, private: 10.1.0.2, tunnel: vxlan}\n"               \
	"  - {public: 203.0.113.5, private: 10.1.0.5, tunnel: gue}\n"

static struct two_ways tiers[2];
static uint64_t went_short; // tells a debugger whether anything is compared

static void note(const struct short_note *note)
{
	went_short += note->what != 0;
}

static void repair(struct frame *f, size_t at)
{
	if (f->len < at + IPV4_MIN_BYTES || f->bytes[at] != 0x45)
		return;
	store_raw16(f->bytes + at + IPV4_CHECKSUM, 0);
	store_raw16(f->bytes + at + IPV4_CHECKSUM, checksum(f->bytes + at, IPV4_MIN_BYTES));
}

static void take_frame(struct input *in, const uint8_t *mac, struct frame *f)
{
	uint8_t flags = take8(in);
	size_t len = take8(in);

	memset(f, 0, sizeof(*f));
	f->len = MAC_BYTES + RTE_MIN(len, in->left);
	memcpy(f->bytes, mac, MAC_BYTES);
	take_bytes(in, f->bytes + MAC_BYTES, f->len - MAC_BYTES);
	if (flags & 1) {
		repair(f, INNER_AT);
		repair(f, ETHERNET_BYTES);
	}
}

static void start(void)
{
	setenv("CMOCKA_TEST_ABORT", "1", 1); // a difference is a crash
	CHECK(pipeline_start());
	__lsan_disable(); // the nodes stay; EAL's memory, which names what is theirs, is not
			  // searched
	two_ways_open(&tiers[0], CLB, note);
	two_ways_open(&tiers[1], EIP, note);
	__lsan_enable();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame burst[WORKER_BURST];
	static unsigned int runs;
	struct input in = {data, size};
	struct two_ways *ways = &tiers[take8(&in) & 1];
	unsigned int count = 0;

	if (!ways->both)
		start();
	while (in.left > 0 && count < WORKER_BURST)
		take_frame(&in, ways->both->node.ports[0].mac, &burst[count++]);
	two_ways_step(ways, burst, count, UINT16_MAX);
	two_ways_compare(ways, burst, count);
	CHECK(memcmp(&ways->ordinary->node.workers[0]->counters,
		      &ways->both->node.workers[0]->counters, sizeof(struct worker_counters)) == 0);
	if (++runs % STATE_RUNS == 0)
		two_ways_compare_state(ways);
	return 0;
}
