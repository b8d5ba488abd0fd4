// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-gatewayctl: client of the daemon's control socket. One command, one answer.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	EXIT_REFUSED = 1, // the gateway said no, or cannot be reached
	EXIT_USAGE = 2,
	TIMEOUT_SECONDS = 10,
	MAX_ANSWER_BYTES = 64 << 20,
};

// How a command's arguments become its request.
enum shape {
	SHAPE_PLAIN, // keys of the request
	SHAPE_NAME,  // the same; a bare argument is the name
	SHAPE_VIP,   // keys of the request's "vip"
	SHAPE_STATE, // a bare argument is the state
};

struct command {
	const char *name;
	enum shape shape;
	const char *arguments;
	const char *help;
};

static const struct command commands[] = {
	{"status", SHAPE_PLAIN, "", "node, state, version, uptime"},
	{"vip-list", SHAPE_PLAIN, "", "the VIPs and their backends"},
	{"vip-add", SHAPE_VIP, "JSON | key=value… backend=NAME,ADDRESS,PORT[,WEIGHT]…",
		"adds a VIP"},
	{"vip-set", SHAPE_VIP, "JSON | key=value… backend=NAME,ADDRESS,PORT[,WEIGHT]…",
		"replaces a VIP"},
	{"vip-remove", SHAPE_NAME, "NAME", "removes a VIP"},
	{"vip-enable", SHAPE_NAME, "NAME", "lets a VIP take traffic"},
	{"vip-disable", SHAPE_NAME, "NAME", "drops a VIP's traffic as VIP_DISABLED"},
	{"backend-enable", SHAPE_PLAIN, "vip=NAME backend=NAME", "gives a backend new sessions"},
	{"backend-disable", SHAPE_PLAIN, "vip=NAME backend=NAME",
		"gives a backend no new sessions"},
	{"counters", SHAPE_PLAIN, "", "packets, drops, colours, workers"},
	{"sessions", SHAPE_PLAIN, "[vip=NAME]", "their number and a sample"},
	{"state", SHAPE_STATE, "READY | DRAINING", "takes the node into or out of service"},
};

