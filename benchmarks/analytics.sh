#!/usr/bin/env bash
# Drives the whole analytics job with telemetry made in memory; writes benchmarks/results/analytics.md and analytics.json.
# Arguments go to every run of the driver: benchmarks/analytics.sh --nodes 200 --rate 50000
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
require_built "$jar"

commit=$(commit)
out=benchmarks/results/analytics
rm -f "$out.json.new" "$out.log"

# One JVM a run: what one has compiled and collected is not another's.
run() {
	"$java" -Xmx4g -Dlogback.configurationFile=logback-job.xml -cp "$jar:benchmarks/target/lib/*" \
		io.dyetrace.benchmarks.job.JobBench --json "$out.json.new" "$@" 2>"$out.err" \
		| tee -a "$out.log" || { tail -20 "$out.err" >&2; exit 1; }
}

run --full-speed --without-detector --nodes 1000 --rate 80000 --seconds 20 --warmup 10 "$@"
run --full-speed --nodes 1000 --rate 80000 --seconds 30 --warmup 20 "$@"
run --nodes 40 --rate 4000 --seconds 50 --warmup 20 "$@"

mv "$out.json.new" "$out.json"
{
	echo "# The analytics job"
	echo
	circumstances "$commit" "$@"
	java_version "default collector, 4 GiB"
	echo
	echo "A record is a probe's result, a trace point or a counter row. Each goes through both pipelines: it is parsed, checked and rid of repeats in each,"
	echo "judged in one; in the other its row gets its key and meets a sink that discards. CPU time is that of the task threads (ThreadMXBean), without the"
	echo "collector's and Kafka's client's. State is that of a full checkpoint. Latency is from the event time that decided a verdict to the sink's call."
	echo
	cat "$out.log"
} >"$out.md"
rm -f "$out.log" "$out.err"
echo "wrote $out.md and $out.json"
