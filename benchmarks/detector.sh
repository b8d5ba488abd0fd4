#!/usr/bin/env bash
# Measures what the detector alone costs in clusters of 4 to 4,000 nodes; writes benchmarks/results/detector.md.
# Arguments are numbers of nodes: benchmarks/detector.sh 4 100
set -euo pipefail
home=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cd "$home"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
[ -f "$jar" ] || { echo "detector.sh: the benchmarks are not built; run 'make build'" >&2; exit 2; }
[ $# -gt 0 ] || set -- 4 100 1000 4000

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit with changes"
out=benchmarks/results/detector
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
"$java" -Xmx3g -cp "$jar:benchmarks/target/lib/*" io.dyetrace.benchmarks.DetectorScale "$@" | tee "$out.log"

{
	echo "# Detector"
	echo
	echo "- command: \`benchmarks/detector.sh $*\`"
	echo "- commit: $commit, $(date -u +%Y-%m-%dT%H:%MZ)"
	echo "- machine: $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the end"
	echo "- Java: $("$java" -version 2>&1 | sed -n 2p)"
	echo
	echo "8 probes a node in 5 s, four stamps each, a heartbeat, a worker's counters and an agent's status a node and second; one probe in 10,000 is lost."
	echo "CPU time of the one thread. The first 14 s of the warm-up are looked at as a whole. State is the size of a snapshot."
	echo
	echo '```'
	cat "$out.log"
	echo '```'
} >"$out.md"
rm -f "$out.log"
echo "wrote $out.md"
