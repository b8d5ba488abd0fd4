// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include "eal.h"
#include "log.h"
#include "point_json.h"
#include "setup.h"
#include "tables.h"

#include "../datapath/drop.h"
#include "../datapath/receive.h"

#include "../packet/bytes.h"

#include <pcap/pcap.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_BYTES 262144
#define MTU 9000 // of a port whose configuration names none
#define FRAME_CHECK_BYTES 4
#define RECORDED_BESIDE_BYTES (ETHERNET_BYTES + VLAN_MAX_TAGS * VLAN_BYTES + FRAME_CHECK_BYTES)
#define EXIT_FAILED 1
#define EXIT_WRONG 2

struct replay {
	struct settings *settings;
	struct node node;
	struct rte_mempool *pool;
	struct tables tables;
	struct node_time now; // the capture's
	uint64_t sequence;    // of points
	FILE *points;
	pcap_t *in;
	struct pcap_pkthdr *header; // of the packet read last
	const u_char *bytes;
	pcap_t *format; // of the output
	pcap_dumper_t *out;
	char (*vip_names)[DT_NAME_LEN];
	char (*backend_names)[DT_NAME_LEN];
	uint64_t packets_in;
	uint64_t packets_out;
};

static struct node_time replay_clock(void *context)
{
	return ((struct replay *)context)->now;
}

static uint16_t replay_send(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	struct replay *r = worker->node->clock_context;

	(void)port;
	for (uint16_t i = 0; i < count; i++) {
		// A nanosecond capture keeps nanoseconds where struct timeval says microseconds.
		const struct pcap_pkthdr header = {
			.ts =
				{
					.tv_sec = (time_t)(r->now.real_ns / 1000000000ull),
					.tv_usec = (suseconds_t)(r->now.real_ns % 1000000000ull),
				},
			.caplen = packets[i]->pkt_len,
			.len = packets[i]->pkt_len,
		};

		pcap_dump((u_char *)r->out, &header, rte_pktmbuf_mtod(packets[i], const u_char *));
		r->packets_out++;
		rte_pktmbuf_free(packets[i]);
	}
	return count;
}

static bool write_point(void *context, const struct dt_record *record)
{
	struct replay *r = context;
	struct dt_record numbered = *record;
	uint32_t vip = record->point.vip_slot, backend = record->point.backend_slot;

	numbered.sequence = ++r->sequence;
	point_json_write(r->points, r->settings->node, &numbered,
		vip < DT_MAX_NAMES ? r->vip_names[vip] : "",
		backend < DT_MAX_NAMES ? r->backend_names[backend] : "");
	return true;
}

static int slot_of(char (*names)[DT_NAME_LEN], const char *name)
{
	for (int i = 0; i < DT_MAX_NAMES; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
		if (names[i][0] == '\0') {
			snprintf(names[i], DT_NAME_LEN, "%s", name);
			return i;
		}
	}
	return -ENOSPC;
}

static int vip_slot(void *context, const char *name)
{
	return slot_of(((struct replay *)context)->vip_names, name);
}

static int backend_slot(void *context, const char *name)
{
	return slot_of(((struct replay *)context)->backend_names, name);
}

static bool start_eal(const char *program, const struct options *options, const struct settings *s)
{
	char memory[32];
	char *arguments[64] = {"--no-huge", "--log-level=warning", "--lcores=0@0", "-m", memory};
	struct options with_ours = *options;
	int count = 5;

	snprintf(memory, sizeof(memory), "%zu",
		(session_table_bytes(setup_session_capacity(s)) >> 20) * s->workers + 64 +
			24 * settings_threads(s));
	for (int i = 0; i < options->eal_count && count < 63; i++)
		arguments[count++] = options->eal[i];
	with_ours.eal = arguments;
	with_ours.eal_count = count;
	return eal_start(program, &with_ours, s->node);
}

static bool is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Before anything is written.
static bool outputs_are_free(const struct options *options)
{
	const char *const inputs[][2] = {
		{"--replay", options->replay}, {"--config", options->config}};

	for (int i = 0; i < 2; i++) {
		if (is_same_file(inputs[i][1], options->out) ||
			is_same_file(inputs[i][1], options->points)) {
			log_error("%s: %s would be written over", inputs[i][0], inputs[i][1]);
			return false;
		}
	}
	return true;
}

static int open_input(struct replay *r, const struct options *options)
{
	char error[PCAP_ERRBUF_SIZE];

	if (!outputs_are_free(options))
		return EXIT_WRONG;
	r->in = pcap_open_offline_with_tstamp_precision(
		options->replay, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!r->in) {
		log_error("--replay: %s", error);
		return EXIT_WRONG;
	}
	if (pcap_datalink(r->in) != DLT_EN10MB) {
		log_error("--replay: %s: link type %s is not Ethernet", options->replay,
			pcap_datalink_val_to_name(pcap_datalink(r->in)));
		return EXIT_WRONG;
	}
	return 0;
}

