// SPDX-License-Identifier: Apache-2.0
//
// Connections to VIPs at a steady rate, some that live long, one to each VIP that moves much, and
// datagrams; every byte is compared. One line of JSON at the end; exit status 1 if anything failed.
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MILLISECOND_NS 1000000ull
#define SECOND_NS 1000000000ull
#define MAX_FLOWS 8192
#define LONG_FLOWS 8 // to each VIP, a request every …
#define LONG_PERIOD_NS (50 * MILLISECOND_NS)
#define BULK_BYTES 262144 // up and down …
#define BULK_PERIOD_NS (100 * MILLISECOND_NS)
#define DATAGRAM_FLOWS 16 // to each VIP
#define DATAGRAM_PERIOD_NS (20 * MILLISECOND_NS)
#define DATAGRAM_RETRY_NS (1 * SECOND_NS)
#define DATAGRAM_ROUNDS 200 // then the flow gets another port
#define MAX_RETRIES 10
#define PATIENCE_NS (20 * SECOND_NS) // for one request

enum kind { FREE, SHORT, LONG, BULK, DATAGRAM };

struct flow {
	enum kind kind;
	int fd;
	const char *vip;
	struct soak_request request;
	uint32_t sent; // of request and what follows it
	uint32_t received;
	uint32_t rounds;
	uint32_t retries;
	bool waiting; // for its next request's time
	bool closing; // all done: waits for the other's end
	uint64_t since_ns;
	uint64_t next_ns;
};

static struct flow flows[MAX_FLOWS];
static int epoll_fd;
static uint16_t port;
static bool ending;
static uint32_t seed = 1;
static struct {
	uint64_t connections, requests, bytes, datagrams, retries, late, failed, slowest_ns;
} total;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void fail(struct flow *f, const char *what)
{
	fprintf(stderr, "client: %s (%s): %s, %u of %zu bytes sent, %u of %u received, round %u\n",
		f->vip, (const char *[]){"", "short", "long", "bulk", "datagram"}[f->kind], what,
		f->sent, sizeof(f->request) + f->request.up, f->received, f->request.down,
		f->rounds);
	total.failed++;
	if (f->fd >= 0)
		close(f->fd);
	f->kind = FREE;
}

static void watch(int operation, struct flow *f, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = f};

	if (epoll_ctl(epoll_fd, operation, f->fd, &event) != 0)
		abort();
}

