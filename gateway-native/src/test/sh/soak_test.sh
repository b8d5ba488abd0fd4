#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Steady traffic through VIPs that stay, while everything else of the configuration changes as fast as the gateway answers: client — router —
# gateway (net_af_packet) and router — server, each in a network namespace.
#   soak_test.sh GATEWAY-BINARY GATEWAYCTL-BINARY SOAK-BINARY [WORKERS [DISPATCHERS]]
# SOAK_SECONDS (15): how long; SOAK_RATE (300): connections a second; SOAK_SEED: of the changes.
# Skips with exit 77 and its reason without root; fails then under REQUIRE_ALL=1.
set -euo pipefail
gateway=$(readlink -f "$1")
ctl=$(readlink -f "$2")
soak=$(readlink -f "$3")
here=$(dirname "$(readlink -f "$0")")
workers=${4:-1}
dispatchers=${5:-0}
seconds=${SOAK_SECONDS:-15}
rate=${SOAK_RATE:-300}
seed=${SOAK_SEED:-$RANDOM}
# Nothing waits longer than this.
[ -n "${SOAK_TIMED:-}" ] || SOAK_TIMED=1 exec timeout -k 30 $((seconds * 2 + 90)) "$0" "$@"
p=dt-gwsoak-$$
work=$(mktemp -d "/tmp/$p.XXXXXX")
pids=()

skip() {
	echo "SKIP: $1"
	[ "${REQUIRE_ALL:-0}" = 1 ] && { echo "REQUIRE_ALL=1: a skip is a failure"; exit 1; }
	exit 77
}