// Once nothing is left that may be refused: what stood there is gone.
static int open_outputs(struct replay *r, const struct options *options)
{
	r->format = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, SNAPSHOT_BYTES, PCAP_TSTAMP_PRECISION_NANO);
	r->out = r->format ? pcap_dump_open(r->format, options->out) : NULL;
	if (!r->out) {
		log_error("--out: %s", r->format ? pcap_geterr(r->format) : "out of memory");
		return EXIT_FAILED;
	}
	if (is_same_file(options->out, options->points)) {
		log_error("--points: %s is --out too", options->points);
		return EXIT_WRONG;
	}
	r->points = fopen(options->points, "we");
	if (!r->points) {
		log_error("--points: %s: %s", options->points, strerror(errno));
		return EXIT_FAILED;
	}
	return 0;
}

static void set_port(struct node *node, unsigned int index, uint16_t mtu)
{
	struct node_port *p = &node->ports[index];

	p->mtu = mtu ? mtu : MTU;
	p->rx_queues = 1;
	p->tx_queues = (uint16_t)node->worker_count;
	p->accept_any_mac = true;
	p->mac[0] = 0x02;
	p->mac[1] = 0x01;
	if (ip_is_set(&p->v4.address))
		memcpy(p->mac + 2, p->v4.address.bytes + 12, 4);
	else
		memcpy(p->mac + 2, p->v6.address.bytes + 12, 4);
}

// Of what comes in: 9,000 bytes whatever the configuration says, as over another port.
static uint16_t greatest_mtu(const struct settings *s)
{
	uint16_t mtu = MTU;

	for (unsigned int i = 0; i < s->port_count; i++)
		mtu = RTE_MAX(mtu, s->ports[i].mtu);
	return mtu;
}

static int build(struct replay *r)
{
	const struct slot_names names = {vip_slot, backend_slot, r};
	char error[SETTINGS_ERROR_BYTES];

	r->vip_names = calloc(DT_MAX_NAMES, DT_NAME_LEN);
	r->backend_names = calloc(DT_MAX_NAMES, DT_NAME_LEN);
	if (!r->vip_names || !r->backend_names) {
		log_error("names: out of memory");
		return EXIT_FAILED;
	}
	if (setup_node(&r->node, r->settings, 0, error) != 0) {
		log_error("%s", error);
		return EXIT_WRONG;
	}
	// Every drop has its point here, whatever share of them the live gateway writes.
	r->node.sample_threshold = 1ull << 32;
	r->node.sample_weight = 1;
	r->node.sample_limit = UINT32_MAX;
	r->node.clock = replay_clock;
	r->node.clock_context = r;
	r->node.send = replay_send;
	for (unsigned int i = 0; i < r->node.port_count; i++)
		set_port(&r->node, i, r->settings->ports[i].mtu);
	atomic_store(&r->node.state, NODE_READY);
	r->pool = setup_replay_pool(settings_threads(r->settings),
		(uint16_t)(greatest_mtu(r->settings) + RECORDED_BESIDE_BYTES), error);
	if (!r->pool)
		goto complain;
	if (!tables_create(&r->tables, &r->node, r->settings, &names, 0, error)) {
		log_error("%s", error);
		return EXIT_WRONG;
	}
	if (setup_workers(&r->node, r->settings, r->pool, 0, true, error) != 0)
		goto complain;
	for (unsigned int i = 0; i < r->node.worker_count; i++) {
		r->node.workers[i]->push = write_point;
		r->node.workers[i]->push_context = r;
	}
	return 0;

complain:
	log_error("%s", error);
	return EXIT_FAILED;
}

// A capture's times may step back (several cards, a clock that was set): intervals then stand
// still.
static void read_clock(struct replay *r, const struct pcap_pkthdr *header)
{
	// A capture's seconds are 32 bits without a sign; libpcap reads them with one.
	uint64_t ns = (uint32_t)header->ts.tv_sec * 1000000000ull;

	if (header->ts.tv_usec > 0 && header->ts.tv_usec < 1000000000)
		ns += (uint64_t)header->ts.tv_usec;
	r->now = (struct node_time){.mono_ns = RTE_MAX(r->now.mono_ns, ns), .real_ns = ns};
}

// The time first, so that what has run out by then is gone when the packet comes.
static void set_time(struct replay *r, const struct pcap_pkthdr *header)
{
	read_clock(r, header);
	tables_expire(&r->tables, r->now.mono_ns);
	tables_step(&r->tables, r->now.mono_ns);
	for (unsigned int i = 0; i < r->node.worker_count; i++) {
		struct worker *w = r->node.workers[i];

		worker_begin(w);
		while (session_table_age(&w->sessions, w->tick, WORKER_AGE_STEPS) > 0)
			;
	}
}

// Packets come to the threads that poll ports in turn, as a card without RSS would spread them.
static struct worker *receiver(struct replay *r)
{
	unsigned int pollers =
		r->node.dispatcher_count ? r->node.dispatcher_count : r->node.worker_count;

	return r->node.workers[r->packets_in % pollers];
}

