package io.dyetrace.gateway.telemetry;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One gateway process's telemetry file, of which this object is the only consumer. Used by one
 * thread.
 *
 * <pre>{@code
 * RecordBurst burst = new RecordBurst(512);
 * try (TelemetryFile file = TelemetryFile.open(path)) {
 *   file.refresh();
 *   long from = file.tail(ring);
 *   file.read(ring, from, burst);
 *   publish(burst);
 *   file.commit(ring, from + burst.size());
 * }
 * }</pre>
 */
public final class TelemetryFile implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private static final int KIND_VIP = 0;
  private static final int KIND_BACKEND = 1;

  private static final int STATUS_PRODUCER_TIME_NS = 0;
  private static final int STATUS_HEAD = 1;
  private static final int STATUS_TAIL = 2;
  private static final int STATUS_LOST = 3;
  private static final int STATUS_CAPACITY = 4;

  private final Path path;
  private final long handle;
  private final Cleaner.Cleanable closing;
  private final long bootId;
  private final int ringCount;
  private final ByteBuffer status;
  private final ByteBuffer name =
      ByteBuffer.allocateDirect(RecordLayout.NAME_BYTES).order(ByteOrder.nativeOrder());
  private final @Nullable String[] vipNames = new @Nullable String[RecordLayout.MAX_NAMES];
  private final @Nullable String[] backendNames = new @Nullable String[RecordLayout.MAX_NAMES];
  private boolean closed;

  private TelemetryFile(Path path, long handle) {
    this.path = path;
    this.handle = handle;
    this.closing = CLEANER.register(this, () -> TelemetryNative.close(handle));
    this.bootId = TelemetryNative.bootId(handle);
    this.ringCount = TelemetryNative.ringCount(handle);
    this.status =
        ByteBuffer.allocateDirect(ringCount * RecordLayout.STATUS_BYTES)
            .order(ByteOrder.nativeOrder());
  }

  /** Whether the native library could be loaded and has the layout that Java expects. */
  public static boolean isAvailable() {
    return TelemetryNative.unavailabilityCause() == null;
  }

  /** Why {@link #isAvailable} is false, or null. */
  public static @Nullable Throwable unavailabilityCause() {
    return TelemetryNative.unavailabilityCause();
  }

  /**
   * Opens a file, checks it and becomes its consumer.
   *
   * @throws TelemetryFileException when the file cannot be trusted
   * @throws TelemetryFileBusyException when another process drains it
   */
  public static TelemetryFile open(Path path) throws IOException {
    Throwable cause = TelemetryNative.unavailabilityCause();
    if (cause != null) {
      throw new IllegalStateException(
          "the native library is not available: " + cause.getMessage(), cause);
    }
    TelemetryFile file = new TelemetryFile(path, TelemetryNative.open(path));
    try {
      file.refresh();
    } catch (TelemetryFileException | RuntimeException e) {
      file.close();
      throw e;
    }
    return file;
  }

  public Path path() {
    return path;
  }

  /** When the gateway process started, CLOCK_REALTIME in nanoseconds. */
  public long bootId() {
    return bootId;
  }

  /** How many rings there are: one per worker, and the control thread's, which is the last. */
  public int ringCount() {
    return ringCount;
  }

  /**
   * Whether the gateway process lives. Asked before {@link #refresh}, a no means that what refresh
   * shows is final.
   */
  public boolean alive() {
    ensureOpen();
    return TelemetryNative.alive(handle);
  }

  /** Looks at every ring's words again. */
  public void refresh() throws TelemetryFileException {
    ensureOpen();
    TelemetryNative.status(handle, status);
  }

  /** Every record stamped before this time stood below {@link #head} at the last refresh. */
  public long producerTimeNs(int ring) {
    return word(ring, STATUS_PRODUCER_TIME_NS);
  }

  /** Records written since the start, at the last refresh. */
  public long head(int ring) {
    return word(ring, STATUS_HEAD);
  }

  /** Records given back to the producer, at the last refresh. */
  public long tail(int ring) {
    return word(ring, STATUS_TAIL);
  }

  /** Records that found the ring full, at the last refresh. */
  public long lost(int ring) {
    return word(ring, STATUS_LOST);
  }

  public long capacity(int ring) {
    return word(ring, STATUS_CAPACITY);
  }

  /**
   * Fills a burst with the records from a number on, as many as there are and fit.
   *
   * @param from not below the committed tail
   */
  public void read(int ring, long from, RecordBurst burst) throws TelemetryFileException {
    ensureOpen();
    checkRing(ring);
    burst.size(TelemetryNative.read(handle, ring, from, burst.buffer(), burst.capacity()));
  }

  /** Gives the records below a number back to the producer. */
  public void commit(int ring, long tail) throws TelemetryFileException {
    ensureOpen();
    checkRing(ring);
    TelemetryNative.commit(handle, ring, tail);
  }

  /** The name of a VIP's slot; empty for none. */
  public String vipName(int slot) throws TelemetryFileException {
    return name(KIND_VIP, slot, vipNames);
  }

  /** The name of a backend's slot; empty for none. */
  public String backendName(int slot) throws TelemetryFileException {
    return name(KIND_BACKEND, slot, backendNames);
  }

  @Override
  public void close() {
    closed = true;
    closing.clean();
  }

  private String name(int kind, int slot, @Nullable String[] known) throws TelemetryFileException {
    ensureOpen();
    if (slot < 0 || slot >= known.length) {
      return "";
    }
    String seen = known[slot];
    if (seen != null) {
      return seen;
    }
    byte[] bytes = new byte[TelemetryNative.name(handle, kind, slot, name)];
    name.get(0, bytes);
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (!text.isEmpty()) {
      known[slot] = text;
    }
    return text;
  }

  private long word(int ring, int index) {
    checkRing(ring);
    return status.getLong(ring * RecordLayout.STATUS_BYTES + index * Long.BYTES);
  }

  private void checkRing(int ring) {
    if (ring < 0 || ring >= ringCount) {
      throw new IllegalArgumentException(
          "ring " + ring + " is not within 0 and " + (ringCount - 1));
    }
  }

  private void ensureOpen() {
    if (closed) {
      throw new IllegalStateException(path + ": closed");
    }
  }
}
