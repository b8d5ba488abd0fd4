#!/usr/bin/env bash
# Runs the fault campaign: simulated telemetry of labelled faults and quiet days through the Flink operators of the job. Writes
# benchmarks/results/campaign.md and campaign.json, interrupted or not. Arguments go to the driver (--help tells them):
#   benchmarks/campaign.sh --faults 200 --seed 7
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
jar=benchmarks/target/dyetrace-benchmarks-0.1.0-SNAPSHOT.jar
require_built "$jar"
campaign() {
	exec "$java" -XX:+UseParallelGC -Xmx3g -Dlogback.configurationFile=logback-campaign.xml \
		-cp "$jar:benchmarks/target/lib/*" io.dyetrace.benchmarks.campaign.CampaignMain "$@"
}
for argument in "$@"; do
	case $argument in
		-h | --help | -V | --version | --replay | --replay=*) campaign "$@" ;;
	esac
done

commit=$(commit)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
campaign --out "$work/campaign" "$@" &
driver=$!
# A signal to this script alone, as a time limit sends it, has to reach the driver, and Ctrl-C does not by itself: a shell's
# background processes ignore it. The driver then ends by itself, and what it has found by then is kept.
trap 'kill -TERM "$driver" 2>/dev/null || :' HUP INT TERM
wait "$driver" || status=$?
while kill -0 "$driver" 2>/dev/null; do # the signal ended the wait, not the driver
	status=0
	wait "$driver" || status=$?
done
[ -f "$work/campaign.md" ] || exit "$status"
out=benchmarks/results/campaign
{
	sed -n 1,2p "$work/campaign.md"
	circumstances "$commit" "$@"
	tail -n +3 "$work/campaign.md"
} >"$out.md"
mv "$work/campaign.json" "$out.json"
echo "wrote $out.md and $out.json" >&2
exit "$status"
