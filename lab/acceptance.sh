#!/usr/bin/env bash
# Every acceptance check and ten demonstrations; writes benchmarks/results/. Arguments go to `./dyetrace lab acceptance`.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
exec ./dyetrace lab acceptance "$@"