static void usage(FILE *out)
{
	fputs("Usage: dyetrace-gatewayctl --socket PATH [--json] COMMAND [ARGUMENT…]\n"
	      "\n"
	      "  --socket PATH  the gateway's control socket (or DYETRACE_GATEWAY_SOCKET)\n"
	      "  --json         print the answer as one line of JSON\n"
	      "  --help         this text\n"
	      "\n"
	      "An argument is key=value or a whole JSON object; a value that is JSON (8080, true, "
	      "[..]) is taken as such.\n"
	      "\n",
		out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-16s %-52s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fputs("\nExit status: 0 done; 1 refused, or the gateway cannot be reached; 2 wrong "
	      "usage.\n",
		out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

// Arguments to request

// A number, a boolean, an array or an object is what it looks like; everything else is a string.
static json_t *parse_value(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	return value != NULL && !json_is_null(value) ? value : json_string(text);
}

// NAME,ADDRESS,PORT[,WEIGHT]
static json_t *parse_backend(const char *text)
{
	char *copy = strdup(text), *rest = copy, *fields[4] = {NULL}, *field;
	json_t *backend = NULL;
	size_t count = 0;

	while ((field = strsep(&rest, ",")) != NULL && count < 4)
		fields[count++] = field;
	if (field == NULL && count >= 3)
		backend = json_pack("{s:s,s:s,s:o,s:o}", "name", fields[0], "address", fields[1],
			"port", parse_value(fields[2]), "weight",
			count == 4 ? parse_value(fields[3]) : json_integer(1));
	free(copy);
	return backend;
}

static int add_pair(json_t *object, enum shape shape, const char *argument)
{
	const char *equals = strchr(argument, '=');
	char *key;
	int ret;

	if (equals == NULL || equals == argument) {
		if (shape == SHAPE_NAME && equals == NULL &&
			json_object_get(object, "name") == NULL)
			return json_object_set_new(object, "name", json_string(argument));
		if (shape == SHAPE_STATE && equals == NULL &&
			json_object_get(object, "state") == NULL)
			return json_object_set_new(object, "state", json_string(argument));
		fprintf(stderr, "dyetrace-gatewayctl: '%s' is not key=value\n", argument);
		return -1;
	}
	if (shape == SHAPE_VIP && strncmp(argument, "backend=", 8) == 0) {
		json_t *backends = json_object_get(object, "backends"),
		       *backend = parse_backend(equals + 1);

		if (backend == NULL) {
			fprintf(stderr,
				"dyetrace-gatewayctl: '%s' is not "
				"backend=NAME,ADDRESS,PORT[,WEIGHT]\n",
				argument);
			return -1;
		}
		if (backends == NULL) {
			backends = json_array();
			json_object_set_new(object, "backends", backends);
		}
		return json_array_append_new(backends, backend);
	}
	key = strndup(argument, (size_t)(equals - argument));
	if (json_object_get(object, key) != NULL) {
		fprintf(stderr, "dyetrace-gatewayctl: '%s' is given twice\n", key);
		ret = -1;
	} else {
		// A name stays a string even if it looks like a number.
		bool name = strcmp(key, "name") == 0 || strcmp(key, "vip") == 0 ||
			    strcmp(key, "backend") == 0;

		ret = json_object_set_new(
			object, key, name ? json_string(equals + 1) : parse_value(equals + 1));
	}
	free(key);
	return ret;
}

static json_t *parse_arguments(const struct command *command, int argc, char **argv)
{
	json_t *object;

	if (argc == 1 && argv[0][0] == '{') {
		json_error_t error;

		object = json_loads(argv[0], JSON_REJECT_DUPLICATES, &error);
		if (object == NULL)
			fprintf(stderr, "dyetrace-gatewayctl: not JSON: column %d: %s\n",
				error.column, error.text);
		return object;
	}
	object = json_object();
	for (int i = 0; i < argc; i++) {
		if (add_pair(object, command->shape, argv[i]) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static bool required_missing(const struct command *command, const json_t *object)
{
	static const char *const vip[] = {"name", NULL}, *const name[] = {"name", NULL};
	static const char *const backend[] = {"vip", "backend", NULL}, *const state[] = {
									       "state", NULL};
	static const char *const none[] = {NULL};
	const char *const *required = none;

	if (command->shape == SHAPE_VIP)
		required = vip;
	else if (command->shape == SHAPE_NAME)
		required = name;
	else if (command->shape == SHAPE_STATE)
		required = state;
	else if (strncmp(command->name, "backend-", 8) == 0)
		required = backend;
	for (; *required != NULL; required++) {
		if (json_object_get(object, *required) == NULL) {
			fprintf(stderr, "dyetrace-gatewayctl: %s: %s is missing; arguments: %s\n",
				command->name, *required, command->arguments);
			return true;
		}
	}
	return false;
}

// NULL: said why.
static json_t *make_request(const struct command *command, int argc, char **argv)
{
	json_t *object = parse_arguments(command, argc, argv), *request;

	if (object == NULL)
		return NULL;
	// {"vip":{…}} is as good as {…}.
	if (command->shape == SHAPE_VIP && json_is_object(json_object_get(object, "vip"))) {
		request = json_object_get(object, "vip");
		json_incref(request);
		json_decref(object);
		object = request;
	}
	if (required_missing(command, object)) {
		json_decref(object);
		return NULL;
	}
	if (command->shape == SHAPE_VIP)
		object = json_pack("{s:o}", "vip", object);
	request = json_pack("{s:s}", "command", command->name);
	json_object_update_missing(request, object);
	json_decref(object);
	return request;
}

// The socket

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

// NULL: said why.
static json_t *ask(const char *path, const json_t *request)
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

// For people

static bool is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static char *scalar_text(const json_t *value)
{
	return json_is_string(value) ? strdup(json_string_value(value))
				     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static bool is_table(const json_t *array)
{
	json_t *row;
	size_t i;

	json_array_foreach(array, i, row)
	{
		if (!json_is_object(row))
			return false;
	}
	return json_array_size(array) > 0;
}

static void print_value(const json_t *value)
{
	char *text = is_scalar(value) ? scalar_text(value) : json_dumps(value, JSON_COMPACT);

	fputs(text == NULL ? "" : text, stdout);
	free(text);
}

static size_t width_of(const json_t *value)
{
	char *text = value == NULL      ? NULL
		     : is_scalar(value) ? scalar_text(value)
					: json_dumps(value, JSON_COMPACT);
	size_t width = text == NULL ? 0 : strlen(text);

	free(text);
	return width;
}

// Rows of objects with the same keys, nested values as JSON.
static void print_table(const json_t *array, int indent)
{
	json_t *first = json_array_get(array, 0), *row, *value;
	const char *key;
	size_t i;

	for (int header = 1; header >= 0; header--) {
		json_array_foreach(array, i, row)
		{
			printf("%*s", indent, "");
			json_object_foreach(first, key, value)
			{
				size_t width = strlen(key), k;
				json_t *other, *cell = json_object_get(row, key);

				json_array_foreach(array, k, other)
				{
					size_t w = width_of(json_object_get(other, key));

					width = w > width ? w : width;
				}
				if (header)
					printf("%-*s  ", (int)width, key);
				else {
					if (cell != NULL)
						print_value(cell);
					printf("%*s", (int)(width - width_of(cell)) + 2, "");
				}
			}
			putchar('\n');
			if (header)
				break;
		}
	}
}

static void print_object(const json_t *object, int indent)
{
	const char *key;
	json_t *value;
	int widest = 0;

	json_object_foreach((json_t *)object, key, value)
	{
		int len = (int)strlen(key);

		if (is_scalar(value) && len > widest)
			widest = len;
	}
	json_object_foreach((json_t *)object, key, value)
	{
		if (is_scalar(value)) {
			printf("%*s%-*s  ", indent, "", widest, key);
			print_value(value);
			putchar('\n');
			continue;
		}
		printf("%*s%s:", indent, "", key);
		if (json_is_object(value) && json_object_size(value) > 0) {
			putchar('\n');
			print_object(value, indent + 2);
		} else if (json_is_array(value) && is_table(value)) {
			putchar('\n');
			print_table(value, indent + 2);
		} else {
			putchar(' ');
			print_value(value);
			putchar('\n');
		}
	}
}

static int report(const char *command, json_t *answer, bool as_json)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (as_json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (ok) {
		json_object_del(answer, "ok");
		if (json_object_size(answer) == 0)
			puts("done");
		print_object(answer, 0);
	}
	if (!ok) {
		const char *error = json_string_value(json_object_get(answer, "error"));

		fprintf(stderr, "dyetrace-gatewayctl: %s: %s\n", command,
			error == NULL ? "refused without a reason" : error);
	}
	return ok ? EXIT_SUCCESS : EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = getenv("DYETRACE_GATEWAY_SOCKET");
	const struct command *command;
	json_t *request, *answer;
	bool as_json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "s:jh", options, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			fputs("Try dyetrace-gatewayctl --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	command = find_command(argv[optind]);
	if (command == NULL) {
		fprintf(stderr, "dyetrace-gatewayctl: no command '%s'; see --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	request = make_request(command, argc - optind - 1, argv + optind + 1);
	if (request == NULL)
		return EXIT_USAGE;
	if (path == NULL || path[0] == '\0') {
		fputs("dyetrace-gatewayctl: --socket PATH is missing\n", stderr);
		json_decref(request);
		return EXIT_USAGE;
	}
	answer = ask(path, request);
	json_decref(request);
	if (answer == NULL)
		return EXIT_REFUSED;
	status = report(command->name, answer, as_json);
	json_decref(answer);
	return status;
}
