#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every mode on real packets, both families: client — router — gateway (net_af_packet) and router — server, each in a network namespace.
#   network_modes_test.sh GATEWAY-BINARY GATEWAYCTL-BINARY [WORKERS [DISPATCHERS]]
# Skips with exit 77 and its reason without root; fails then under REQUIRE_ALL=1.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" gwmodes "$1" "$2"
workers=${3:-1}
dispatchers=${4:-0}
need ip ethtool curl python3 ping

make_network
for vip in 44 46 88 90; do in_ns router ip route add 198.19.100.$vip via 198.18.121.2; done
for vip in 64 66; do in_ns router ip -6 route add 2001:db8:f00::$vip via 2001:db8:121::2; done
# DNAT: the backend's way to its clients leads through the gateway.
in_ns router ip rule add iif v-server to 198.18.141.0/24 sport 8088 lookup 88
in_ns router ip route add default via 198.18.121.2 table 88
# Tunnel: the backend takes the encapsulated packets and answers as the VIP.
in_ns server ip link add vx100 address 02:00:00:00:00:01 type vxlan id 100 local 198.18.131.2 dstport 4789 nolearning 2>"$work/vxlan.log" && vxlan=1 || vxlan=0
if [ "$vxlan" = 1 ]; then
	in_ns server sysctl -qw net.ipv4.conf.vx100.rp_filter=0
	in_ns server ip link set vx100 up
	in_ns server ip addr add 198.19.100.90/32 dev lo
fi

backend4='{name: rs4-NAME, address: 198.18.131.2, port: 8000}'
backend6='{name: rs6-NAME, address: "2001:db8:131::2", port: 8000}'
vip() { printf '  - {name: %s, address: "%s", port: 80, protocol: tcp, %s, backends: [%s]}\n' "$1" "$2" "$3" "${4//NAME/$1}"; }
cat > "$work/gateway.yaml" <<YAML
version: 1
node: gw-modes
tier: clb
workers: $workers
dispatchers: $dispatchers
idle_sleep: 200us
ports:
  - {name: port0, address: 198.18.121.2/24, gateway: 198.18.121.1, address6: "2001:db8:121::2/64", gateway6: "2001:db8:121::1"}
local_addresses: [198.18.121.16, "2001:db8:121::16"]
sessions: {capacity: 4096}
control_socket: $work/gw.sock
telemetry: {directory: $work, ring_records: 4096, drop_sample_share: 1}
vips:
$(vip v44 198.19.100.44 "toa: true" "$backend4")
$(vip v46 198.19.100.46 "toa: true" "$backend6")
$(vip v64 2001:db8:f00::64 "toa: true" "$backend4")
$(vip v66 2001:db8:f00::66 "toa: false" "$backend6")
$(vip v88 198.19.100.88 "mode: dnat" '{name: rs-dnat, address: 198.18.131.2, port: 8088}')
$(vip v90 198.19.100.90 "mode: tunnel, tunnel: {kind: vxlan, id: 100, local: 198.18.121.2}" '{name: rs-vxlan, address: 198.18.131.2}')
YAML

head -c 5242880 /dev/urandom > "$work/file"
mkdir "$work/www" && mv "$work/file" "$work/www/file"
for port in 8000 8088 80; do
	ip netns exec "$p-server" python3 -m http.server -d "$work/www" --bind :: $port >"$work/http-$port.log" 2>&1 &
done

listening server tcp 8000 8088 80

start_gateway --vdev=net_af_packet0,iface=eth0,qpairs=1
ok "the gateway is ready"

in_ns client ping -c 2 -i 0.2 -W 1 2001:db8:f00::64 >"$work/ping.log" || fail "an IPv6 VIP does not answer ping"
in_ns client ping -c 1 -W 1 2001:db8:121::2 >>"$work/ping.log" || fail "the IPv6 port address does not answer ping"
ok "IPv6 VIP and port address answer ping"

fetch() {
	in_ns client curl -gsS -m 20 -o "$work/received" "http://$1/file" || fail "no download through $1 ($2)"
	cmp "$work/www/file" "$work/received" || fail "the download through $1 ($2) differs"
	ok "5 MB arrive unchanged: $2"
}
fetch 198.19.100.44 "full NAT, IPv4 to IPv4, TOA"
fetch 198.19.100.46 "full NAT, IPv4 to IPv6, TOA"
fetch '[2001:db8:f00::64]' "full NAT, IPv6 to IPv4, TOA"
fetch '[2001:db8:f00::66]' "full NAT, IPv6 to IPv6"
fetch 198.19.100.88 "DNAT"
grep -q '198.18.141.2' "$work/http-8088.log" || fail "the DNAT backend does not see the client's address"
ok "the DNAT backend sees the client's address"
if [ "$vxlan" = 1 ]; then
	fetch 198.19.100.90 "tunnel (VXLAN), answered directly"
	grep -q '198.18.141.2' "$work/http-80.log" || fail "the tunnelled backend does not see the client's address"
	ok "the tunnelled backend sees the client's address"
	# Up: the client's large segments meet the tunnel's MTU, learn it, and pass.
	in_ns client timeout 20 python3 - <<'PY' || fail "a large request does not pass the tunnel"
import socket
s = socket.create_connection(("198.19.100.90", 80), 5)
s.settimeout(10)
s.sendall(b"GET / HTTP/1.0\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 4000) for n in range(15)) + b"\r\n")
assert s.recv(15).startswith(b"HTTP/1.0 200")
PY
	ok "a large request passes the tunnel"
else
	echo "no VXLAN in this kernel: the tunnel is left out"
fi
counters=$(json counters)
for reason in MALFORMED_IP MALFORMED_TCP BAD_CHECKSUM NO_NEIGHBOUR NAT_FAIL TUNNEL_ENCAP_FAIL; do
	grep -q "\"$reason\": *[1-9]" <<<"$counters" && fail "packets were dropped: $reason"
done
ok "nothing was dropped that should pass"
if [ $((workers + dispatchers)) -gt 1 ]; then
	grep -q '"handed_over": *[1-9]' <<<"$counters" || fail "no packet was handed over between workers"
	ok "packets are handed over"
fi
stop_gateway
echo "PASS"
