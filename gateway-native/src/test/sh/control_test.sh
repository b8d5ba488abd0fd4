#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every command of the control socket, on the example configurations and a port that leads nowhere. Arguments: the daemon,
# gatewayctl, the folder of the examples.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" gwctl "$1" "$2"
examples=$3

# json_is EXPRESSION COMMAND…: the answer makes a Python expression on `a` true.
json_is() {
	local expression=$1
	shift
	json "$@" >"$work/answer" || fail "$*: $(cat "$work/answer")"
	python3 -c 'import json, sys; a = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$work/answer" "$expression" ||
		fail "$*: not $expression: $(head -c 600 "$work/answer")"
}

# refused COMPLAINT COMMAND…
refused() {
	local complaint=$1 text status=0
	shift
	text=$(ctl "$@" 2>&1 >/dev/null) || status=$?
	[ "$status" = 1 ] || fail "$*: exit status $status, not 1: $text"
	[[ $text == *"$complaint" ]] || fail "$*: '$text' is not '$complaint'"
}

# Without next hops: nobody would answer, and a gateway waits for them.
start() {
	sed -e "s|^control_socket: .*|control_socket: $work/gw.sock|" -e "s|directory: .*/telemetry|directory: $work|" \
		-e 's/^  capacity: .*/  capacity: 1024/' -e '/^    gateway6*: /d' -e 's/gateway6*: [0-9a-f.:]*,* *//g' "$examples/$1" >"$work/gateway.yaml"
	start_gateway --vdev=net_ring0
}

start gateway.example.yaml
json_is 'a["tier"] == "CLB" and a["workers"] == 2 and a["dispatchers"] == 1 and a["vips"] == 5' status
json_is 'a["ports"][0]["address6"] == "2001:db8:21::2" and a["blacklist_entries"] == 2' status
json_is '[w["role"] for w in a["workers"]] == ["dispatcher", "worker", "worker"]' workers
json_is 'len(a["rings"]["telemetry"]) == 4 and len(a["rings"]["hand_over"]) == 6' rings
json_is '[t["name"] for t in a["tunnels"]] == ["from-eip", "from-edge"] and "remote" not in a["tunnels"][0]' tunnels
json_is 'a["counters"]["toa_told"] == 0 and len(a["counters"]["vips"]) == 5' counters
json_is 'a["drops"] == [] or a["drops"][0]["packets"] > 0' drops
refused "drops: vip: no VIP or EIP 'vip-none'" drops vip-none
json_is 'a["count"] == 0 and a["sessions"] == [] and "cursor" not in a' sessions vip=vip-web client=198.18.41.2
refused "sessions: client: web is not an IPv4 or IPv6 address" sessions client=web
ok "what the node is and does"

# What one gateway says of itself another one can start with.
ctl --json config secrets=true | python3 -c 'import json, sys; json.dump(json.load(sys.stdin)["config"], open(sys.argv[1], "w"))' "$work/config.json"
json_is 'a["config"]["colour"]["keys"][0]["hex"] == "secret" and a["config"]["version"] == a["config_version"] == 1' config
json_is 'a["config"]["vips"][3]["quic"]["configs"][0]["key"] == "secret"' config
stop_gateway
examples_of_before=$examples examples=$work
start config.json
ctl --json config secrets=true | python3 -c 'import json, sys; a = json.load(sys.stdin)["config"]; b = json.load(open(sys.argv[1])); [x["blacklist"][0].pop("expires_after") for x in (a, b)]; sys.exit(a != b)' "$work/config.json" ||
	fail "a configuration differs from the one it was started with"
examples=$examples_of_before
ok "the running configuration starts the same gateway again"

ctl vip-add name=vip-new address=198.19.0.9 port=80 protocol=tcp mode=dnat backend=rs-1-new,198.18.31.2,80,2 >/dev/null
ctl backend-add vip=vip-new name=rs-2-new address=198.18.32.2 weight=3 >/dev/null
ctl backend-set vip=vip-new name=rs-1-new address=198.18.31.2 port=80 weight=5 >/dev/null
ctl backend-drain vip=vip-new backend=rs-2-new >/dev/null
ctl limits-set vip=vip-new packets_per_second=1000 new_connection_limit=7 >/dev/null
ctl limits-set vip-new sessions=9 >/dev/null
json_is 'a["vips"][5] == {"name": "vip-new", "address": "198.19.0.9", "port": 80, "protocol": "tcp", "enabled": True,
	"mode": "dnat", "scheduler": "maglev", "toa": False, "mss_clamp": 0, "slow_start": "0s", "new_connection_limit": 7,
	"limits": {"packets_per_second": 1000, "bits_per_second": 0, "sessions": 9}, "backends": [
	{"name": "rs-1-new", "address": "198.18.31.2", "port": 80, "weight": 5, "enabled": True, "draining": False},
	{"name": "rs-2-new", "address": "198.18.32.2", "port": 80, "weight": 3, "enabled": True, "draining": True}]}' vip-list
