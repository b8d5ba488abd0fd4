#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Steady traffic through VIPs that stay, while everything else of the configuration changes as fast as the gateway answers: client — router —
# gateway (net_af_packet) and router — server, each in a network namespace.
#   soak_test.sh GATEWAY-BINARY GATEWAYCTL-BINARY SOAK-BINARY [WORKERS [DISPATCHERS]]
# SOAK_SECONDS (15): how long; SOAK_RATE (300): connections a second; SOAK_SEED: of the changes.
# Skips with exit 77 and its reason without root; fails then under REQUIRE_ALL=1.
set -euo pipefail
soak=$(readlink -f "$3")
here=$(dirname "$(readlink -f "$0")")
workers=${4:-1}
dispatchers=${5:-0}
seconds=${SOAK_SECONDS:-15}
rate=${SOAK_RATE:-300}
seed=${SOAK_SEED:-$RANDOM}
# Nothing waits longer than this.
[ -n "${SOAK_TIMED:-}" ] || SOAK_TIMED=1 exec timeout -k 30 $((seconds * 2 + 90)) "$0" "$@"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" gwsoak "$1" "$2"
need ip ethtool python3

make_network
in_ns server ip addr add 198.18.131.3/24 dev eth0
in_ns server ip addr add 2001:db8:131::3/64 dev eth0
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
listening server tcp 8000
start_gateway --vdev=net_af_packet0,iface=eth0,qpairs=1,framecnt=2048

rss_kb() { awk '/^VmRSS/ {print $2}' "/proc/$gw_pid/status"; }
open_files() { find "/proc/$gw_pid/fd" -mindepth 1 | wc -l; }
json counters >"$work/before"
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
python3 "$here/soak_churn.py" "$work/gw.sock" "$seconds" "$seed" names >"$work/churn" 2>"$work/churn.log" &
churn_pid=$!
sleep $((seconds / 2))
kill -0 "$gw_pid" 2>/dev/null || fail "the gateway is gone"
rss_half=$(rss_kb)

status=0
wait "$churn_pid" || status=$?
[ "$status" = 0 ] || fail "wrong answers, SOAK_SEED=$seed: $(cat "$work/churn" "$work/churn.log")"
ok "every change and question was answered as it should be: $(cat "$work/churn")"
wait "$load_pid" || status=$?
kill -0 "$gw_pid" 2>/dev/null || fail "the gateway is gone"
[ "$status" = 0 ] || fail "a connection to a VIP that stayed failed, SOAK_SEED=$seed: $(cat "$work/load"); $(json drops)"
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
	json counters >"$work/after"
	json status >"$work/status"
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
stop_gateway
[ "$(grep -c . "$work/gateway.log")" -lt 50 ] || fail "the log is full: $(tail -3 "$work/gateway.log")"
echo "PASS"
