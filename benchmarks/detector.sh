#!/usr/bin/env bash
# Measures what the detector alone costs in clusters of 4 to 4,000 nodes; writes benchmarks/results/detector.md.
# Arguments are numbers of nodes: benchmarks/detector.sh 4 100
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
require_built "$jar"
[ $# -gt 0 ] || set -- 4 100 1000 4000

commit=$(commit)
out=benchmarks/results/detector
"$java" -Xmx3g -cp "$jar:benchmarks/target/lib/*" io.dyetrace.benchmarks.DetectorScale "$@" | tee "$out.log"

{
	echo "# Detector"
	echo
	circumstances "$commit" "$@"
	java_version "default collector, 3 GiB"
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
