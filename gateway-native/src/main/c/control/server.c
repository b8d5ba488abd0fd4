// SPDX-License-Identifier: Apache-2.0
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128     // who waits for a place
#define LINES_A_TURN 16 // of one client

struct buffer {
	char *bytes;
	size_t len;
	size_t capacity;
};

struct client {
	int fd; // -1: free
	struct buffer in;
	struct buffer out;
	size_t sent;        // of out
	bool more;          // in holds lines that are to be answered
	bool closing;       // once all is answered and sent
	uint64_t active_ns; // when it last sent or took a byte
};

struct server {
	int fd;
	int lock;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
	server_answer *answer;
	void *context;
	uint64_t now_ns;
	struct client clients[SERVER_MAX_CLIENTS];
};

static bool append(struct buffer *buffer, const char *bytes, size_t len)
{
	if (buffer->len + len > buffer->capacity) {
		size_t capacity = (buffer->len + len) * 2;
		char *grown = realloc(buffer->bytes, capacity);

		if (!grown)
			return false;
		buffer->bytes = grown;
		buffer->capacity = capacity;
	}
	memcpy(buffer->bytes + buffer->len, bytes, len);
	buffer->len += len;
	return true;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answered;

	if (fd < 0)
		return false;
	answered = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		   errno == EAGAIN;
	close(fd);
	return answered;
}

