// SPDX-License-Identifier: Apache-2.0
//
// Answers requests over TCP, and datagrams with themselves.
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EVENTS 64

enum kind { LISTENER, DATAGRAMS, CONNECTION };

struct peer {
	enum kind kind;
	int fd;
	struct soak_request request;
	uint32_t head; // bytes of the request read
	uint32_t up;   // … and of what follows it
	uint32_t down; // bytes of the answer written
};

static int epoll_fd;
static uint64_t wrong;

static void watch(int operation, struct peer *p, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = p};

	if (epoll_ctl(epoll_fd, operation, p->fd, &event) != 0)
		abort();
}

static void add(enum kind kind, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->kind = kind;
	p->fd = fd;
	watch(EPOLL_CTL_ADD, p, EPOLLIN);
}

static void open_socket(const char *text, uint16_t port, int type)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1;
	int fd = socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK, 0), one = 1, status;

	if (!is_v4 && inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	status = is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		       : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (status != 0 || (type == SOCK_STREAM && listen(fd, 1024) != 0)) {
		perror(text);
		exit(1);
	}
	add(type == SOCK_STREAM ? LISTENER : DATAGRAMS, fd);
}

static void echo(int fd)
{
	struct sockaddr_storage from;
	uint8_t bytes[2048];

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

// 1: went on, 0: must wait, -1: over.
static int take(struct peer *p)
{
	uint8_t bytes[SOAK_CHUNK];
	bool head = p->head < sizeof(p->request);
	size_t wanted = head ? sizeof(p->request) - p->head : soak_piece(p->request.up, p->up);
	ssize_t n = recv(p->fd, head ? (uint8_t *)&p->request + p->head : bytes, wanted, 0);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	if (head) {
		p->head += (uint32_t)n;
		return 1;
	}
	if (memcmp(bytes, soak_bytes(p->request.seed, p->up), (size_t)n) != 0) {
		fprintf(stderr, "server: wrong bytes at %u of %u\n", p->up, p->request.up);
		wrong++;
		return -1;
	}
	p->up += (uint32_t)n;
	return 1;
}

static int give(struct peer *p)
{
	ssize_t n = send(p->fd, soak_bytes(p->request.seed, p->down),
		soak_piece(p->request.down, p->down), 0);

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	p->down += (uint32_t)n;
	if (p->down == p->request.down) { // and the next one
		p->head = 0;
		p->up = 0;
		p->down = 0;
	}
	return 1;
}

static void serve(struct peer *p)
{
	bool reading;
	int status = 1;

	for (int i = 0; i < 16 && status > 0; i++) {
		bool whole = p->head == sizeof(p->request);

		if (whole && (p->request.magic != SOAK_MAGIC || p->request.down == 0)) {
			fputs("server: no request\n", stderr);
			status = -1;
			break;
		}
		reading = !whole || p->up < p->request.up;
		status = reading ? take(p) : give(p);
	}
	if (status < 0) {
		close(p->fd);
		free(p);
		return;
	}
	reading = p->head < sizeof(p->request) || p->up < p->request.up;
	watch(EPOLL_CTL_MOD, p, reading ? EPOLLIN : EPOLLOUT);
}

static void welcome(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		add(CONNECTION, fd);
}

int soak_serve(int argc, char **argv)
{
	struct epoll_event events[MAX_EVENTS];
	uint16_t port = (uint16_t)atoi(argv[0]);

	epoll_fd = epoll_create1(0);
	for (int i = 1; i < argc; i++) {
		open_socket(argv[i], port, SOCK_STREAM);
		open_socket(argv[i], port, SOCK_DGRAM);
	}
	while (wrong == 0) {
		int n = epoll_wait(epoll_fd, events, MAX_EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = events[i].data.ptr;

			if (p->kind == LISTENER)
				welcome(p->fd);
			else if (p->kind == DATAGRAMS)
				echo(p->fd);
			else
				serve(p);
		}
	}
	return 1;
}
