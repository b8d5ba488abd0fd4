# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the running gateway share: . lib.sh NAME GATEWAY-BINARY GATEWAYCTL-BINARY
# Sets p, the prefix of the test's network namespaces, and work, a folder of its own. However the test ends, they go, and so does every process
# it left in the background.
p=dt-$1-$$
gateway=$(readlink -f "$2")
gatewayctl=$(readlink -f "$3")
work=$(mktemp -d "/tmp/$p.XXXXXX")
namespaces=()
trap finish EXIT
trap 'exit 1' HUP INT TERM

# A prerequisite is missing: exit status 77 tells meson so. With REQUIRE_ALL=1 nothing may be missing.
skip() {
	echo "SKIP: $1"
	[ "${REQUIRE_ALL:-0}" = 1 ] && { echo "REQUIRE_ALL=1: a skip is a failure"; exit 1; }
	exit 77
}

fail() { echo "FAIL: $*"; exit 1; }
ok() { echo "ok: $*"; }

# need TOOL…: root, and these.
need() {
	[ "$(id -u)" = 0 ] || skip "network namespaces need root"
	local tool
	for tool in "$@" ss; do
		command -v "$tool" >/dev/null || skip "$tool is missing"
	done
}

finish() {
	local status=$? pid name
	trap '' HUP INT TERM
	for pid in $(jobs -p); do kill -CONT "$pid" 2>/dev/null || true; kill "$pid" 2>/dev/null || true; done
	for pid in $(jobs -p); do end "$pid"; done
	for name in "${namespaces[@]}"; do ip netns del "$p-$name" 2>/dev/null || true; done
	[ $status -eq 0 ] || [ $status -eq 77 ] || tail -20 "$work"/*.log 2>/dev/null || true
	rm -rf "$work"
	exit $status
}

# end PID: waits until a process that was told to go is gone; after 10 s it has to.
end() {
	local _
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# namespace NAME
namespace() {
	namespaces+=("$1")
	ip netns add "$p-$1"
	in_ns "$1" ip link set lo up
}

# in_ns NAME COMMAND…: not for the background; a function there is a shell, and its pid not the command's.
in_ns() { local n=$1; shift; ip netns exec "$p-$n" "$@"; }

# link NAME N: veth between the router (.1, ::1 of 198.18.N.0/24 and 2001:db8:N::/64) and eth0 of NAME. Offloads off on both ends: the gateway
# reads what a wire would carry.
link() {
	namespace "$1"
	ip link add "v-$1" netns "$p-router" type veth peer name eth0 netns "$p-$1"
	in_ns router ethtool -K "v-$1" tx off tso off gso off gro off >/dev/null
	in_ns "$1" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
	in_ns router sysctl -qw "net.ipv6.conf.v-$1.accept_dad=0" "net.ipv4.conf.v-$1.rp_filter=0"
	in_ns "$1" sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
	# The gateway's port belongs to the gateway.
	[ "$1" != gw ] || in_ns gw sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	in_ns router ip addr add "198.18.$2.1/24" dev "v-$1"
	in_ns router ip addr add "2001:db8:$2::1/64" dev "v-$1"
	in_ns router ip link set "v-$1" up
	in_ns "$1" ip link set eth0 up
}

# host NAME N: .2 and ::2 on the same link.
host() {
	in_ns "$1" ip addr add "198.18.$2.2/24" dev eth0
	in_ns "$1" ip addr add "2001:db8:$2::2/64" dev eth0
	in_ns "$1" ip route add default via "198.18.$2.1"
	in_ns "$1" ip -6 route add default via "2001:db8:$2::1"
}

# client (141) — router — gw (121) and router — server (131), each in a namespace; the gateway is to be .2 and ::2 like the hosts.
make_network() {
	namespace router
	in_ns router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
	link client 141
	link gw 121
	link server 131
	host client 141
	host server 131
}

# listening NAME tcp|udp PORT…: waits until servers in the namespace do.
listening() {
	local name=$1 options=-Hltn port _
	[ "$2" = tcp ] || options=-Hlun
	shift 2
	for port; do
		for _ in $(seq 100); do
			in_ns "$name" ss $options "sport = :$port" | grep -q . && continue 2
			sleep 0.1
		done
		fail "nobody listens on port $port"
	done
}

# start_gateway EAL-ARG…: with $work/gateway.yaml, which names $work/gw.sock, in the namespace gw if there is one. Sets gw_pid.
start_gateway() {
	local within=() _
	[ ! -e "/run/netns/$p-gw" ] || within=(ip netns exec "$p-gw")
	: >"$work/gateway.log" # the one before was ready too
	"${within[@]}" "$gateway" --config "$work/gateway.yaml" -- --no-huge -m 256 \
		--lcores='0@(0-1),1@(0-1),2@(0-1),3@(0-1)' "$@" 2>"$work/gateway.log" &
	gw_pid=$!
	for _ in $(seq 150); do
		grep -q ' ready' "$work/gateway.log" && return
		kill -0 "$gw_pid" 2>/dev/null || fail "the gateway did not start"
		sleep 0.1
	done
	fail "the gateway is not ready"
}

stop_gateway() {
	local status=0
	kill "$gw_pid"
	wait "$gw_pid" || status=$?
	[ "$status" = 0 ] || fail "exit status $status after SIGTERM"
}

ctl() { "$gatewayctl" --socket "$work/gw.sock" "$@"; }
json() { ctl --json "$@"; }
