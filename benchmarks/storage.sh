#!/usr/bin/env bash
# Measures storage on the embedded ClickHouse: bytes a probe row, and how long questions about drops take over 10 million points.
# Starts an engine of its own in a temporary directory; writes benchmarks/results/storage.md.
#   benchmarks/storage.sh [PROBE-ROWS [POINT-ROWS]]
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
home=$PWD
probe_rows=${1:-1000000}
point_rows=${2:-10000000}
days=90
runs=9
port=18923
url=http://127.0.0.1:$port
work=$(mktemp -d)

"$home/dyetrace" clickhouse --data "$work/data" --listen "127.0.0.1:$port" 2>"$work/log" &
engine=$!
trap 'kill "$engine" 2>/dev/null; wait "$engine" 2>/dev/null; rm -rf "$work"' EXIT
"$home/dyetrace" migrate --url "$url" 2>>"$work/log" || { cat "$work/log" >&2; exit 1; }

ask() { curl -fsS "$url/?database=dyetrace&max_execution_time=900&max_partitions_per_insert_block=0" --data-binary "$1"; }

# Two probers, two targets, 16 probes each in a round of 5 s, sent 312 ms apart with some tens of microseconds of jitter; RTT log-normal
# around 200 us; ports out of 512; one in a thousand lost. Inserted a minute at a time would be the same after merging.
echo "storage: inserting $probe_rows probes" >&2
ask "INSERT INTO probes (time, prober, prober_id, boot_id, probe_sequence, round, region, zone, rack, cluster, target, target_address, target_port,
  source_address, source_port, outcome, rtt_ns, reset_sent)
SELECT
  fromUnixTimestamp64Nano(toInt64(toUnixTimestamp(now() - INTERVAL 2 DAY)) * 1000000000
    + intDiv(number, 4) * 312500000 + (number % 4) * 78125000 + toInt64(-60000 * log(randCanonical(1))), 'UTC') AS sent,
  'prober-' || toString(number % 2 + 1), number % 2 + 1, 1785585600000 + number % 2, toUInt32(1785585600000 + intDiv(number, 2)),
  intDiv(number, 64), 'lab', 'lab-a', 'rack-1', 'lab', if(number % 4 < 2, 'vip-web', 'vip-api') AS vip,
  toIPv6(if(vip = 'vip-web', '198.19.0.1', '198.19.0.2')), if(vip = 'vip-web', 80, 8080),
  toIPv6(if(number % 2 = 0, '198.18.11.2', '198.18.12.2')), 20000 + rand(2) % 512,
  if(rand(3) % 1000 = 0, 'TIMEOUT', 'SYN_ACK') AS result,
  if(result = 'TIMEOUT', 0, toUInt64(200000 * exp(0.3 * randNormal(0, 1)))), true
FROM numbers($probe_rows)"
ask "OPTIMIZE TABLE probes FINAL"

echo "storage: inserting $point_rows drop points over $days days" >&2
per_day=$((point_rows / days))
for ((day = 0; day < days; day++)); do
	ask "INSERT INTO trace_points (time, node, boot_id, worker, ring_sequence, region, zone, rack, cluster, tier, point, reason, direction, vip,
  source_address, destination_address, source_port, destination_port, protocol, tcp_flags, packet_bytes, key_state, dwell_ns, sample_weight)
SELECT
  fromUnixTimestamp64Nano(toInt64(toUnixTimestamp(today() - $day)) * 1000000000 + toInt64(rand64(1) % 86400000000000), 'UTC'),
  'gw-' || toString(rand(2) % 8 + 1), 1785585600000000000, rand(3) % 4, $day * $per_day + number, 'lab', 'lab-a', 'rack-1', 'lab', 'CLB',
  'VIP_LOOKUP', CAST(toInt16(rand(4) % 8 + 12) AS ${reason_type:=$(ask "SELECT type FROM system.columns WHERE database = 'dyetrace' AND table = 'trace_points' AND name = 'reason' FORMAT TSVRaw")}),
  'FORWARD', 'vip-' || toString(rand(5) % 10 + 1), toIPv6(IPv4NumToString(rand(6))), toIPv6('198.19.0.1'), rand(7) % 65536, 443, 6, 2, 74,
  'KEY_SAMPLED', rand(8) % 5000, 100
FROM numbers($per_day)"
done
stored=$(ask "SELECT count() FROM trace_points")

# The median of some runs, in milliseconds, HTTP included.
median_ms() {
	local i
	for ((i = 0; i < runs; i++)); do
		curl -fsS -o /dev/null -w '%{time_total}\n' "$url/?database=dyetrace" --data-binary "$1 FORMAT Null"
	done | sort -n | awk -v n=$runs 'NR == int((n + 1) / 2) { printf "%.1f", $1 * 1000 }'
}
by_reason=$(median_ms "SELECT reason, count() FROM drop_points GROUP BY reason")
by_reason_raw=$(median_ms "SELECT reason, sum(dwell_ns) FROM drop_points GROUP BY reason")
vip_rollup=$(median_ms "SELECT hour, node, reason, packets FROM drops_hourly WHERE vip = 'vip-7' AND hour >= now() - INTERVAL 90 DAY ORDER BY hour, node")
vip_raw=$(median_ms "SELECT toStartOfHour(time) AS hour, node, reason, count(), max(dwell_ns) FROM drop_points WHERE vip = 'vip-7' AND time >= now() - INTERVAL 90 DAY GROUP BY hour, node, reason")
rss=$(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$(pgrep -P "$engine" -x java || echo "$engine")/status")

{
	echo "# Storage"
	echo
	echo "Machine: $(machine), $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), load $(cut -d' ' -f1 /proc/loadavg) at the end."
	echo "Commit: $(git -C "$home" rev-parse --short HEAD). Engine: ClickHouse $(ask 'SELECT version()') (chDB). Command: \`benchmarks/storage.sh $probe_rows $point_rows\`. Date: $(date -u +%F)."
	echo
	echo "| measure | value |"
	echo "| --- | --- |"
	echo "| bytes on disk a probe row, $probe_rows rows merged | $(ask "SELECT round(sum(bytes_on_disk) / sum(rows), 2) FROM system.parts WHERE database = 'dyetrace' AND table = 'probes' AND active") |"
	echo "| bytes on disk a drop point of an ordinary packet (random source addresses and ports), $stored rows | $(ask "SELECT round(sum(bytes_on_disk) / sum(rows), 2) FROM system.parts WHERE database = 'dyetrace' AND table = 'trace_points' AND active") |"
	echo "| drops by reason, all rows, ms | $by_reason |"
	echo "| the same from raw rows (a column that the roll-up lacks), ms | $by_reason_raw |"
	echo "| reasons of vip-7 over 90 days by node and hour, \`drops_hourly\`, ms | $vip_rollup |"
	echo "| the same from raw rows, ms | $vip_raw |"
	echo "| most memory the engine's process held, MiB | $rss |"
	echo
	echo "Times are medians of $runs runs over HTTP. The largest columns of \`probes\`, bytes a row:"
	echo
	ask "SELECT '- \`' || column || '\`: ' || toString(round(sum(column_data_compressed_bytes) / any(total), 2)) FROM (SELECT column, column_data_compressed_bytes, (SELECT count() FROM probes) AS total FROM system.parts_columns WHERE database = 'dyetrace' AND table = 'probes' AND active) GROUP BY column ORDER BY sum(column_data_compressed_bytes) DESC LIMIT 8 FORMAT TSVRaw"
} >"$home/benchmarks/results/storage.md"
cat "$home/benchmarks/results/storage.md"