ctl backend-drain vip=vip-new backend=rs-2-new draining=false >/dev/null
ctl backend-disable vip-new rs-2-new >/dev/null
json_is '[(b["enabled"], b["draining"]) for b in a["vips"][5]["backends"]] == [(True, False), (False, False)]' vip-list
ctl backend-enable vip=vip-new backend=rs-2-new >/dev/null
ctl backend-remove vip=vip-new backend=rs-1-new >/dev/null
json_is '[b["name"] for b in a["vips"][5]["backends"]] == ["rs-2-new"]' vip-list
ctl vip-disable vip-new >/dev/null
json_is 'not a["vips"][5]["enabled"]' vip-list
ctl vip-enable vip-new >/dev/null
printf 'name: vip-new\naddress: 198.19.0.9\nport: 81\nprotocol: tcp\nbackends:\n  - {name: rs-9, address: 198.18.39.2}\n' | ctl vip-set - >/dev/null
json_is 'a["vips"][5]["port"] == 81 and a["vips"][5]["backends"][0]["port"] == 81' vip-list
ctl vip-remove vip-new >/dev/null
json_is 'len(a["vips"]) == 5' vip-list
json_is 'a["drops"] == []' drops vip-new # its name keeps its place
json_is 'a["config_version"] == 15' status
ok "VIPs, backends and limits change one by one"

refused "vip-add: vip.port: 70000 is not within 1 and 65535" vip-add name=v address=198.19.0.9 port=70000 protocol=tcp
refused "vip-add: vip.backends[0].wait: unknown key" vip-add '{"name":"v","address":"198.19.0.9","port":1,"protocol":"tcp","backends":[{"name":"b","address":"198.18.31.2","wait":1}]}'
refused "vip-add: vip.port: is not an integer" vip-add '{"name":"v","address":"198.19.0.9","port":"80","protocol":"tcp"}'
refused "backend-add: backend.name: VIP 'vip-web' has another backend 'rs-1-web'" backend-add vip=vip-web name=rs-1-web address=198.18.31.9
refused "backend-add: vip: no VIP 'vip-none'" backend-add vip=vip-none name=b address=198.18.31.9
refused "limits-set: limits.bits_per_second: -1 is not within 0 and 1000000000000" limits-set vip=vip-web bits_per_second=-1
refused "limits-set: limits: is missing (or new_connection_limit)" limits-set vip=vip-web
refused "vip-set: vip.quic.configs[0].key: the value has not 32 hexadecimal digits" vip-set '{"name":"vip-quic","address":"198.19.0.6","port":443,"protocol":"udp","quic":{"layout":"quic-lb","configs":[{"id":0,"server_id_bytes":2,"nonce_bytes":6,"key":"secret"}]}}'
refused "eip-list: tier: clb has no EIPs" eip-list
json_is 'a["config_version"] == 15' status
ok "wrong requests are refused with their key and change nothing"

json_is 'a["session_limit"] == 0' status
ctl node-limits-set sessions=100 >/dev/null
json_is 'a["session_limit"] == 100 and a["config_version"] == 16' status
json_is 'a["config"]["sessions"]["limit"] == 100 and a["config"]["sessions"]["capacity"] == 1024' config
refused "node-limits-set: sessions: 2049 is not within 0 and 2048" node-limits-set sessions=2049
refused "node-limits-set: sessions: 1 is less than one for each of 2 workers" node-limits-set sessions=1
refused "node-limits-set: sessions: is not an integer" node-limits-set sessions=few
ctl node-limits-set --help | grep -q 'sessions=N: of all VIPs together' || fail "node-limits-set --help"
json_is 'a["session_limit"] == 100 and a["config_version"] == 16' status
ctl node-limits-set sessions=0 >/dev/null
json_is 'a["session_limit"] == 0 and a["config_version"] == 17' status
ok "the node's own limit changes at run time"

ctl blacklist-add 203.0.113.0/24 2s >/dev/null
ctl blacklist-add '[{"prefix":"203.0.113.7/32"},{"prefix":"2001:db8:1::/48","expires_after":"1h"}]' >/dev/null
json_is 'a["count"] == 5 and len(a["entries"]) == 5' blacklist-list
json_is 'len(a["entries"]) == 2 and a["cursor"] > 0' blacklist-list limit=2
refused "blacklist-add: entries[1].prefix: 203.0.113.8 is not an address and a prefix length, as in 10.0.0.1/24" \
	blacklist-add '[{"prefix":"203.0.114.0/24"},{"prefix":"203.0.113.8"}]'
