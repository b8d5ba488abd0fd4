#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The daemon on real packets: client — router — gateway (net_af_packet) and router — server, each in a network namespace.
#   network_test.sh GATEWAY-BINARY GATEWAYCTL-BINARY RINGTOOL-BINARY [WORKERS [QUEUES]]
# Skips with exit 77 and its reason without root; fails then under REQUIRE_ALL=1.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" gwtest "$1" "$2"
ringtool=$(readlink -f "$3")
workers=${4:-1}
queues=${5:-1}
need ip ethtool curl python3 ping

make_network
in_ns router ip route add 198.19.100.1 via 198.18.121.2

cat > "$work/gateway.yaml" <<YAML
version: 1
node: gw-test
tier: clb
workers: $workers
idle_sleep: 200us
ports:
  - {name: port0, address: 198.18.121.2/24, gateway: 198.18.121.1}
local_addresses: [198.18.121.16]
sessions: {capacity: 4096}
control_socket: $work/gw.sock
telemetry: {directory: $work, ring_records: 4096, drop_sample_share: 1}
vips:
  - name: vip-web
    address: 198.19.100.1
    port: 80
    protocol: tcp
    backends:
      - {name: rs-1-web, address: 198.18.131.2, port: 8000}
  - name: vip-echo
    address: 198.19.100.1
    port: 7
    protocol: udp
    backends:
      - {name: rs-1-echo, address: 198.18.131.2, port: 7007}
YAML

head -c 10485760 /dev/urandom > "$work/file"
mkdir "$work/www" && mv "$work/file" "$work/www/file"
ip netns exec "$p-server" python3 -m http.server -d "$work/www" 8000 >"$work/http.log" 2>&1 &
ip netns exec "$p-server" python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("198.18.131.2", 7007))
while True:
    data, peer = s.recvfrom(2048)
    s.sendto(data, peer)
' >/dev/null 2>&1 &

listening server tcp 8000
listening server udp 7007

port=--vdev=net_af_packet0,iface=eth0,qpairs=$queues
start_gateway "$port"
ok "the gateway is ready"

in_ns client ping -c 3 -i 0.2 -W 1 198.19.100.1 >"$work/ping.log" || fail "the VIP does not answer ping"
in_ns client ping -c 1 -W 1 198.18.121.2 >>"$work/ping.log" || fail "the port address does not answer ping"
in_ns client ping -c 1 -W 1 198.18.121.16 >>"$work/ping.log" || fail "the local address does not answer ping"
ok "VIP, port address and local address answer ping"

in_ns client curl -sS -m 20 -o "$work/received" http://198.19.100.1/file || fail "no download through the VIP"
cmp "$work/www/file" "$work/received" || fail "the download differs"
ok "10 MB over TCP arrive unchanged"

in_ns client python3 - <<'PY' || fail "UDP does not come back"
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
for n in (1, 100, 1400):
    s.sendto(b"x" * n, ("198.19.100.1", 7))
    assert s.recvfrom(2048)[0] == b"x" * n
PY
ok "UDP comes back"

sessions=$(json sessions vip=vip-echo client=198.18.141.2)
[[ $sessions == *'"client_address":"198.18.141.2"'*'"backend":"rs-1-echo"'*'"state":"UDP"'* ]] || fail "the session is not shown: $sessions"
[[ $(json sessions vip=vip-echo client=198.18.141.3) == *'"sessions":[]'* ]] || fail "sessions of another client are shown"
ok "sessions are shown by VIP and client"

in_ns client python3 - <<'PY' || fail "a port that nobody listens on is not refused"
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.settimeout(0.5)
try:
    s.connect(("198.19.100.1", 81))
    raise SystemExit(1)
except socket.timeout:
    pass
PY
json counters | grep -q '"NO_VIP": *[1-9]' || fail "no NO_VIP is counted"
ok "an unknown port is dropped as NO_VIP and counted"

# The complaint quotes 60 bytes of the key: half of its last character.
half=$(printf 'a%.0s' $(seq 59))é
complaint=$(json vip-add '{"name":"vip-x","address":"198.19.100.9","port":80,"protocol":"tcp","'"$half"'":1}' 2>&1 || true)
[[ $complaint == *"unknown key"* ]] || fail "no answer to a command whose complaint cuts a character in two: $complaint"
ok "a complaint that cuts a character in two arrives"

