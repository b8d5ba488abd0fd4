#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# No packet dies unseen: in the datapath buffers are freed in one place, drop.c, and consume() is called only where a packet was used up.
set -eu
cd "$1"
fail() {
	echo "$1"
	exit 1
}
found=$(grep -n 'rte_pktmbuf_free\|rte_mempool_put\|rte_mbuf_raw_free' ./*.c ./*.h)
[ "$(echo "$found" | wc -l)" = 1 ] || fail "buffers are freed in several places: $found"
case $found in
./drop.c:*) ;;
*) fail "a buffer is freed outside drop.c: $found" ;;
esac
others=$(grep -l 'consume(' ./*.c | grep -v '^./drop.c$' | grep -v '^./neighbour_input.c$' || true)
[ -z "$others" ] || fail "consume() is called where a packet may die: $others"