json_is 'a["count"] == 5' blacklist-list
ctl blacklist-remove 203.0.113.7/32 >/dev/null
refused "blacklist-remove: prefix: no entry 203.0.113.7/32" blacklist-remove 203.0.113.7/32
sleep 2.3
json_is 'a["count"] == 3' blacklist-list
python3 -c 'for n in range(10000): print(f"- {{prefix: 10.{n >> 8}.{n & 255}.0/24}}")' >"$work/list.yaml"
ctl blacklist-add "$work/list.yaml" >/dev/null
json_is 'a["count"] == 10003 and len(a["entries"]) == 10003' blacklist-list
json_is 'a["left_out"] == ["blacklist"]' config
ok "the blacklist: one and many entries, expiry, pages"

ctl state DRAINING >/dev/null
json_is 'a["state"] == "DRAINING"' status
refused "state: state: 'ASLEEP' is not READY or DRAINING" state ASLEEP
ctl vip-list >"$work/answer"
grep -q 'vip-web backends:' "$work/answer" || fail "no table of backends for people"
grep -q 'vip-web limits: packets_per_second 0, ' "$work/answer" || fail "limits are not in one line"
grep -q ' $' "$work/answer" && fail "a line for people ends in blanks"
for command in $("$gatewayctl" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
	"$gatewayctl" "$command" --help | grep -q "Usage: .* $command" || fail "$command --help"
done
for wrong in "no-such" "vip-add {" "backend-add vip=v" "status x" "vip-remove" "vip-remove a b" "backend-remove a b c"; do
	status=0
	# shellcheck disable=SC2086 # its words
	ctl $wrong >/dev/null 2>&1 || status=$?
	[ "$status" = 2 ] || fail "$wrong: exit status $status, not 2"
done
stop_gateway
ok "for people: tables, help, exit statuses"

start gateway-eip.example.yaml
json_is 'a["tier"] == "EIP" and a["eips"] == 3 and a["session_capacity"] == 0' status
refused "node-limits-set: sessions: 50 for tier eip, which has no sessions" node-limits-set sessions=50
json_is 'a["eips"][0] == {"name": "vip-web", "public": "203.0.113.1", "private": "10.1.0.1", "tunnel": "to-clb", "enabled": True}' eip-list 203.0.113.1
ctl eip-add public=203.0.113.9 private=10.1.0.9 tunnel=to-clb name=vip-web >/dev/null
refused "eip-add: eip.private: 10.1.0.9 or public 203.0.113.10 is another EIP's" eip-add public=203.0.113.10 private=10.1.0.9
refused "eip-add: eip.tunnel: no tunnel 'none'" eip-add public=203.0.113.10 private=10.1.0.10 tunnel=none
refused "eip-add: eips[1].private: 10.1.0.9 or public 203.0.113.12 is another EIP's" \
	eip-add '[{"public":"203.0.113.11","private":"10.1.0.11"},{"public":"203.0.113.12","private":"10.1.0.9"}]'
refused "eip-list: public: no EIP 203.0.113.11" eip-list 203.0.113.11
ctl eip-set public=203.0.113.9 private=10.1.0.19 >/dev/null
json_is 'a["eips"] == [{"public": "203.0.113.9", "private": "10.1.0.19", "enabled": True}]' eip-list 203.0.113.9
ctl eip-disable 203.0.113.9 >/dev/null
json_is 'not a["eips"][0]["enabled"]' eip-list 203.0.113.9
ctl eip-enable 203.0.113.9 >/dev/null
ctl eip-remove 203.0.113.9 >/dev/null
refused "eip-remove: public: no EIP 203.0.113.9" eip-remove 203.0.113.9
python3 -c 'for n in range(9000): print(f"- {{public: 100.64.{n >> 8}.{n & 255}, private: 10.9.{n >> 8}.{n & 255}}}")' >"$work/eips.yaml"
ctl eip-add "$work/eips.yaml" >/dev/null
json_is 'a["count"] == 9003 and len(a["eips"]) == 9003 and len({e["public"] for e in a["eips"]}) == 9003' eip-list
json_is 'a["config_version"] == 9' status
json_is '{v["name"] for v in a["counters"]["vips"]} == {"vip-web", "web6"}' counters
refused "vip-add: vip: tier eip has none" vip-add name=v address=198.19.0.9 port=80 protocol=tcp
stop_gateway
ok "EIPs: one and many, pages, names"
echo "PASS"