# A change at run time, under load: not one request fails.
# shellcheck disable=SC2016 # for the shell inside
ip netns exec "$p-client" bash -c 'for i in $(seq 60); do curl -sS -m 5 -o /dev/null -r 0-1000 http://198.19.100.1/file || exit 1; done' &
load=$!
for i in $(seq 20); do
	json vip-set '{"name":"vip-web","address":"198.19.100.1","port":80,"protocol":"tcp","new_connection_limit":'$((1000 + i))',"backends":[{"name":"rs-1-web","address":"198.18.131.2","port":8000}]}' >/dev/null
done
wait $load || fail "a request failed during changes"
json status | grep -q '"config_version": *21' || fail "config_version is not 21 after 20 changes"
ok "20 changes under load: no request fails"

# Backends come, drain and go, the one that serves included; both are the same server.
# shellcheck disable=SC2016 # for the shell inside
ip netns exec "$p-client" bash -c 'for i in $(seq 60); do curl -sS -m 5 -o /dev/null -r 0-1000 http://198.19.100.1/file || exit 1; done' &
load=$!
for _ in $(seq 6); do
	json backend-add vip=vip-web name=rs-2-web address=198.18.131.2 port=8000 >/dev/null
	json backend-drain vip=vip-web backend=rs-1-web >/dev/null
	json backend-remove vip=vip-web backend=rs-1-web >/dev/null
	json backend-add vip=vip-web name=rs-1-web address=198.18.131.2 port=8000 >/dev/null
	json backend-remove vip=vip-web backend=rs-2-web >/dev/null
done
wait $load || fail "a request failed while backends came and went"
ok "backends come and go under load: no request fails"

json vip-remove vip-web >/dev/null
in_ns client curl -s -m 1 -o /dev/null http://198.19.100.1/file && fail "a removed VIP still serves"
ok "a removed VIP serves no more"

# Stopped for half a second while packets come: the poll gap and the losses before RX show it.
rx_missed() { json counters | grep -o '"rx_missed": *[0-9]*' | grep -o '[0-9]*$'; }
before=$(rx_missed)
kill -STOP "$gw_pid"
in_ns client python3 - <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3000):
    s.sendto(b"x" * 64, ("198.19.100.1", 7))
PY
kill -CONT "$gw_pid"
sleep 1.2
missed=$(($(rx_missed) - before))
# The socket's ring holds 512 frames.
[ "$missed" -ge 2000 ] || fail "of 3000 packets to a stopped gateway only $missed count as lost before RX"
ok "losses before RX are counted: $missed of 3000"
kill -STOP "$gw_pid"
sleep 0.5
kill -CONT "$gw_pid"
sleep 2.2
gap=$("$ringtool" dump "$work"/gw-test-*.rings | grep -o '"longest_poll_gap_ns":[0-9]*' | tail -$((3 * workers)) | cut -d: -f2 | sort -n | tail -1)
[ "$gap" -gt 450000000 ] || fail "a stop of 500 ms shows as a poll gap of $gap ns"
ok "a stop of 500 ms shows as a poll gap of $((gap / 1000000)) ms"
actions=$("$ringtool" dump "$work"/gw-test-*.rings | grep '"type":"node_actions"' | tail -1)
[[ $actions =~ '"packets_made":'[1-9] ]] || fail "the telemetry file does not tell what the node did: $actions"
ok "the telemetry file tells what the node did beside passing packets on"
if [ "$workers" -gt 1 ]; then
	json counters | grep -q '"handed_over": *[1-9]' || fail "no packet was handed over between workers"
	ok "packets are handed over between workers"
fi

if in_ns gw "$gateway" --config "$work/gateway.yaml" -- --no-huge -m 256 --vdev=net_null0 2>"$work/second.log"; then
	fail "a second daemon took the control socket"
fi
grep -q 'another gateway' "$work/second.log" || fail "the second daemon does not say why"
ok "a second daemon on the same control socket is refused"

kill -9 "$gw_pid"
wait "$gw_pid" 2>/dev/null || true
start_gateway "$port"
in_ns client curl -sS -m 5 -o /dev/null -r 0-1000 http://198.19.100.1/file || fail "no service after a crash and a start"
ok "takes over the control socket of a dead one"

grep VmHWM "/proc/$gw_pid/status"
stop_gateway
[ ! -e "$work/gw.sock" ] || fail "the control socket is left behind"
ok "SIGTERM: exit status 0, no socket left"
echo "PASS"
