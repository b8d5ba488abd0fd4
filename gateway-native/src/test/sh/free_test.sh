#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# No packet dies unseen: in the datapath buffers are freed in one place, drop.c, and consume() is called only where a packet was used up.
set -eu
cd "$1"
found=$(grep -n 'rte_pktmbuf_free\|rte_mempool_put\|rte_mbuf_raw_free' *.c *.h)
[ "$(echo "$found" | wc -l)" = 1 ] && echo "$found" | grep -q '^drop.c:' || {
	echo "a buffer is freed outside drop.c:"
	echo "$found"
	exit 1
}
others=$(grep -ln 'consume(' *.c | grep -v '^drop.c$' | grep -v '^arp_input.c$' || true)
[ -z "$others" ] || { echo "consume() is called where a packet may die: $others"; exit 1; }
