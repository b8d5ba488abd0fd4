// SPDX-License-Identifier: Apache-2.0
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	TIMEOUT_SECONDS = 10,
	MAX_ANSWER_BYTES = 64 << 20,
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static int send_line(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len, sent = 0;

	if (text == NULL)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n'; // in the place of the NUL
	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return -errno;
		}
		sent += (size_t)n;
	}
	free(text);
	return 0;
}

// Reads up to the first newline.
static int receive_line(int fd, char **out)
{
	size_t capacity = 65536, len = 0;
	char *line = malloc(capacity);

	while (line != NULL) {
		ssize_t n = recv(fd, line + len, capacity - len - 1, 0);
		char *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int ret = n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;

			free(line);
			return ret;
		}
		end = memchr(line + len, '\n', (size_t)n);
		len += (size_t)n;
		if (end != NULL) {
			*end = '\0';
			*out = line;
			return 0;
		}
		if (capacity - len < 2) {
			char *larger =
				capacity < MAX_ANSWER_BYTES ? realloc(line, capacity * 2) : NULL;

			if (larger == NULL) {
				free(line);
				return capacity < MAX_ANSWER_BYTES ? -ENOMEM : -EMSGSIZE;
			}
			line = larger;
			capacity *= 2;
		}
	}
	return -ENOMEM;
}

json_t *ctl_ask(const char *path, const json_t *request)
{
	json_t *answer = NULL;
	json_error_t error;
	char *line = NULL;
	int fd = connect_to(path), ret;

	if (fd < 0) {
		fprintf(stderr, "dyetrace-gatewayctl: %s: %s%s\n", path, strerror(-fd),
			fd == -ENOENT || fd == -ECONNREFUSED ? " (does the gateway run?)" : "");
		return NULL;
	}
	ret = send_line(fd, request);
	if (ret == 0)
		ret = receive_line(fd, &line);
	close(fd);
	if (ret < 0) {
		fprintf(stderr, "dyetrace-gatewayctl: %s: no answer: %s\n", path, strerror(-ret));
		return NULL;
	}
	answer = json_loads(line, 0, &error);
	if (!json_is_object(answer)) {
		fprintf(stderr, "dyetrace-gatewayctl: %s: the answer is not a JSON object: %s\n",
			path, line);
		json_decref(answer);
		answer = NULL;
	}
	free(line);
	return answer;
}