static int connect_to(const char *vip, int type)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool is_v4 = inet_pton(AF_INET, vip, &v4.sin_addr) == 1;
	int fd = socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK, 0), status;

	if (!is_v4 && inet_pton(AF_INET6, vip, &v6.sin6_addr) != 1)
		abort();
	status = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
		       : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (status != 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static void begin(struct flow *f, uint64_t now_ns)
{
	uint32_t up = f->kind == BULK ? BULK_BYTES : next_random(600);
	uint32_t down = f->kind == BULK ? BULK_BYTES : 1 + next_random(6000);

	if (f->kind == DATAGRAM)
		up = next_random(1200);
	f->request = (struct soak_request){SOAK_MAGIC, next_random(1u << 24), up, down};
	f->sent = 0;
	f->received = 0;
	f->retries = 0;
	f->waiting = false;
	f->since_ns = now_ns;
}

static void open_flow(enum kind kind, const char *vip, uint64_t now_ns)
{
	struct flow *f = NULL;

	for (int i = 0; i < MAX_FLOWS && !f; i++)
		f = flows[i].kind == FREE ? &flows[i] : NULL;
	if (!f) {
		fputs("client: too many at once\n", stderr);
		total.failed++;
		return;
	}
	*f = (struct flow){.kind = kind, .vip = vip};
	f->fd = connect_to(vip, kind == DATAGRAM ? SOCK_DGRAM : SOCK_STREAM);
	if (f->fd < 0) {
		fail(f, strerror(errno));
		return;
	}
	total.connections++;
	watch(EPOLL_CTL_ADD, f, kind == DATAGRAM ? EPOLLIN : EPOLLOUT);
	begin(f, now_ns);
	if (kind == DATAGRAM) {
		f->waiting = true;
		f->next_ns = now_ns + next_random(20) * MILLISECOND_NS;
	}
}

static void finish(struct flow *f, uint64_t now_ns)
{
	uint64_t took_ns = now_ns - f->since_ns;

	total.requests++;
	total.bytes += f->request.up + f->request.down;
	total.slowest_ns = took_ns > total.slowest_ns ? took_ns : total.slowest_ns;
	f->rounds++;
	if (f->kind == SHORT || ending) {
		f->closing = true;
		shutdown(f->fd, SHUT_WR);
		watch(EPOLL_CTL_MOD, f, EPOLLIN);
		return;
	}
	f->waiting = true;
	f->next_ns = now_ns + (f->kind == BULK ? BULK_PERIOD_NS : LONG_PERIOD_NS);
	watch(EPOLL_CTL_MOD, f, EPOLLIN);
}

static bool give(struct flow *f)
{
	const uint32_t head = sizeof(f->request);
	ssize_t n;

	while (f->sent < head + f->request.up) {
		if (f->sent < head)
			n = send(f->fd, (const uint8_t *)&f->request + f->sent, head - f->sent,
				f->request.up ? MSG_MORE : 0);
		else
			n = send(f->fd, soak_bytes(f->request.seed, f->sent - head),
				soak_piece(f->request.up, f->sent - head), 0);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			fail(f, strerror(errno));
			return false;
		}
		f->sent += (uint32_t)n;
	}
	watch(EPOLL_CTL_MOD, f, EPOLLIN);
	return true;
}

static void take(struct flow *f, uint64_t now_ns)
{
	uint8_t bytes[SOAK_CHUNK];
	ssize_t n = recv(f->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n == 0 && f->closing) {
		close(f->fd);
		f->kind = FREE;
		return;
	}
	if (n <= 0 || f->closing || f->waiting) {
		fail(f, n < 0 ? strerror(errno) : n == 0 ? "closed" : "more than was wanted");
		return;
	}
	if ((uint32_t)n > f->request.down - f->received ||
		memcmp(bytes, soak_bytes(f->request.seed, f->received), (size_t)n) != 0) {
		fail(f, "wrong bytes");
		return;
	}
	f->received += (uint32_t)n;
	if (f->received == f->request.down)
		finish(f, now_ns);
}

static void send_datagram(struct flow *f, uint64_t now_ns)
{
	uint8_t bytes[sizeof(f->request) + 1200];

	memcpy(bytes, &f->request, sizeof(f->request));
	memcpy(bytes + sizeof(f->request), soak_bytes(f->request.seed, 0), f->request.up);
	f->waiting = false;
	f->next_ns = now_ns + DATAGRAM_RETRY_NS;
	if (send(f->fd, bytes, sizeof(f->request) + f->request.up, 0) < 0 && errno != EAGAIN)
		fail(f, strerror(errno));
}

static void take_datagram(struct flow *f, uint64_t now_ns)
{
	uint8_t bytes[2048];
	ssize_t n = recv(f->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		fail(f, strerror(errno));
		return;
	}
	if (f->waiting || memcmp(bytes, &f->request, sizeof(f->request)) != 0) {
		total.late++; // both of one that was sent again are answered: none was lost
		return;
	}
	if ((size_t)n != sizeof(f->request) + f->request.up ||
		memcmp(bytes + sizeof(f->request), soak_bytes(f->request.seed, 0), f->request.up)) {
		fail(f, "wrong bytes");
		return;
	}
	total.datagrams++;
	f->rounds++;
	begin(f, now_ns);
	f->waiting = true;
	f->next_ns = now_ns + DATAGRAM_PERIOD_NS;
}

