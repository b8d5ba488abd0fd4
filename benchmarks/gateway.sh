#!/usr/bin/env bash
# Measures what a packet costs the gateway: every case of both tiers, on one core without a card. Writes benchmarks/results/gateway.md
# and gateway.json: one line a case, with the floor of the same run and the goal.
#   benchmarks/gateway.sh [SECONDS [RUNS]]
# SECONDS: of measuring, for each figure (1). RUNS: of each case (3); the one with the lowest median is reported, as others of the machine
# only add to it. The machine should be idle.
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
home=$PWD
seconds=${1:-1}
runs=${2:-3}
build=$home/gateway-native/build
bench=$build/dyetrace-gateway-bench
[ -x "$bench" ] || { echo "gateway.sh: the bench is not built; run 'make build'" >&2; exit 2; }
ninja -C "$build" dyetrace-gateway-bench-no-prefetch >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# name | goals (metric<=limit, …) | program's suffix | arguments
cases=$(sed 's/ *| */|/g' <<'CASES'
EIP, VXLAN, 1 mapping                  | ns_per_packet<=20                   |              | --tier eip --flows 1
EIP, VXLAN, 100 k mappings             |                                     |              | --tier eip --flows 100000
EIP, VXLAN, 1 M mappings               | ns_per_packet<=45                   |              | --tier eip --flows 1000000
EIP, VXLAN, 10 M mappings              |                                     |              | --tier eip --flows 10000000
EIP, NAT alone, 1 mapping              | ns_per_packet<=20                   |              | --tier eip --encap none --flows 1
EIP, NAT alone, 1 M mappings           | ns_per_packet<=45                   |              | --tier eip --encap none --flows 1000000
EIP, VXLAN, replies, 1 M mappings      |                                     |              | --tier eip --flows 1000000 --direction reply
EIP, VXLAN, IPv6, 1 M mappings         |                                     |              | --tier eip --flows 1000000 --ipv6
CLB, full NAT, 1 flow                  | ns_per_packet<=38                   |              | --flows 1
CLB, full NAT, 1 k flows               |                                     |              | --flows 1000
CLB, full NAT, 100 k flows             | ns_per_packet<=45 new_connection_ns_per_packet<=150 limited_syn_ns_per_packet<=50 | | --flows 100000
CLB, full NAT, 1 M flows               | ns_per_packet<=70 box_p99_us<=60    |              | --flows 1000000
CLB, full NAT, 10 M flows              | ns_per_packet<=100                  |              | --flows 10000000
CLB, full NAT, replies, 1 flow         |                                     |              | --flows 1 --direction reply
CLB, full NAT, replies, 1 M flows      |                                     |              | --flows 1000000 --direction reply
CLB, DNAT, 1 M flows                   |                                     |              | --flows 1000000 --mode dnat
CLB, tunnel, 1 M flows                 |                                     |              | --flows 1000000 --mode tunnel
CLB, full NAT, IPv6, 1 M flows         |                                     |              | --flows 1000000 --ipv6
CLB, 0.1 % coloured, 100 k flows       | coloured_instructions_ratio<=1.01   |              | --flows 100000 --coloured 0.001
CLB, all coloured, 100 k flows         | coloured_instructions_ratio<=1.40   |              | --flows 100000 --coloured 1
CLB, 512 B, 1 M flows                  | ns_per_packet<=70                   |              | --flows 1000000 --packet-size 512
CLB, 512 B, 1 M flows, no prefetch     |                                     | -no-prefetch | --flows 1000000 --packet-size 512
EIP, 512 B, 1 M mappings               | ns_per_packet<=45                   |              | --tier eip --flows 1000000 --packet-size 512
EIP, 512 B, 1 M mappings, no prefetch  |                                     | -no-prefetch | --tier eip --flows 1000000 --packet-size 512
CLB, dispatcher alone, 1 M flows       |                                     |              | --role dispatcher --flows 1000000
CLB, worker alone, 1 M flows           |                                     |              | --role worker --flows 1000000
CASES
)

load=$(cut -d' ' -f1-3 /proc/loadavg)
while IFS='|' read -r name goals suffix arguments; do
	echo "gateway.sh: $name" >&2
	for ((i = 0; i < runs; i++)); do
		read -ra words <<<"$arguments"
		line=$("$bench$suffix" "${words[@]}" --seconds "$seconds" --json 2>"$work/error" | tail -1) || true
		[ -n "$line" ] || { cat "$work/error" >&2; continue; }
		printf '{"case": "%s", "goals": "%s", "command": "dyetrace-gateway-bench%s %s --seconds %s", "result": %s}\n' \
			"$name" "$goals" "$suffix" "$arguments" "$seconds" "$line" >>"$work/runs"
	done
done <<<"$cases"

"$home/benchmarks/gateway_report.py" "$work/runs" "$home/benchmarks/results/gateway" \
	"machine=$(machine), no hugepages reserved" \
	"commit=$(commit)" "command=benchmarks/gateway.sh $seconds $runs" "date=$(date -u +%Y-%m-%dT%H:%MZ)" \
	"load=$load before, $(cut -d' ' -f1-3 /proc/loadavg) after"
