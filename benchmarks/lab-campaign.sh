#!/usr/bin/env bash
# Brings the lab up, injects labelled faults into it on real packets, and takes it down; writes benchmarks/results/lab-campaign.md and .json.
# Arguments go to the campaign (./dyetrace lab campaign --help tells them): benchmarks/lab-campaign.sh --faults 40 --seed 2
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
for argument in "$@"; do
	case $argument in
	--help | -h | --version | -V | --dry-run) exec ./dyetrace lab campaign "$@" ;;
	esac
done
commit=$(commit)
out=benchmarks/results/lab-campaign
work=$(mktemp -d)
# A lab that somebody brought up stays.
if ./dyetrace lab status >"$work/status" 2>&1 || [ $? -ne 2 ]; then
	trap 'rm -rf "$work"' EXIT
else
	trap './dyetrace lab down; rm -rf "$work"' EXIT
	./dyetrace lab up
fi
status=0
./dyetrace lab campaign --json "$@" >"$work/json" 2> >(tee "$work/log" >&2) || status=$?
[ -s "$work/json" ] || { echo "lab-campaign.sh: the campaign gave no result" >&2; exit "${status/#0/1}"; }
cp "$work/json" "$out.json"
{
	echo "# Fault campaign on real packets"
	echo
	circumstances "$commit" "$@"
	echo
	echo "One fault after another in the lab of namespaces, each healed after its verdict. Seconds are from the injection to the verdict, by the wall clock."
	echo
	echo '```'
	sed -n '/^  injected  /,$p' "$work/log" | sed '/^$/d; s/^  //'
	echo '```'
} >"$out.md"
echo "wrote $out.md and $out.json"
exit "$status"
