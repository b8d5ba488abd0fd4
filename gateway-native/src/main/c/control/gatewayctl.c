// SPDX-License-Identifier: Apache-2.0
//
// dyetrace-gatewayctl: client of the daemon's control socket.
#include "ctl.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXIT_REFUSED = 1, // the gateway said no, or cannot be reached
	EXIT_USAGE = 2,
};

static void usage(FILE *out)
{
	fputs("Usage: dyetrace-gatewayctl --socket PATH [--json] COMMAND [ARGUMENT…]\n"
	      "\n"
	      "  --socket PATH  the gateway's control socket (or DYETRACE_GATEWAY_SOCKET)\n"
	      "  --json         print the answer as one line of JSON\n"
	      "  --help         this text; behind a COMMAND: its arguments\n"
	      "\n"
	      "An argument is key=value or a whole JSON object; a value that is JSON (8080, true, "
	      "[..]) is taken as such.\n"
	      "\n",
		out);
	for (size_t i = 0; i < ctl_command_count; i++)
		fprintf(out, "  %-16s %-45s %s\n", ctl_commands[i].name, ctl_commands[i].arguments,
			ctl_commands[i].help);
	fputs("\nExit status: 0 done; 1 refused, or the gateway cannot be reached; 2 wrong "
	      "usage.\n",
		out);
}

static void command_usage(const struct ctl_command *command)
{
	const char *keys = command->keys ? command->keys : command->arguments;

	printf("Usage: dyetrace-gatewayctl --socket PATH [--json] %s %s\n\n%s.\n", command->name,
		command->arguments, command->help);
	while (*keys) {
		size_t len = strcspn(keys, "\n");

		printf("  %.*s\n", (int)len, keys);
		keys += len + (keys[len] == '\n');
	}
}

static bool is_ok(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ok"));
}

// The rest of a list that comes in pages, unless the request names one of them.
static bool fetch_rest(
	const struct ctl_command *command, const char *path, json_t *request, json_t *answer)
{
	json_t *cursor, *rows = json_object_get(answer, command->rows);

	if (json_object_get(request, "cursor") || json_object_get(request, "limit"))
		return true;
	while ((cursor = json_object_get(answer, "cursor")) != NULL) {
		json_t *next;

		json_object_set(request, "cursor", cursor);
		json_object_del(answer, "cursor");
		next = ctl_ask(path, request);
		if (!is_ok(next)) {
			json_decref(next);
			return false;
		}
		json_array_extend(rows, json_object_get(next, command->rows));
		if (json_object_get(next, "cursor"))
			json_object_set(answer, "cursor", json_object_get(next, "cursor"));
		json_decref(next);
	}
	return true;
}

static int report(const char *command, json_t *answer, bool as_json)
{
	bool ok = is_ok(answer);

	if (as_json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (ok) {
		json_object_del(answer, "ok");
		if (json_object_size(answer) == 0)
			puts("done");
		ctl_print(answer, 0);
	}
	if (!ok) {
		const char *error = json_string_value(json_object_get(answer, "error"));

		fprintf(stderr, "dyetrace-gatewayctl: %s: %s\n", command,
			error == NULL ? "refused without a reason" : error);
	}
	return ok ? EXIT_SUCCESS : EXIT_REFUSED;
}

// One after the other; the last answer is told, or the first refusal and how far it came.
static int run(const struct ctl_command *command, const char *path, json_t *requests, bool as_json)
{
	json_t *answer = NULL, *request;
	int status = EXIT_REFUSED;
	size_t i;

	json_array_foreach(requests, i, request)
	{
		json_decref(answer);
		answer = ctl_ask(path, request);
		if (answer && is_ok(answer) && command->rows &&
			!fetch_rest(command, path, request, answer)) {
			json_decref(answer);
			return EXIT_REFUSED;
		}
		if (!is_ok(answer))
			break;
	}
	if (answer)
		status = report(command->name, answer, as_json);
	else if (json_array_size(requests) == 0)
		status = EXIT_SUCCESS;
	if (status != EXIT_SUCCESS && i > 0)
		fprintf(stderr, "dyetrace-gatewayctl: %s: the first %zu entries took effect\n",
			command->name, i * CTL_LIST_ENTRIES);
	json_decref(answer);
	return status;
}

static int run_command(const char *path, int argc, char **argv, bool as_json, bool help)
{
	const struct ctl_command *command = ctl_find_command(argv[0]);
	json_t *requests;
	int status;

	if (command == NULL) {
		fprintf(stderr, "dyetrace-gatewayctl: no command '%s'; see --help\n", argv[0]);
		return EXIT_USAGE;
	}
	if (help) {
		command_usage(command);
		return EXIT_SUCCESS;
	}
	requests = ctl_requests(command, argc - 1, argv + 1);
	if (requests == NULL)
		return EXIT_USAGE;
	if (path == NULL || path[0] == '\0') {
		fputs("dyetrace-gatewayctl: --socket PATH is missing\n", stderr);
		status = EXIT_USAGE;
	} else {
		status = run(command, path, requests, as_json);
	}
	json_decref(requests);
	return status;
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
	static char program[] = "dyetrace-gatewayctl";
	bool as_json = false, help = false;
	int c;

	argv[0] = program; // what getopt complains as
	while ((c = getopt_long(argc, argv, "s:jh", options, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			help = true;
			break;
		default:
			fputs("Try dyetrace-gatewayctl --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		usage(help ? stdout : stderr);
		return help ? EXIT_SUCCESS : EXIT_USAGE;
	}
	return run_command(path, argc - optind, argv + optind, as_json, help);
}
