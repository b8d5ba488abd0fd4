# shellcheck shell=bash
# What the drivers share. Sourced from a driver: goes to the project's root and sets java.
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# require_built JAR
require_built() {
	[ -f "$1" ] || { echo "$(basename "$0"): $1 is missing; run 'make build'" >&2; exit 2; }
}

# The commit that is measured, and whether the tree differs from it. Results beside are no difference.
commit() {
	local commit
	commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
	[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit with changes"
	echo "$commit"
}

machine() {
	echo "$(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r)"
}

# circumstances COMMIT ARGUMENT…: under which a result came about, as the lines that begin its page. The commit is that of the beginning.
circumstances() {
	local commit=$1
	shift
	echo "- command: \`benchmarks/$(basename "$0")${*:+ $*}\`"
	echo "- commit: $commit, $(date -u +%Y-%m-%dT%H:%MZ)"
	echo "- machine: $(machine), load $(cut -d' ' -f1 /proc/loadavg) at the end"
}

# java_version HEAP…: the rest of what is told of the JVM
java_version() {
	echo "- Java: $("$java" -version 2>&1 | sed -n 2p), $*"
}