// Two daemons that start at once must not both find the other's socket stale: who holds the lock
// file owns the path.
static int take_lock(struct server *s)
{
	s->lock = open(s->lock_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return -errno;
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	return 0;
}

static int open_socket(struct server *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int status;

	strcpy(address.sun_path, s->path);
	status = take_lock(s);
	if (status != 0)
		return status;
	if (somebody_listens(&address))
		return -EADDRINUSE;
	if (unlink(s->path) != 0 && errno != ENOENT)
		return -errno;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	mask = umask(0177);
	status = bind(s->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ? -errno : 0;
	umask(mask);
	if (status == 0 && listen(s->fd, BACKLOG) != 0)
		status = -errno;
	return status;
}

int server_create(const char *path, server_answer *answer, void *context, struct server **out)
{
	struct server *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->lock = -1;
	s->answer = answer;
	s->context = context;
	for (int i = 0; i < SERVER_MAX_CLIENTS; i++)
		s->clients[i].fd = -1;
	if (strlen(path) >= sizeof(s->path)) {
		free(s);
		return -ENAMETOOLONG;
	}
	strcpy(s->path, path);
	snprintf(s->lock_path, sizeof(s->lock_path), "%s.lock", path);
	status = open_socket(s);
	if (status != 0) {
		if (s->fd >= 0)
			close(s->fd);
		if (s->lock >= 0)
			close(s->lock);
		free(s);
		return status;
	}
	*out = s;
	return 0;
}

static void hang_up(struct client *client)
{
	close(client->fd);
	free(client->in.bytes);
	free(client->out.bytes);
	*client = (struct client){.fd = -1};
}

void server_free(struct server *s)
{
	if (!s)
		return;
	for (int i = 0; i < SERVER_MAX_CLIENTS; i++) {
		if (s->clients[i].fd >= 0)
			hang_up(&s->clients[i]);
	}
	unlink(s->path);
	unlink(s->lock_path);
	close(s->fd);
	close(s->lock);
	free(s);
}

// A free place, or that of the client that has been silent longest, and too long. NULL: who
// connects waits.
static struct client *place_for_another(struct server *s)
{
	struct client *oldest = &s->clients[0];

	for (int i = 0; i < SERVER_MAX_CLIENTS; i++) {
		struct client *c = &s->clients[i];

		if (c->fd < 0)
			return c;
		if (c->active_ns < oldest->active_ns)
			oldest = c;
	}
	return s->now_ns - oldest->active_ns >= SERVER_SILENT_NS ? oldest : NULL;
}

static bool is_read(const struct client *c)
{
	return !c->closing && !c->more && c->out.len - c->sent < SERVER_MAX_UNREAD;
}

unsigned int server_poll_set(struct server *s, struct pollfd *fds)
{
	unsigned int count = 0;

	fds[count++] = (struct pollfd){
		.fd = s->fd,
		.events = place_for_another(s) ? POLLIN : 0,
	};
	for (int i = 0; i < SERVER_MAX_CLIENTS; i++) {
		const struct client *c = &s->clients[i];
		short events = is_read(c) ? POLLIN : 0;

		if (c->fd < 0)
			continue;
		if (c->sent < c->out.len || c->more)
			events |= POLLOUT;
		fds[count++] = (struct pollfd){.fd = c->fd, .events = events};
	}
	return count;
}

static void welcome(struct server *s)
{
	struct client *place = place_for_another(s);
	int fd = place ? accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;

	if (fd < 0)
		return;
	if (place->fd >= 0)
		hang_up(place);
	*place = (struct client){.fd = fd, .active_ns = s->now_ns};
}

static bool answer_line(struct server *s, struct client *c, const char *line, size_t len)
{
	char *text = s->answer(s->context, line, len);
	bool ok = text && append(&c->out, text, strlen(text)) && append(&c->out, "\n", 1);

	free(text);
	return ok;
}

// Some of them: whoever sends many must neither keep others waiting nor fill the memory with
// answers.
static bool answer_lines(struct server *s, struct client *c)
{
	size_t start = 0;
	char *newline;
	int left = LINES_A_TURN;

	c->more = false;
	while (c->in.len > start &&
		(newline = memchr(c->in.bytes + start, '\n', c->in.len - start))) {
		size_t len = (size_t)(newline - (c->in.bytes + start));

		c->more = left-- == 0 || c->out.len - c->sent >= SERVER_MAX_UNREAD;
		if (c->more)
			break;
		if (len > 0 && !answer_line(s, c, c->in.bytes + start, len))
			return false;
		start += len + 1;
	}
	if (start > 0)
		memmove(c->in.bytes, c->in.bytes + start, c->in.len - start);
	c->in.len -= start;
	if (!c->more && !c->closing && c->in.len > SERVER_MAX_LINE) {
		static const char text[] =
			"{\"ok\":false,\"error\":\"a line is longer than 1 MiB\"}\n";

		c->closing = true;
		return append(&c->out, text, sizeof(text) - 1);
	}
	return true;
}

static bool read_client(struct server *s, struct client *c)
{
	char chunk[4096];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) { // it may still want its answer
		c->closing = true;
		return true;
	}
	c->active_ns = s->now_ns;
	return append(&c->in, chunk, (size_t)n);
}

static bool write_client(const struct server *s, struct client *c)
{
	ssize_t n = send(c->fd, c->out.bytes + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->active_ns = s->now_ns;
	c->sent += (size_t)n;
	if (c->sent == c->out.len) {
		c->sent = 0;
		c->out.len = 0;
	} else if (c->sent >= SERVER_MAX_UNREAD) {
		c->out.len -= c->sent;
		memmove(c->out.bytes, c->out.bytes + c->sent, c->out.len);
		c->sent = 0;
	}
	return true;
}

static void serve_client(struct server *s, struct client *c, short events)
{
	bool ok = true;

	if (events & (POLLERR | POLLNVAL))
		ok = false;
	if (ok && (events & (POLLIN | POLLHUP)) && is_read(c))
		ok = read_client(s, c);
	if (ok)
		ok = answer_lines(s, c);
	if (ok && c->out.len > c->sent)
		ok = write_client(s, c);
	if (!ok || (c->closing && !c->more && c->out.len == c->sent))
		hang_up(c);
}

void server_serve(struct server *s, const struct pollfd *fds, unsigned int count, uint64_t now_ns)
{
	s->now_ns = now_ns;
	for (unsigned int i = 1; i < count; i++) {
		for (int n = 0; n < SERVER_MAX_CLIENTS && fds[i].revents; n++) {
			if (s->clients[n].fd == fds[i].fd) {
				serve_client(s, &s->clients[n], fds[i].revents);
				break;
			}
		}
	}
	if (fds[0].revents & POLLIN)
		welcome(s);
}
