#!/usr/bin/env bash
# Stops a process for 300 ms of every 500 ms, for a bounded time: jitter.sh PID START-TICKS SECONDS
# Ends by itself, and always leaves the process running. START-TICKS keeps a later process of the same pid safe.
set -euo pipefail
pid=$1 start_ticks=$2 limit_seconds=$3

same_process() {
	local stat fields
	stat=$(<"/proc/$pid/stat") || return 1
	read -r -a fields <<<"${stat##*) }"
	[ "${fields[19]}" = "$start_ticks" ]
}
resume() { if same_process 2>/dev/null; then kill -CONT "$pid" 2>/dev/null || true; fi; }
trap resume EXIT
trap 'exit 0' TERM INT HUP

# read with a time limit from a pipe that nobody writes to: sleeps without starting a process.
exec {quiet}<> <(:)
nap() { read -r -t "$1" -u "$quiet" || true; }

while [ "$SECONDS" -lt "$limit_seconds" ] && same_process; do
	kill -STOP "$pid"
	nap 0.3
	kill -CONT "$pid"
	nap 0.2
done
