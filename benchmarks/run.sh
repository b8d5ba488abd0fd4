#!/usr/bin/env bash
# Runs the benchmarks and writes benchmarks/results/: the numbers with the machine, the commit and the command that made them.
# Arguments go to JMH: benchmarks/run.sh Colour -f 1
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
require_built "$jar"

commit=$(commit)
out=benchmarks/results/jmh
"$java" -cp "$jar:benchmarks/target/lib/*" org.openjdk.jmh.Main -rf json -rff "$out.json.new" "$@" | tee "$out.log"
mv "$out.json.new" "$out.json"

{
	echo "# JMH"
	echo
	circumstances "$commit" "$@"
	java_version "forks as JMH sets them up"
	echo
	echo '```'
	sed -n '/^Benchmark /,$p' "$out.log" | sed '/^$/,$d'
	echo '```'
} >"$out.md"
rm -f "$out.log"
echo "wrote $out.md and $out.json"
