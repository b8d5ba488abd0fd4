// SPDX-License-Identifier: Apache-2.0
#include "ctl.h"

#include <string.h>

#define VIP_KEYS                                                                                   \
	"name=NAME address=ADDRESS port=PORT protocol=tcp|udp|sctp\n"                              \
	"[enabled=true|false] [mode=full-nat|dnat|tunnel]\n"                                       \
	"[scheduler=maglev|round-robin|least-connections] [tunnel={\"kind\":…,\"local\":…}]\n" \
	"[toa=true|false] [mss_clamp=BYTES] [slow_start=30s] [new_connection_limit=N]\n"           \
	"[limits={\"packets_per_second\":N,\"bits_per_second\":N,\"sessions\":N}]\n"               \
	"[quic={\"layout\":\"katran\"}] [backend=NAME,ADDRESS,PORT[,WEIGHT]]…\n"                 \
	"or one JSON object, or FILE.yaml, FILE.json, or - for standard input"
#define BACKEND_KEYS                                                                               \
	"VIP NAME address=ADDRESS [port=PORT] [weight=0…100] [enabled=true|false]\n"             \
	"[draining=true|false] [server_id=N|0x…]"
#define EIP_KEYS                                                                                   \
	"PUBLIC PRIVATE [name=NAME] [tunnel=NAME] [enabled=true|false]\n"                          \
	"or one JSON object, or FILE.yaml, FILE.json, or - for standard input"
#define PAGE "[limit=N] [cursor=N]"

