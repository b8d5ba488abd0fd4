// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "two_ways.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 1000000u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t seed;

uint32_t two_ways_below(uint32_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

const char *two_ways_one_of(const char *const *texts, size_t count)
{
	return texts[two_ways_below((uint32_t)count)];
}

struct frame two_ways_tcp(struct frame_flow flow)
{
	static const uint8_t flags[] = {0x10, 0x18, 0x11, 0x02, 0x12, 0x04, 0x14, 0x01, 0xc0, 0x00};
	static const uint8_t options[][12] = {
		{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2},
		{2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7},
		{253, 12, 0xd7, 0xe5, 1, 2, 3, 4, 5, 6, 7, 8},
		{8, 40, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		{0, 1, 2, 3},
	};
	uint32_t option = two_ways_below(2 * COUNT(options));
	bool has = option < COUNT(options);

	return frame_tcp(flow, flags[two_ways_below(two_ways_below(2) ? 2 : COUNT(flags))],
		two_ways_below(1000), has ? options[option] : NULL, has ? sizeof(options[0]) : 0,
		two_ways_below(30) ? two_ways_below(100) : 1380 + two_ways_below(120));
}

static void add_ip_options(struct frame *f)
{
	if (f->len < 34 || f->len + 4 > sizeof(f->bytes) || f->bytes[14] != 0x45)
		return;
	memmove(f->bytes + 38, f->bytes + 34, f->len - 34);
	memcpy(f->bytes + 34, (uint8_t[]){1, 1, 1, 0}, 4);
	f->bytes[14] = 0x46;
	f->len += 4;
	frame_finish(f);
}

// Offsets of IPv4 headers in front: outer, and behind VXLAN.
static void change_ip(struct frame *f)
{
	uint8_t *ip = f->bytes + (f->len > 84 && two_ways_below(2) ? 64 : 14);
	uint16_t before;

	if (f->len < 34 || ip[0] != 0x45)
		return;
	switch (two_ways_below(6)) {
	case 0:
		ip[IPV4_TTL] = (uint8_t)two_ways_below(3);
		break;
	case 1:
		ip[IPV4_TOS] = (uint8_t)two_ways_below(256);
		break;
	case 2:
		before = load_be16(ip + IPV4_TOTAL_LENGTH);
		store_be16(ip + IPV4_TOTAL_LENGTH,
			(uint16_t)(two_ways_below(2) ? before + two_ways_below(9) - 4
						     : two_ways_below(80)));
		break;
	case 3:
		store_be16(ip + IPV4_FRAGMENT,
			(uint16_t)(two_ways_below(2) ? 0x2000 : two_ways_below(65536)));
		break;
	case 4:
		ip[IPV4_SOURCE + two_ways_below(8)] = (uint8_t)two_ways_below(256);
		break;
	default:
		ip[IPV4_PROTOCOL] = (uint8_t)(two_ways_below(2) ? 6 : 17);
		break;
	}
	store_raw16(ip + IPV4_CHECKSUM, 0);
	store_raw16(ip + IPV4_CHECKSUM, checksum(ip, IPV4_MIN_BYTES));
}

void two_ways_mutate(struct frame *f)
{
	switch (two_ways_below(8)) {
	case 0:
		f->bytes[two_ways_below((uint32_t)RTE_MIN(f->len, 110u))] ^=
			(uint8_t)(1u << two_ways_below(8));
		break;
	case 1:
		f->bytes[two_ways_below((uint32_t)RTE_MIN(f->len, 110u))] =
			(uint8_t)two_ways_below(256);
		break;
	case 2:
		f->len = 14 + two_ways_below((uint32_t)f->len - 13);
		break;
	case 3:
		if (f->len + 20 < sizeof(f->bytes))
			f->len += two_ways_below(20); // padding
		break;
	case 4:
		frame_tag(f, 0x8100, (uint16_t)(two_ways_below(2) ? 7 : two_ways_below(4096)));
		break;
	case 5:
		add_ip_options(f);
		break;
	default:
		change_ip(f);
		break;
	}
}

static void (*note_one)(const struct short_note *note);
static uint16_t (*send_on)(struct worker *, unsigned int, struct rte_mbuf **, uint16_t);

static uint16_t send_noted(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		if (worker->transmit[port].notes[i].eip)
			note_one(&worker->transmit[port].notes[i]);
	}
	return send_on(worker, port, packets, count);
}

void two_ways_open(
	struct two_ways *ways, const char *yaml, void (*note_short)(const struct short_note *note))
{
	seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 0x9e3779b97f4a7c15ull;
	ways->ordinary = pipeline_open(yaml, true);
	ways->both = pipeline_open(yaml, true);
	assert_true(ways->both->node.short_way);
	ways->ordinary->node.short_way = false;
	note_one = note_short;
	send_on = ways->both->node.send;
	ways->both->node.send = send_noted;
}

void two_ways_close(struct two_ways *ways)
{
	assert_int_equal(pipeline_close(ways->ordinary), 0);
	assert_int_equal(pipeline_close(ways->both), 0);
}

static int compare_frames(const void *a, const void *b)
{
	const struct frame *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

static int compare_records(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct dt_record));
}

