#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Called by Maven: builds everything in C into build/. Also by hand.
set -eu
cd "$(dirname "$0")"
for tool in meson ninja pkg-config cc; do
	command -v $tool >/dev/null || {
		echo "gateway-native: $tool is missing; scripts/packages.txt lists the packages that the build needs" >&2
		exit 1
	}
done
for library in libdpdk yaml-0.1 jansson libpcap; do
	pkg-config --exists $library || {
		echo "gateway-native: $library is missing; scripts/packages.txt lists the packages that the build needs (DPDK: libdpdk-dev)" >&2
		exit 1
	}
done
[ -f build/build.ninja ] || meson setup build
exec meson compile -C build