// Until nobody has anything left to do.
static void settle(struct replay *r)
{
	unsigned int found;
	bool emptied;

	do {
		found = 0;
		for (unsigned int i = 0; i < r->node.worker_count; i++)
			worker_flush(r->node.workers[i]);
		for (unsigned int i = 0; i < r->node.worker_count; i++)
			found += worker_take_over(r->node.workers[i], &emptied);
	} while (found > 0);
}

// Of Ethernet with what tags there are, whatever the ports' VLANs.
static uint32_t header_bytes(const u_char *frame, uint32_t len)
{
	uint32_t at = ETHERNET_BYTES;

	while (at < ETHERNET_BYTES + VLAN_MAX_TAGS * VLAN_BYTES && len >= at) {
		uint16_t type = load_be16(frame + at - 2);

		if (type != ETHERTYPE_VLAN_ID && type != ETHERTYPE_QINQ_ID)
			break;
		at += VLAN_BYTES;
	}
	return at;
}

static uint32_t ip_bytes(const u_char *ip)
{
	return ip[0] >> 4 == 6 ? (uint32_t)IPV6_BYTES + load_be16(ip + IPV6_PAYLOAD_LENGTH)
			       : load_be16(ip + IPV4_TOTAL_LENGTH);
}

// What a port would not have taken. Some cards leave the check sequence on.
static bool is_oversized(const struct settings *s, const u_char *frame, uint32_t len)
{
	uint32_t at = header_bytes(frame, len), mtu = greatest_mtu(s);

	if (len <= at + mtu)
		return false;
	return len > at + mtu + FRAME_CHECK_BYTES || ip_bytes(frame + at) > mtu;
}

static bool copy_in(
	struct rte_mbuf *packet, const struct settings *s, const u_char *bytes, uint32_t len)
{
	if (is_oversized(s, bytes, len) || len > rte_pktmbuf_tailroom(packet))
		return false;
	memcpy(rte_pktmbuf_append(packet, (uint16_t)len), bytes, len);
	return true;
}

static void feed(struct replay *r, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(r->pool);
	struct worker *w = receiver(r);

	set_time(r, header);
	r->packets_in++;
	if (!packet) {
		drop_uncreated(w, header->caplen, DT_DROP_MBUF_EXHAUSTED);
		return;
	}
	if (!copy_in(packet, r->settings, bytes, header->caplen)) {
		w->counters.rx_packets++;
		receive_oversized(w, packet, 0, bytes, header->caplen);
		drop(w, packet, DT_DROP_MTU_EXCEEDED);
		return;
	}
	worker_process(w, &packet, 1, 0);
	settle(r);
}

// The first packet's time is there before the configuration, whose intervals begin with it: an
// entry of the blacklist that expires, a backend that starts slowly.
static int read_first(struct replay *r)
{
	int status = pcap_next_ex(r->in, &r->header, &r->bytes);

	if (status == 1)
		read_clock(r, r->header);
	return status;
}

static int run(struct replay *r, const char *path, int status)
{
	for (; status == 1; status = pcap_next_ex(r->in, &r->header, &r->bytes))
		feed(r, r->header, r->bytes);
	if (status != PCAP_ERROR_BREAK) {
		log_error("--replay: %s: packet %llu: %s", path,
			(unsigned long long)r->packets_in + 1, pcap_geterr(r->in));
		return EXIT_FAILED;
	}
	log_info("%llu packets in, %llu out, %llu points", (unsigned long long)r->packets_in,
		(unsigned long long)r->packets_out, (unsigned long long)r->sequence);
	return 0;
}

static int close_files(struct replay *r)
{
	int status = 0;

	if (r->out && pcap_dump_flush(r->out) != 0) {
		log_error("--out: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (r->out)
		pcap_dump_close(r->out);
	if (r->points && fclose(r->points) != 0) {
		log_error("--points: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (r->format)
		pcap_close(r->format);
	if (r->in)
		pcap_close(r->in);
	return status;
}

int replay_run(const char *program, const struct options *options, struct settings *settings)
{
	static struct replay r;
	int status, closed, first = PCAP_ERROR_BREAK;

	r.settings = settings;
	if (options->workers) {
		settings->workers = options->workers;
		settings->dispatchers = 0;
	}
	if (settings->last_local_port - settings->first_local_port + 1u < settings->workers) {
		log_error("--workers: %u need a local port each", settings->workers);
		return EXIT_WRONG;
	}
	status = open_input(&r, options);
	if (status == 0) {
		first = read_first(&r);
		status = start_eal(program, options, settings) ? build(&r) : EXIT_FAILED;
	}
	if (status == 0)
		status = open_outputs(&r, options);
	if (status == 0)
		status = run(&r, options->replay, first);
	setup_workers_free(&r.node);
	tables_free(&r.tables);
	if (r.settings)
		setup_node_free(&r.node);
	free(r.vip_names);
	free(r.backend_names);
	closed = close_files(&r);
	return status ? status : closed;
}