static void step_datagram(struct flow *f, uint64_t now_ns)
{
	const char *vip = f->vip;

	if (f->waiting && (ending || f->rounds >= DATAGRAM_ROUNDS)) {
		close(f->fd);
		f->kind = FREE;
		if (!ending)
			open_flow(DATAGRAM, vip, now_ns);
		return;
	}
	if (now_ns < f->next_ns)
		return;
	if (!f->waiting) {
		total.retries++;
		if (++f->retries > MAX_RETRIES) {
			fail(f, "no answer");
			return;
		}
	}
	send_datagram(f, now_ns);
}

static void step(struct flow *f, uint64_t now_ns)
{
	if (f->kind == FREE)
		return;
	if (f->kind == DATAGRAM) {
		step_datagram(f, now_ns);
	} else if (f->waiting && ending) {
		f->waiting = false;
		f->closing = true;
		f->since_ns = now_ns;
		shutdown(f->fd, SHUT_WR);
	} else if (f->waiting && now_ns >= f->next_ns) {
		begin(f, now_ns);
		watch(EPOLL_CTL_MOD, f, EPOLLIN | EPOLLOUT);
	} else if (!f->waiting && now_ns - f->since_ns > PATIENCE_NS) {
		fail(f, f->closing ? "is not closed" : "takes too long");
	}
}

static void serve(struct flow *f, uint32_t events, uint64_t now_ns)
{
	if (f->kind == FREE)
		return;
	if (f->kind == DATAGRAM) {
		take_datagram(f, now_ns);
		return;
	}
	if ((events & EPOLLOUT) && !f->waiting && !f->closing && !give(f))
		return;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		take(f, now_ns);
}

static bool is_busy(void)
{
	for (int i = 0; i < MAX_FLOWS; i++) {
		if (flows[i].kind != FREE)
			return true;
	}
	return false;
}

// Those that live on.
static void open_standing(int count, char **vips, uint64_t now_ns)
{
	for (int v = 0; v < count; v++) {
		open_flow(BULK, vips[v], now_ns);
		for (int i = 0; i < LONG_FLOWS; i++)
			open_flow(LONG, vips[v], now_ns);
		for (int i = 0; i < DATAGRAM_FLOWS; i++)
			open_flow(DATAGRAM, vips[v], now_ns);
	}
}

static void poll_once(uint64_t *stepped_ns)
{
	struct epoll_event events[64];
	int n = epoll_wait(epoll_fd, events, 64, 5);
	uint64_t now_ns = soak_now_ns();

	for (int i = 0; i < n; i++)
		serve(events[i].data.ptr, events[i].events, now_ns);
	if (now_ns - *stepped_ns < 5 * MILLISECOND_NS)
		return;
	*stepped_ns = now_ns;
	for (int i = 0; i < MAX_FLOWS; i++)
		step(&flows[i], now_ns);
}

// SECONDS RATE PORT VIP…
int soak_load(int argc, char **argv)
{
	uint64_t start_ns = soak_now_ns(), stepped_ns = 0, opened = 0;
	uint64_t seconds = (uint64_t)atoi(argv[0]), rate = (uint64_t)atoi(argv[1]);
	int count = argc - 3;

	port = (uint16_t)atoi(argv[2]);
	epoll_fd = epoll_create1(0);
	open_standing(count, argv + 3, start_ns);
	while (!ending || is_busy()) {
		uint64_t now_ns = soak_now_ns(), passed_ns = now_ns - start_ns;

		ending = passed_ns > seconds * SECOND_NS || total.failed > 20;
		for (; !ending && opened < passed_ns * rate / SECOND_NS; opened++)
			open_flow(SHORT, argv[3 + opened % (uint64_t)count], now_ns);
		poll_once(&stepped_ns);
	}
	printf("{\"connections\":%lu,\"requests\":%lu,\"bytes\":%lu,\"datagrams\":%lu,"
	       "\"retries\":%lu,\"late\":%lu,\"failed\":%lu,\"slowest_ms\":%lu}\n",
		total.connections, total.requests, total.bytes, total.datagrams, total.retries,
		total.late, total.failed, (uint64_t)(total.slowest_ns / MILLISECOND_NS));
	return total.failed ? 1 : 0;
}
