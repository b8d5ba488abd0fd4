package io.dyetrace.analytics.dedup;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

  /** The chunk that is being changed: no checkpoint has seen it yet. */
  private @Nullable Chunk open;

  private long openIndex;

  /** 512 numbers. */
  static final class Chunk {
    long[] bits;
    long touchedMs;

    Chunk(long[] bits, long touchedMs) {
      this.bits = bits;
      this.touchedMs = touchedMs;
    }
  }

  /** Returns true when the number is new; it is not new the next time. */
  public boolean add(long sequence, long nowMs) {
    boolean isNew = addToBatch(sequence, nowMs);
    endBatch();
    return isNew;
  }

  /**
   * The same for one number of several that come together; {@link #endBatch} has to follow before
   * anything else is done with the window.
   */
  boolean addToBatch(long sequence, long nowMs) {
    Chunk chunk = open(sequence >>> CHUNK_BITS);
    chunk.touchedMs = nowMs;
    int word = (int) (sequence >>> 6) & (WORDS - 1);
    long bit = 1L << (sequence & 63);
    if (chunk.bits == FULL || (chunk.bits[word] & bit) != 0) {
      return false;
    }
    chunk.bits[word] |= bit;
    if (chunk.bits[word] == -1 && full(chunk.bits)) {
      chunk.bits = FULL;
    }
    return true;
  }

  /** From here on a checkpoint may be writing every chunk: none is changed in place. */
  void endBatch() {
    open = null;
  }

  private Chunk open(long index) {
    Chunk current = open;
    if (current != null && index == openIndex) {
      return current;
    }
    Chunk before = chunks.get(index);
    Chunk own =
        before == null
            ? new Chunk(new long[WORDS], 0)
            : new Chunk(before.bits == FULL ? FULL : before.bits.clone(), before.touchedMs);
    chunks.put(index, own);
    open = own;
    openIndex = index;
    return own;
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
