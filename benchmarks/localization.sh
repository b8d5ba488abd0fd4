#!/usr/bin/env bash
# Measures localization on generated traces beside the published methods; writes benchmarks/results/localization.md and .json.
# Arguments go to the driver: benchmarks/localization.sh --traces 100 --family 'gateway.*'
set -euo pipefail
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
jar=stream-analytics/target/dyetrace-stream-analytics-0.1.0-SNAPSHOT.jar
require_built "$jar"

commit=$(commit)
out=benchmarks/results/localization
"$java" -XX:+UseSerialGC -Xmx3g -cp "$jar:stream-analytics/target/lib/*" io.dyetrace.analytics.localize.bench.LocalizationBench \
	--json "$out.json.new" "$@" | tee "$out.log"
mv "$out.json.new" "$out.json"

{
	echo "# Localization"
	echo
	circumstances "$commit" "$@"
	java_version "serial collector, 3 GiB"
	echo
	echo "F of precision and recall, averaged over the traces of a family. Dyetrace runs with its built-in parameters, chosen on other seeds than those"
	echo "scored here; the others are tuned per family, on other seeds too, the winner named. Times are CPU time of the one thread, for Dyetrace from the last observation to the answer. Published rows"
	echo "were measured on other traces of the same protocol; our generators' parameters stand below."
	echo
	cat "$out.log"
} >"$out.md"
rm -f "$out.log"
echo "wrote $out.md and $out.json"
