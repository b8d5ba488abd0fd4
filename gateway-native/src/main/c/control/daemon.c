// SPDX-License-Identifier: Apache-2.0
#include "daemon.h"

#include "commands.h"
#include "eal.h"
#include "heartbeat.h"
#include "log.h"
#include "port.h"
#include "server.h"
#include "setup.h"
#include "tables.h"

#include "../telemetry/ring.h"

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define CONTROL_PERIOD_MS 20 // how often the control ring's time advances
#define EMPTY_POLLS 4        // in a row, before an idle worker sleeps
#define STARTING_NS                                                                                \
	(5 * SECOND_NS) // after which a node whose next hop does not answer is READY all the same
#define EXIT_FAILED 1
#define EXIT_WRONG 2

struct daemon {
	struct settings *settings;
	struct node node;
	struct rte_mempool *pool;
	struct dt_ring_producer *producer;
	struct tables tables;
	struct heartbeat heartbeat;
	struct commands commands;
	struct server *server;
	int signals;
	uint64_t boot_id;
	bool workers_made;
	unsigned int ports_opened;
};

static struct node_time read_clock(void *context)
{
	struct timespec mono, real;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct node_time){
		.mono_ns = (uint64_t)mono.tv_sec * SECOND_NS + (uint64_t)mono.tv_nsec,
		.real_ns = (uint64_t)real.tv_sec * SECOND_NS + (uint64_t)real.tv_nsec,
	};
}

static int vip_slot(void *context, const char *name)
{
	return dt_ring_producer_vip_slot(context, name);
}

static int backend_slot(void *context, const char *name)
{
	return dt_ring_producer_backend_slot(context, name);
}

// The n-th worker's lcore: the worker lcores in turn, the main lcore last.
static unsigned int lcore_of(unsigned int index)
{
	unsigned int lcore, seen = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (seen++ == index)
			return lcore;
	}
	return rte_get_main_lcore();
}

static void make_realtime(const struct daemon *d, unsigned int index)
{
	const struct sched_param parameter = {.sched_priority = d->settings->realtime_priority};
	int status = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);

	if (status != 0)
		log_warn("realtime: worker %u gets no SCHED_FIFO priority %d: %s", index,
			d->settings->realtime_priority, strerror(status));
}

static void idle(struct worker *w, uint64_t sleep_ns)
{
	const struct timespec sleep = {
		.tv_sec = (time_t)(sleep_ns / SECOND_NS),
		.tv_nsec = (long)(sleep_ns % SECOND_NS),
	};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, NULL);
	w->slept_ns = sleep_ns;
}

static int run_worker(void *context)
{
	struct daemon *d = context;
	unsigned int index = 0;
	struct dt_ring_writer *ring;
	struct worker *w;

	while (lcore_of(index) != rte_lcore_id())
		index++;
	w = d->node.workers[index];
	ring = dt_ring_producer_writer(d->producer, index);
	if (d->settings->realtime)
		make_realtime(d, index);
	while (!atomic_load_explicit(&d->node.stop, memory_order_relaxed)) {
		w->empty_polls = worker_poll(w) ? 0 : w->empty_polls + 1;
		dt_ring_set_time(ring, w->complete_until_ns);
		if (d->node.idle_sleep_ns && w->empty_polls >= EMPTY_POLLS)
			idle(w, d->node.idle_sleep_ns);
	}
	rte_rcu_qsbr_thread_offline(d->node.qsbr, index);
	return 0;
}

static void become_ready(struct daemon *d, uint64_t started_ns, uint64_t now_ns)
{
	uint32_t starting = NODE_STARTING;
	bool reachable = true;

	if (atomic_load(&d->node.state) != NODE_STARTING)
		return;
	for (unsigned int i = 0; i < d->node.worker_count; i++)
		reachable = reachable && atomic_load(&d->node.workers[i]->next_hop_reachable);
	if (!reachable && now_ns - started_ns < STARTING_NS)
		return;
	if (!reachable)
		log_warn("the default gateway does not answer ARP or neighbour discovery");
	if (atomic_compare_exchange_strong(&d->node.state, &starting, NODE_READY))
		log_info("%s is ready: tier %s, %u workers, %u dispatchers, %u VIPs, %u EIPs, "
			 "control socket %s",
			d->settings->node, dt_tier_name(d->settings->tier), d->settings->workers,
			d->settings->dispatchers, services_count(d->tables.services),
			d->tables.eips ? eips_count(d->tables.eips) : 0,
			d->settings->control_socket);
}