finish() {
	local status=$?
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	for n in client router gw server; do ip netns del "$p-$n" 2>/dev/null || true; done
	[ $status -eq 0 ] || { [ $status -eq 77 ] || tail -20 "$work"/*.log 2>/dev/null || true; }
	rm -rf "$work"
	exit $status
}
trap finish EXIT
trap 'exit 1' TERM INT

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in ip ethtool python3; do
	command -v $tool >/dev/null || skip "$tool is missing"
done

fail() { echo "FAIL: $1"; exit 1; }
ok() { echo "ok: $1"; }
in_ns() { local n=$1; shift; ip netns exec "$p-$n" "$@"; }
control() { "$ctl" --socket "$work/gw.sock" --json "$@"; }

# link NAME N: veth between the router (.1, ::1) and eth0 of NAME (.2, ::2). Offloads off on both ends: the gateway reads what a wire would carry.
link() {
	ip netns add "$p-$1"
	ip link add "v-$1" netns "$p-router" type veth peer name eth0 netns "$p-$1"
	in_ns router ethtool -K "v-$1" tx off tso off gso off gro off >/dev/null
	in_ns "$1" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
	in_ns router sysctl -qw "net.ipv6.conf.v-$1.accept_dad=0" "net.ipv4.conf.v-$1.rp_filter=0"
	in_ns "$1" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	in_ns router ip addr add "198.18.$2.1/24" dev "v-$1"
	in_ns router ip addr add "2001:db8:$2::1/64" dev "v-$1"
	in_ns router ip link set "v-$1" up
	in_ns "$1" ip link set lo up
	in_ns "$1" ip link set eth0 up
}

# host NAME N LAST…
host() {
	local name=$1 n=$2 last
	shift 2
	for last; do
		in_ns "$name" ip addr add "198.18.$n.$last/24" dev eth0
		in_ns "$name" ip addr add "2001:db8:$n::$last/64" dev eth0
	done
	in_ns "$name" ip route add default via "198.18.$n.1"
	in_ns "$name" ip -6 route add default via "2001:db8:$n::1"
}

ip netns add "$p-router"
in_ns router ip link set lo up
in_ns router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
link client 141
link gw 121
link server 131
host client 141 2
host server 131 2 3
in_ns gw sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
in_ns router ip route add 198.19.100.0/22 via 198.18.121.2
in_ns router ip -6 route add 2001:db8:f00::/40 via 2001:db8:121::2

vip() { printf '  - {name: %s, address: "%s", port: 8000, protocol: %s, backends: [{name: rs-%s, address: "%s"}]}\n' "$1" "$2" "$3" "$1" "$4"; }
cat >"$work/gateway.yaml" <<YAML
version: 1
node: gw-soak
tier: clb
workers: $workers
dispatchers: $dispatchers
idle_sleep: 200us
ports:
  - {name: port0, address: 198.18.121.2/24, gateway: 198.18.121.1, address6: "2001:db8:121::2/64", gateway6: "2001:db8:121::1"}
local_addresses: [198.18.121.16, "2001:db8:121::16"]
sessions: {capacity: 65536, timeout_syn: 3s, timeout_established: 6s, timeout_closing: 2s, timeout_reset: 1s, timeout_udp: 2s}
control_socket: $work/gw.sock
telemetry: {directory: $work, ring_records: 4096}
vips:
$(vip v44 198.19.100.44 tcp 198.18.131.2)
$(vip v46 198.19.100.46 tcp 2001:db8:131::2)
$(vip v66 2001:db8:f00::66 tcp 2001:db8:131::2)
$(vip u44 198.19.100.44 udp 198.18.131.2)
$(vip u46 198.19.100.46 udp 2001:db8:131::2)
$(vip u66 2001:db8:f00::66 udp 2001:db8:131::2)
YAML

ip netns exec "$p-server" "$soak" serve 8000 198.18.131.2 198.18.131.3 2001:db8:131::2 2001:db8:131::3 2>"$work/server.log" &
server_pid=$!
pids+=("$server_pid")
# Not through in_ns: a function in the background is a shell, and its pid not the gateway's.
ip netns exec "$p-gw" "$gateway" --config "$work/gateway.yaml" -- --no-huge -m 256 \
	--lcores='0@(0-1),1@(0-1),2@(0-1),3@(0-1)' "--vdev=net_af_packet0,iface=eth0,qpairs=1,framecnt=2048" 2>"$work/gateway.log" &
gw_pid=$!
pids+=("$gw_pid")
for _ in $(seq 100); do
	grep -q ' ready' "$work/gateway.log" && break
	kill -0 "$gw_pid" 2>/dev/null || fail "the gateway did not start"
	sleep 0.1
done
grep -q ' ready' "$work/gateway.log" || fail "the gateway is not ready"

rss_kb() { awk '/^VmRSS/ {print $2}' "/proc/$gw_pid/status"; }
open_files() { find "/proc/$gw_pid/fd" -mindepth 1 | wc -l; }
control counters >"$work/before"
files_before=$(open_files)

ip netns exec "$p-client" "$soak" load "$seconds" "$rate" 8000 198.19.100.44 198.19.100.46 2001:db8:f00::66 >"$work/load" 2>"$work/load.log" &
load_pid=$!
# Packets to a VIP that comes and goes, from one who does not wait for answers.
ip netns exec "$p-client" timeout "$seconds" python3 -c '
import socket, time
while True:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.setblocking(False)
            s.connect_ex(("198.19.101.1", 8000))
            if kind == socket.SOCK_DGRAM:
                s.send(b"x" * 100)
            time.sleep(0.01)
' >"$work/poke.log" 2>&1 &
pids+=("$load_pid" $!)
python3 "$here/soak_churn.py" "$work/gw.sock" "$seconds" "$seed" names >"$work/churn" 2>"$work/churn.log" &
churn_pid=$!
pids+=("$churn_pid")
sleep $((seconds / 2))
kill -0 "$gw_pid" 2>/dev/null || fail "the gateway is gone"
rss_half=$(rss_kb)

status=0
wait "$churn_pid" || status=$?
[ "$status" = 0 ] || fail "wrong answers, SOAK_SEED=$seed: $(cat "$work/churn" "$work/churn.log")"
ok "every change and question was answered as it should be: $(cat "$work/churn")"
wait "$load_pid" || status=$?
kill -0 "$gw_pid" 2>/dev/null || fail "the gateway is gone"
[ "$status" = 0 ] || fail "a connection to a VIP that stayed failed, SOAK_SEED=$seed: $(cat "$work/load"); $(control drops)"
kill -0 "$server_pid" 2>/dev/null || fail "the server saw wrong bytes: $(cat "$work/server.log")"
ok "every connection and byte arrived: $(cat "$work/load")"

# What is left when sessions have ended, and whether the books balance.
cat >"$work/check.py" <<'PY'
import json, sys
before, after, status, churn, load = (json.load(open(f"{sys.argv[1]}/{name}")) for name in ("before", "after", "status", "churn", "load"))
before, after = before["counters"], after["counters"]
stable = {"v44", "v46", "v66", "u44", "u46", "u66"}
explained = {"NO_VIP", "VIP_DISABLED", "NO_BACKEND", "NO_HEALTHY_BACKEND", "NEW_CONNECTION_LIMIT", "PACKET_RATE_LIMIT", "BIT_RATE_LIMIT",
             "VIP_SESSION_LIMIT", "PROTOCOL_UNSUPPORTED", "NON_SYN_NO_SESSION", "NAT_FAIL", "ICMP_UNSUPPORTED", "NOT_FOR_US"}
wrong = []


def check(condition, text):
    if not condition:
        wrong.append(text)


check(after["sessions"] == 0, f'{after["sessions"]} sessions are left')
check(after["mempool_used"] <= before["mempool_used"], f'mempool_used {after["mempool_used"]}, before {before["mempool_used"]}')
there = sum(after["drops"].values()) + after["tx_packets"] + after["packets_consumed"] + after["mempool_used"]
check(after["rx_packets"] + after["packets_made"] == there, f'{after["rx_packets"]} received, {after["packets_made"]} made, {there} accounted for')
check(status["config_version"] == churn["config_version"], f'config_version {status["config_version"]}, not {churn["config_version"]}')
check({v["name"] for v in after["vips"]} == stable, "not exactly the VIPs that stay are left")
for vip in after["vips"]:
    check(not vip["drops"], f'{vip["name"]}: {vip["drops"]}')
    check(vip["forward_packets"] > 0 and vip["reply_packets"] > 0, f'{vip["name"]} had no traffic')
check(set(after["drops"]) <= explained, f'drops that nothing explains: {after["drops"]}')
lost = load["retries"] - load["late"]
check(lost <= after["rx_missed"] - before["rx_missed"], f'{lost} datagrams were lost, {after["rx_missed"]} before RX')
if wrong:
    sys.exit("; ".join(wrong) + f'; drops {after["drops"]}')
print(json.dumps({k: after[k] for k in ("rx_packets", "tx_packets", "packets_made", "packets_consumed", "rx_missed", "drops")}))
PY
# Sessions of VIPs that went end when they run out.
checked=
for _ in $(seq 40); do
	sleep 0.25
	control counters >"$work/after"
	control status >"$work/status"
	if python3 "$work/check.py" "$work" >"$work/checked" 2>&1; then
		checked=1
		break
	fi
done
[ -n "$checked" ] || fail "SOAK_SEED=$seed: $(cat "$work/checked")"
ok "no buffer and no session is left, every packet is accounted for: $(cat "$work/checked")"
[ "$(open_files)" = "$files_before" ] || fail "$(open_files) open files, $files_before before: $(ls -l "/proc/$gw_pid/fd")"
ok "$files_before open files, as before"
rss_end=$(rss_kb)
echo "resident memory: $rss_half kB half way, $rss_end kB at the end"
# A sanitizer keeps what was freed. The allocator settles late; to leak one table a change would be hundreds of MB.
case $(ldd "$gateway") in
*libasan*) ;;
*) [ $((rss_end - rss_half)) -le 32768 ] || fail "resident memory grew from $rss_half to $rss_end kB" ;;
esac
status=0
kill "$gw_pid"
wait "$gw_pid" || status=$?
[ "$status" = 0 ] || fail "exit status $status after SIGTERM"
[ "$(grep -c . "$work/gateway.log")" -lt 50 ] || fail "the log is full: $(tail -3 "$work/gateway.log")"
echo "PASS"
