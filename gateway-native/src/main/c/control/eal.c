// SPDX-License-Identifier: Apache-2.0
#include "eal.h"

#include "log.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGUMENTS 128

static bool has_option(const struct options *options, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < options->eal_count; i++) {
		const char *argument = options->eal[i];

		if (strncmp(argument, name, len) == 0 &&
			(argument[len] == '\0' || argument[len] == '='))
			return true;
	}
	return false;
}

static bool allows_devices(const struct options *options)
{
	for (int i = 0; i < options->eal_count; i++) {
		if (strncmp(options->eal[i], "-a", 2) == 0 ||
			strncmp(options->eal[i], "--allow", 7) == 0)
			return true;
	}
	return false;
}

bool eal_start(const char *program, const struct options *options, const char *node)
{
	char *arguments[MAX_ARGUMENTS + 8], prefix[128];
	bool no_huge = has_option(options, "--no-huge");
	int count = 0;

	if (options->eal_count > MAX_ARGUMENTS) {
		log_error("%d EAL arguments; %d is the limit", options->eal_count, MAX_ARGUMENTS);
		return false;
	}
	arguments[count++] = (char *)program;
	if (!has_option(options, "--file-prefix") && !has_option(options, "--in-memory")) {
		snprintf(prefix, sizeof(prefix), "--file-prefix=dyetrace-%s-%d", node,
			(int)getpid());
		arguments[count++] = prefix;
	}
	if (no_huge) {
		if (!has_option(options, "--no-shconf"))
			arguments[count++] = "--no-shconf";
		if (!has_option(options, "--telemetry") && !has_option(options, "--no-telemetry"))
			arguments[count++] = "--no-telemetry";
		if (!allows_devices(options) && !has_option(options, "--no-pci"))
			arguments[count++] = "--no-pci";
	}
	for (int i = 0; i < options->eal_count; i++)
		arguments[count++] = options->eal[i];
	if (rte_eal_init(count, arguments) < 0) {
		log_error("EAL: %s", rte_strerror(rte_errno));
		return false;
	}
	if (no_huge)
		rmdir(rte_eal_get_runtime_dir()); // nothing is in it then
	return true;
}