const struct ctl_command ctl_commands[] = {
	{"status", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "", "node, state, version, ports",
		NULL},
	{"config", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "[secrets=true]",
		"the whole running configuration",
		"[secrets=true]: with the keys of colours and QUIC, which are hidden otherwise"},
	{"state", CTL_PLAIN, NULL, NULL, "state", NULL, {"state"}, "READY | DRAINING",
		"takes the node into or out of service", NULL},
	{"node-limits-set", CTL_PLAIN, NULL, NULL, "sessions", NULL, {"sessions"}, "sessions=N",
		"changes what the node itself takes",
		"sessions=N: of all VIPs together; more are dropped as FLOW_LIMIT, those that "
		"are there go on; 0: none"},
	{"vip-list", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "[secrets=true]",
		"the VIPs and their backends", NULL},
	{"vip-add", CTL_OBJECT, "vip", NULL, NULL, NULL, {"name"}, "KEYS | JSON | FILE | -",
		"adds a VIP", VIP_KEYS},
	{"vip-set", CTL_OBJECT, "vip", NULL, NULL, NULL, {"name"}, "KEYS | JSON | FILE | -",
		"replaces a VIP", VIP_KEYS},
	{"vip-remove", CTL_PLAIN, NULL, NULL, "name", NULL, {"name"}, "NAME", "removes a VIP",
		NULL},
	{"vip-enable", CTL_PLAIN, NULL, NULL, "name", NULL, {"name"}, "NAME",
		"lets a VIP take traffic", NULL},
	{"vip-disable", CTL_PLAIN, NULL, NULL, "name", NULL, {"name"}, "NAME",
		"drops a VIP's traffic as VIP_DISABLED", NULL},
	{"backend-add", CTL_BACKEND, "backend", NULL, "vip name", NULL, {"vip", "name", "address"},
		"VIP KEYS", "adds a backend to a VIP", BACKEND_KEYS},
	{"backend-set", CTL_BACKEND, "backend", NULL, "vip name", NULL, {"vip", "name", "address"},
		"VIP KEYS", "replaces a backend", BACKEND_KEYS},
	{"backend-remove", CTL_PLAIN, NULL, NULL, "vip backend", NULL, {"vip", "backend"},
		"VIP BACKEND", "removes a backend; its sessions go on", NULL},
	{"backend-drain", CTL_PLAIN, NULL, NULL, "vip backend", NULL, {"vip", "backend"},
		"VIP BACKEND", "no new sessions; QUIC connections too go on",
		"VIP BACKEND [draining=false]: and back"},
	{"backend-enable", CTL_PLAIN, NULL, NULL, "vip backend", NULL, {"vip", "backend"},
		"VIP BACKEND", "gives a backend new sessions", NULL},
	{"backend-disable", CTL_PLAIN, NULL, NULL, "vip backend", NULL, {"vip", "backend"},
		"VIP BACKEND", "gives a backend no new sessions", NULL},
	{"limits-set", CTL_LIMITS, "limits", NULL, "vip", NULL, {"vip"}, "VIP KEYS",
		"changes a VIP's limits",
		"VIP [packets_per_second=N] [bits_per_second=N] [sessions=N] "
		"[new_connection_limit=N]\n0: none; what is not given stays"},
	{"eip-list", CTL_PLAIN, NULL, NULL, "public", "eips", {NULL}, "[PUBLIC] " PAGE,
		"the elastic IPs, or one", NULL},
	{"eip-add", CTL_OBJECT, "eip", "eips", "public private", NULL, {"public", "private"},
		"KEYS | JSON | FILE | -", "adds an elastic IP, or a file's list of them", EIP_KEYS},
	{"eip-set", CTL_OBJECT, "eip", NULL, "public private", NULL, {"public", "private"},
		"KEYS | JSON | FILE | -", "replaces an elastic IP", EIP_KEYS},
	{"eip-remove", CTL_PLAIN, NULL, NULL, "public", NULL, {"public"}, "PUBLIC",
		"removes an elastic IP", NULL},
	{"eip-enable", CTL_PLAIN, NULL, NULL, "public", NULL, {"public"}, "PUBLIC",
		"lets an elastic IP take traffic", NULL},
	{"eip-disable", CTL_PLAIN, NULL, NULL, "public", NULL, {"public"}, "PUBLIC",
		"drops an elastic IP's traffic", NULL},
	{"blacklist-list", CTL_PLAIN, NULL, NULL, NULL, "entries", {NULL}, PAGE,
		"the prefixes whose packets are dropped", NULL},
	{"blacklist-add", CTL_OBJECT, "entry", "entries", "prefix expires_after", NULL, {"prefix"},
		"PREFIX [1h] | JSON | FILE | -", "adds a prefix, or a file's list",
		"PREFIX [1h]: for so long, else for ever\n"
		"or one JSON object, or FILE.yaml, FILE.json, or - for standard input: an entry or "
		"a "
		"list"},
	{"blacklist-remove", CTL_PLAIN, NULL, NULL, "prefix", NULL, {"prefix"}, "PREFIX",
		"removes a prefix", NULL},
	{"tunnels", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "", "the tunnels", NULL},
	{"counters", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "",
		"packets, drops, colours, workers", NULL},
	{"drops", CTL_PLAIN, NULL, NULL, "vip", NULL, {NULL}, "[NAME]",
		"drops by VIP or EIP and reason", NULL},
	{"sessions", CTL_PLAIN, NULL, NULL, "vip", NULL, {NULL}, "[VIP] [client=ADDRESS] " PAGE,
		"their number and a page of them",
		"[VIP] [client=ADDRESS] " PAGE
		"\nwhere the answer has a cursor, cursor=… goes on from there"},
	{"workers", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "",
		"each thread: role, packets, poll gap, sessions", NULL},
	{"rings", CTL_PLAIN, NULL, NULL, NULL, NULL, {NULL}, "",
		"how full the telemetry and hand-over rings are", NULL},
};

const size_t ctl_command_count = sizeof(ctl_commands) / sizeof(ctl_commands[0]);

const struct ctl_command *ctl_find_command(const char *name)
{
	for (size_t i = 0; i < ctl_command_count; i++) {
		if (strcmp(ctl_commands[i].name, name) == 0)
			return &ctl_commands[i];
	}
	return NULL;
}
