package io.dyetrace.prober;

import org.jspecify.annotations.Nullable;

/** Knows which Ethernet address leads to an IPv4 address. */
interface NextHop {
  /** The 6 bytes to put into a frame's destination, or null as long as they are not known. */
  byte @Nullable [] macTowards(int address);
}
