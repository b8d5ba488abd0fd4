package io.dyetrace.analytics.dedup;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * The sequence numbers of one sender that were seen lately, one bit each.
 *
 * <p>Numbers stand in chunks of 512. A full chunk shrinks to a marker, so a sender that leaves no
 * gaps costs a few bytes per 512 numbers, and one that jumps costs nothing for what it jumped over.
 * Order does not matter: no number counts as seen because a later one was. A chunk is forgotten as
 * a whole, a given time after a number was last added to it or asked for.
 */
public final class SequenceWindow {
  private static final int CHUNK_BITS = 9;
  private static final int CHUNK_SIZE = 1 << CHUNK_BITS;
  static final int WORDS = CHUNK_SIZE / Long.SIZE;

  /** The bits of a chunk in which every number was seen. */
  static final long[] FULL = {};

  private final Map<Long, Chunk> chunks = new HashMap<>();

  /** 512 numbers. */
  static final class Chunk {
    final long[] bits;
    final long touchedMs;

    Chunk(long[] bits, long touchedMs) {
      this.bits = bits;
      this.touchedMs = touchedMs;
    }
  }

  /** Returns true when the number is new; it is not new the next time. */
  public boolean add(long sequence, long nowMs) {
    long index = sequence >>> CHUNK_BITS;
    int word = (int) (sequence >>> 6) & (WORDS - 1);
    long bit = 1L << (sequence & 63);
    Chunk chunk = chunks.get(index);
    if (chunk != null && (chunk.bits == FULL || (chunk.bits[word] & bit) != 0)) {
      chunks.put(index, new Chunk(chunk.bits, nowMs));
      return false;
    }
    // Chunks are never changed in place: a checkpoint may be writing them.
    long[] bits = chunk == null ? new long[WORDS] : chunk.bits.clone();
    bits[word] |= bit;
    chunks.put(index, new Chunk(full(bits) ? FULL : bits, nowMs));
    return true;
  }

  private static boolean full(long[] bits) {
    for (long word : bits) {
      if (word != -1) {
        return false;
      }
    }
    return true;
  }

  /** Forgets the chunks that were last touched at this time or before. */
  public void expire(long untilMs) {
    for (Iterator<Chunk> i = chunks.values().iterator(); i.hasNext(); ) {
      if (i.next().touchedMs <= untilMs) {
        i.remove();
      }
    }
  }

  public boolean isEmpty() {
    return chunks.isEmpty();
  }

  /** How many chunks are remembered. */
  public int size() {
    return chunks.size();
  }

  Map<Long, Chunk> chunks() {
    return chunks;
  }

  SequenceWindow copy() {
    SequenceWindow copy = new SequenceWindow();
    copy.chunks.putAll(chunks);
    return copy;
  }
}
