#!/usr/bin/env bash
# Runs the benchmarks and writes benchmarks/results/: the numbers with the machine, the commit and the command that made them.
# Arguments go to JMH: benchmarks/run.sh Colour -f 1
set -euo pipefail
home=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cd "$home"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
[ -f "$jar" ] || { echo "run.sh: the benchmarks are not built; run 'make build'" >&2; exit 2; }

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit with changes"
out=benchmarks/results/jmh
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
"$java" -cp "$jar:benchmarks/target/lib/*" org.openjdk.jmh.Main -rf json -rff "$out.json.new" "$@" | tee "$out.log"
mv "$out.json.new" "$out.json"

{
	echo "# JMH"
	echo
	echo "- command: \`benchmarks/run.sh $*\`"
	echo "- commit: $commit, $(date -u +%Y-%m-%dT%H:%MZ)"
	echo "- machine: $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r)"
	echo "- Java: $("$java" -version 2>&1 | sed -n 2p)"
	echo
	echo '```'
	sed -n '/^Benchmark /,$p' "$out.log" | sed '/^$/,$d'
	echo '```'
} >"$out.md"
rm -f "$out.log"
echo "wrote $out.md and $out.json"
