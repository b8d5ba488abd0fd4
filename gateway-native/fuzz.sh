#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target under ASan and UBSan: fuzz.sh SECONDS_TOTAL [TARGET…]
# The time is divided among the targets. One line each: runs, runs a second, coverage, findings. Exits 1
# on a finding; its input stays in build-fuzz/findings. What the targets learned stays in build-fuzz/corpus
# and is where the next run begins; what every run begins with is src/test/fuzz/corpus. Without clang it
# skips; with REQUIRE_ALL=1 it fails.
set -euo pipefail
seconds=${1:?usage: fuzz.sh SECONDS_TOTAL [TARGET…]}
shift
cd "$(dirname "$(readlink -f "$0")")"
build="build-fuzz"
seeds=src/test/fuzz/corpus

command -v clang >/dev/null || {
	echo "fuzz: clang is missing; scripts/packages.txt lists the packages that the build needs" >&2
	[ "${REQUIRE_ALL:-}" != 1 ] || exit 1
	exit 0
}
mkdir -p $build/findings
[ -f $build/build.ninja ] ||
	CC=clang meson setup $build -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized -Doptimization=1 >$build/setup.log 2>&1 || {
	cat $build/setup.log >&2
	exit 1
}
ninja -j 2 -C $build fuzz >$build/build.log 2>&1 || {
	cat $build/build.log >&2
	exit 1
}

if [ $# -eq 0 ]; then
	for source in src/test/fuzz/fuzz_*.c; do
		name=${source##*/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
each=$((seconds / $#))
[ $each -gt 0 ] || each=1

statistic() { # FILE NAME
	sed -n "s/^stat::$2: *//p" "$1" | tail -1
}

failed=0
for name; do
	log=$build/fuzz_$name.log
	mkdir -p $build/corpus/"$name"
	status=0
	max_len=2048
	case $name in settings | control) max_len=8192 ;; esac
	"$build/src/test/fuzz/fuzz_$name" -max_total_time=$each -max_len=$max_len -timeout=10 -print_final_stats=1 \
		-artifact_prefix=$build/findings/"$name"- $build/corpus/"$name" $seeds/"$name" >"$log" 2>&1 || status=$?
	coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 || true)
	findings=0
	if [ $status -ne 0 ]; then
		findings=1
		failed=1
	fi
	printf 'fuzz %-12s %10s runs %8s/s  cov %-5s findings %d\n' "$name" \
		"$(statistic "$log" number_of_executed_units)" "$(statistic "$log" average_exec_per_sec)" \
		"${coverage#cov: }" $findings
	if [ $findings -ne 0 ]; then
		grep -E 'ERROR|runtime error|not so:|SUMMARY|Test unit written|Base64' "$log" >&2 || tail -20 "$log" >&2
	fi
done
exit $failed
