package io.dyetrace.mesh;

import java.nio.charset.StandardCharsets;

/**
 * 64-bit FNV-1a of a series' identity (RFC draft-eastlake-fnv): the same over restarts and
 * machines.
 */
final class SeriesId {
  private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private SeriesId() {}

  static long of(String identity) {
    long hash = OFFSET_BASIS;
    for (byte b : identity.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * PRIME;
    }
    return hash;
  }
}