static void *control(void *context)
{
	struct daemon *d = context;
	struct pollfd fds[SERVER_MAX_CLIENTS + 2];
	uint64_t started_ns = read_clock(NULL).mono_ns, next_beat_ns = started_ns;
	bool stop = false;

	while (!stop) {
		unsigned int count = server_poll_set(d->server, fds);
		struct node_time now;

		fds[count] = (struct pollfd){.fd = d->signals, .events = POLLIN};
		if (poll(fds, count + 1, CONTROL_PERIOD_MS) < 0 && errno != EINTR)
			break;
		stop = (fds[count].revents & POLLIN) != 0;
		server_serve(d->server, fds, count, read_clock(NULL).mono_ns);
		now = read_clock(NULL);
		tables_step(&d->tables, now.mono_ns);
		become_ready(d, started_ns, now.mono_ns);
		if (stop)
			atomic_store(&d->node.state, NODE_DRAINING);
		if (now.mono_ns >= next_beat_ns || stop) {
			heartbeat_write(&d->heartbeat, now.real_ns);
			next_beat_ns += SECOND_NS;
			if (now.mono_ns >= next_beat_ns) // was stopped for a while
				next_beat_ns = now.mono_ns + SECOND_NS;
		}
		dt_ring_set_time(d->heartbeat.writer, now.real_ns);
	}
	atomic_store(&d->node.stop, true);
	return NULL;
}

static bool make_qsbr(struct node *node)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(node->worker_count);

	node->qsbr = rte_zmalloc("qsbr", bytes, RTE_CACHE_LINE_SIZE);
	return node->qsbr && rte_rcu_qsbr_init(node->qsbr, node->worker_count) == 0;
}

// From here on a change waits until every thread has seen it.
static void join_qsbr(struct node *node)
{
	for (unsigned int i = 0; i < node->worker_count; i++) {
		rte_rcu_qsbr_thread_register(node->qsbr, i);
		rte_rcu_qsbr_thread_online(node->qsbr, i);
	}
}

static int open_telemetry(struct daemon *d)
{
	const struct dt_ring_producer_config config = {
		.directory = d->settings->telemetry_directory,
		.node = d->settings->node,
		.boot_id = d->boot_id,
		.workers = settings_threads(d->settings),
		.ring_records = d->settings->ring_records,
	};
	int status = dt_ring_producer_create(&config, &d->producer);

	if (status != 0)
		log_error("telemetry.directory: %s: %s", d->settings->telemetry_directory,
			strerror(-status));
	return status;
}

static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getentropy(&seed, sizeof(seed)) != 0)
		seed = read_clock(NULL).real_ns;
	return seed;
}

static int open_ports(struct daemon *d, char *error)
{
	for (unsigned int i = 0; i < d->settings->port_count; i++) {
		int status = port_open(i, d->settings, d->pool, &d->node.ports[i], error);

		if (status != 0)
			return status;
		d->ports_opened++;
	}
	return 0;
}

static int make_workers(struct daemon *d, uint64_t seed, char *error)
{
	int status;

	d->workers_made = true;
	status = setup_workers(&d->node, d->settings, d->pool, seed, false, error);
	if (status != 0)
		return status;
	for (unsigned int i = 0; i < d->node.worker_count; i++) {
		d->node.workers[i]->ring = dt_ring_producer_writer(d->producer, i);
		atomic_store(&d->node.workers[i]->floor_ns, d->boot_id);
	}
	return 0;
}