static void show(const char *what, const struct frame *f)
{
	fprintf(stderr, "%s:", what);
	for (size_t i = 0; i < RTE_MIN(f->len, 120u); i++)
		fprintf(stderr, " %02x", f->bytes[i]);
	fprintf(stderr, " (%zu)\n", f->len);
}

static void assert_same_frames(const struct pipeline *a, const struct pipeline *b,
	const struct frame *given, unsigned int count)
{
	bool same = a->sent_count == b->sent_count;

	for (unsigned int i = 0; same && i < a->sent_count; i++)
		same = compare_frames(&a->sent[i], &b->sent[i]) == 0;
	if (same)
		return;
	for (unsigned int i = 0; i < count; i++)
		show("given", &given[i]);
	for (unsigned int i = 0; i < a->sent_count; i++)
		show("ordinary", &a->sent[i]);
	for (unsigned int i = 0; i < b->sent_count; i++)
		show("short", &b->sent[i]);
	fail_msg("%u frames sent, %u by the ordinary way", b->sent_count, a->sent_count);
}

// Between packets that go different ways the order of a burst may differ.
static void sort(struct pipeline *p)
{
	qsort(p->sent, p->sent_count, sizeof(p->sent[0]), compare_frames);
	qsort(p->records, p->record_count, sizeof(p->records[0]), compare_records);
}

void two_ways_compare_in_order(struct two_ways *ways, const struct frame *given, unsigned int count)
{
	struct pipeline *a = ways->ordinary, *b = ways->both;

	assert_same_frames(a, b, given, count);
	if (a->record_count != b->record_count ||
		memcmp(a->records, b->records, a->record_count * sizeof(a->records[0])) != 0) {
		for (unsigned int i = 0; i < count; i++)
			show("given", &given[i]);
		fail_msg("%u records, %u by the ordinary way", b->record_count, a->record_count);
	}
	a->sent_count = b->sent_count = a->record_count = b->record_count = 0;
}

void two_ways_compare(struct two_ways *ways, const struct frame *given, unsigned int count)
{
	if (count > 1) {
		sort(ways->ordinary);
		sort(ways->both);
	}
	two_ways_compare_in_order(ways, given, count);
}

void two_ways_compare_state(const struct two_ways *ways)
{
	const struct worker *a = ways->ordinary->node.workers[0], *b = ways->both->node.workers[0];

	assert_memory_equal(&a->counters, &b->counters, sizeof(a->counters));
	assert_memory_equal(a->drops, b->drops, (VIP_MAX + 1) * sizeof(a->drops[0]));
	assert_memory_equal(a->vip_counters, b->vip_counters, VIP_MAX * sizeof(a->vip_counters[0]));
	assert_memory_equal(a->buckets, b->buckets, VIP_MAX * sizeof(a->buckets[0]));
	assert_int_equal(a->sessions.count, b->sessions.count);
	assert_memory_equal(
		a->session_memory, b->session_memory, session_table_bytes(a->sessions.capacity));
	assert_int_equal(a->neighbours->generation, b->neighbours->generation);
	for (unsigned int i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		for (unsigned int j = 0; j < NEIGHBOUR_WAYS; j++)
			assert_int_equal(a->neighbours->entries[i][j].used_ns,
				b->neighbours->entries[i][j].used_ns);
	}
}

unsigned int two_ways_frames(void)
{
	return getenv("FRAMES") ? (unsigned int)strtoul(getenv("FRAMES"), NULL, 0) : FRAMES;
}

static void step(struct pipeline *p, const struct frame *burst, unsigned int count, uint16_t limit)
{
	p->now.mono_ns += 1000;
	p->now.real_ns += 1000;
	p->send_limit = limit;
	pipeline_receive_only(p, 0, burst, count);
}

void two_ways_step(
	struct two_ways *ways, const struct frame *burst, unsigned int count, uint16_t limit)
{
	step(ways->ordinary, burst, count, limit);
	step(ways->both, burst, count, limit);
}