// Everything from the EAL on; what was made stands in *d. The exit status, 0 for success.
static int build(struct daemon *d)
{
	char error[SETTINGS_ERROR_BYTES];
	uint64_t seed = random_seed();
	struct slot_names names = {vip_slot, backend_slot, NULL};

	if (settings_threads(d->settings) > rte_lcore_count()) {
		log_error("workers: %u and %u dispatchers are configured and the EAL has %u lcores "
			  "(-l, --lcores)",
			d->settings->workers, d->settings->dispatchers, rte_lcore_count());
		return EXIT_WRONG;
	}
	if (setup_node(&d->node, d->settings, seed, error) != 0) {
		log_error("%s", error);
		return EXIT_WRONG;
	}
	d->node.clock = read_clock;
	d->node.send = port_send;
	d->pool = setup_pool(d->settings, settings_threads(d->settings), error);
	if (!d->pool || open_ports(d, error) != 0)
		goto complain;
	if (open_telemetry(d) != 0)
		return EXIT_FAILED;
	if (!make_qsbr(&d->node)) {
		log_error("workers: out of memory");
		return EXIT_FAILED;
	}
	names.context = d->producer;
	if (!tables_create(&d->tables, &d->node, d->settings, &names, seed, error)) {
		log_error("%s", error);
		return EXIT_WRONG;
	}
	if (make_workers(d, seed, error) != 0)
		goto complain;
	return 0;

complain:
	log_error("%s", error);
	return EXIT_FAILED;
}

static void prepare_control(struct daemon *d)
{
	d->heartbeat = (struct heartbeat){
		.node = &d->node,
		.services = d->tables.services,
		.eips = d->tables.eips,
		.producer = d->producer,
		.writer = dt_ring_producer_writer(d->producer, d->node.worker_count),
		.pool = d->pool,
		.session_capacity =
			d->settings->tier == DT_TIER_CLB
				? (uint64_t)d->settings->session_capacity * d->settings->workers
				: 0,
	};
	for (unsigned int i = 0; i < d->node.port_count; i++)
		port_losses_open(&d->heartbeat.losses[i], &d->node.ports[i]);
	d->commands.node = &d->node;
	d->commands.services = d->tables.services;
	d->commands.eips = d->tables.eips;
	d->commands.blacklist = d->tables.blacklist;
	d->commands.heartbeat = &d->heartbeat;
	d->commands.telemetry_path = dt_ring_producer_path(d->producer);
}

static int serve(struct daemon *d)
{
	pthread_t thread;
	int status = rte_ctrl_thread_create(&thread, "dyetrace-ctl", NULL, control, d);
	bool main_works = false;

	if (status != 0) {
		log_error("control thread: %s", strerror(-status));
		return EXIT_FAILED;
	}
	for (unsigned int i = 0; i < d->node.worker_count; i++) {
		unsigned int lcore = lcore_of(i);

		if (lcore == rte_get_main_lcore())
			main_works = true;
		else
			rte_eal_remote_launch(run_worker, d, lcore);
	}
	if (main_works)
		run_worker(d);
	pthread_join(thread, NULL); // first: waiting for an lcore is a busy loop
	rte_eal_mp_wait_lcore();
	return 0;
}

static void tear_down(struct daemon *d)
{
	for (unsigned int i = 0; i < d->ports_opened; i++)
		rte_eth_dev_stop(d->node.ports[i].id);
	if (d->workers_made)
		setup_workers_free(&d->node);
	tables_free(&d->tables);
	for (unsigned int i = 0; i < d->ports_opened; i++)
		port_close(&d->node.ports[i]);
	dt_ring_producer_close(d->producer);
	setup_node_free(&d->node);
	rte_eal_cleanup();
}

static char *answer(void *context, const char *line, size_t len)
{
	return commands_answer(context, line, len);
}

int daemon_run(const char *program, const struct options *options, struct settings *settings)
{
	static struct daemon d;
	sigset_t mask;
	int status;

	d.settings = settings;
	d.boot_id = read_clock(NULL).real_ns;
	d.commands = (struct commands){.settings = settings, .boot_id = d.boot_id};
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	pthread_sigmask(SIG_BLOCK, &mask, NULL); // before any thread is made
	d.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	status = server_create(settings->control_socket, answer, &d.commands, &d.server);
	if (status != 0) {
		log_error("control_socket: %s: %s", settings->control_socket,
			status == -EADDRINUSE ? "another gateway answers there"
					      : strerror(-status));
		return EXIT_FAILED;
	}
	status = EXIT_FAILED;
	if (eal_start(program, options, settings->node)) {
		status = build(&d);
		if (status == 0) {
			join_qsbr(&d.node);
			prepare_control(&d);
			status = serve(&d);
		}
		tear_down(&d);
	}
	server_free(d.server);
	close(d.signals);
	log_info("%s has stopped", settings->node);
	return status;
}
