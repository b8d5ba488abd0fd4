package io.dyetrace.prober;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.ProbeResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a prober must still know after it was killed: which probes left, what became of them, and
 * what Kafka has acknowledged. Appended to files of a directory, a record at a time, so that the
 * kernel has it before the packet leaves; not flushed to the disk, so a crash of the machine may
 * lose the last seconds.
 *
 * <p>A file is {@value #MAGIC_TEXT} and records: length of the payload (4 bytes), CRC-32C of kind
 * and payload (4), kind (1), payload. Files whose every result is published and that are too old to
 * matter are deleted, oldest first; so are the oldest when all together outgrow the limit.
 */
final class Journal implements AutoCloseable {
  /** A probe as it was sent, with the initial sequence number of its SYN. */
  record Send(int isn, ProbeResult probe) {}

  /** A result and its number, which grows by one a result. */
  record Entry(long index, ProbeResult result) {}

  /**
   * What an earlier prober left.
   *
   * @param sends of the newest files, the last {@link #KEEP_NS} at least, oldest first
   * @param unresolved those among them without a result
   * @param unpublished results that Kafka may not have
   */
  record Recovered(List<Send> sends, List<Send> unresolved, List<Entry> unpublished) {}

  static final String MAGIC_TEXT = "DYEJRNL1";

  /** Longer than a source port rests and than the longest time-out, together. */
  static final long KEEP_NS = TimeUnit.SECONDS.toNanos(190);

  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  private static final byte[] MAGIC =
      MAGIC_TEXT.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final byte SENT = 1;
  private static final byte RESULT = 2;
  private static final byte PUBLISHED = 3;
  private static final int HEADER_BYTES = 9;
  private static final int MOST_PAYLOAD_BYTES = 64 << 10;
  private static final long SEGMENT_BYTES = 4 << 20;
  private static final long SEGMENT_NS = TimeUnit.SECONDS.toNanos(60);

  private static final class Segment {
    final Path path;
    long bytes;
    long lastResult;
    long touchedNs;

    Segment(Path path, long bytes, long lastResult, long touchedNs) {
      this.path = path;
      this.bytes = bytes;
      this.lastResult = lastResult;
      this.touchedNs = touchedNs;
    }
  }

  private static final class Findings {
    final Map<Integer, Send> sends = new LinkedHashMap<>();
    final Map<Integer, Send> unresolved = new LinkedHashMap<>();
    final TreeMap<Long, Entry> results = new TreeMap<>();
  }

  private final Path directory;
  private final Clock clock;
  private final long mostBytes;
  private final FileChannel lockFile;
  private final Recovered recovered;
  private final ArrayDeque<Segment> segments = new ArrayDeque<>();
  private final ByteBuffer out = ByteBuffer.allocateDirect(HEADER_BYTES + MOST_PAYLOAD_BYTES);
  private final CRC32C crc = new CRC32C();
  private @Nullable FileChannel active;
  private long activeSinceNs;
  private long segmentNumber;
  private long nextIndex = 1;
  private long publishedIndex;
  private long errors;

  /**
   * Opens the journal of a directory, which is made if need be, and reads what is there.
   *
   * @throws IOException when it cannot be used, or another prober uses it
   */
  Journal(Path directory, Clock clock, long mostBytes) throws IOException {
    this.directory = directory;
    this.clock = clock;
    this.mostBytes = mostBytes;
    Files.createDirectories(directory);
    lockFile =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!lock(lockFile)) {
        throw new IOException(directory + ": another prober uses this state directory");
      }
      recovered = recover();
      startSegment();
    } catch (IOException e) {
      lockFile.close();
      throw e;
    }
  }

  private static boolean lock(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  Recovered recovered() {
    return recovered;
  }

  /** Notes a probe before it leaves. */
  synchronized void sent(int isn, ProbeResult probe) {
    byte[] payload = probe.toByteArray();
    append(SENT, ByteBuffer.allocate(4 + payload.length).putInt(isn).put(payload).flip());
  }

  /** Notes a result, and gives it its number. */
  synchronized Entry result(ProbeResult result) {
    long index = nextIndex++;
    byte[] payload = result.toByteArray();
    append(RESULT, ByteBuffer.allocate(8 + payload.length).putLong(index).put(payload).flip());
    Segment last = segments.peekLast();
    if (last != null) {
      last.lastResult = index;
    }
    return new Entry(index, result);
  }

  /** Notes that Kafka has every result up to this number. */
  synchronized void published(long index) {
    publishedIndex = Math.max(publishedIndex, index);
    append(PUBLISHED, ByteBuffer.allocate(8).putLong(publishedIndex).flip());
  }

  /** The size of all files. */
  synchronized long bytes() {
    return segments.stream().mapToLong(s -> s.bytes).sum();
  }

  /** Records that could not be written. */
  synchronized long errors() {
    return errors;
  }

  private void append(byte kind, ByteBuffer payload) {
    long nowNs = clock.monotonicNs();
    try {
      Segment last = segments.peekLast();
      if (active == null
          || last == null
          || last.bytes > SEGMENT_BYTES
          || nowNs - activeSinceNs > SEGMENT_NS) {
        startSegment();
        deleteOld(nowNs);
        last = segments.getLast();
      }
      if (payload.remaining() > MOST_PAYLOAD_BYTES) {
        throw new IOException("a record of " + payload.remaining() + " bytes");
      }
      out.clear();
      out.putInt(payload.remaining()).putInt(checksum(kind, payload)).put(kind).put(payload).flip();
      last.bytes += out.remaining();
      last.touchedNs = nowNs;
      FileChannel channel = active;
      while (channel != null && out.hasRemaining()) {
        channel.write(out);
      }
    } catch (IOException e) {
      if (Long.bitCount(++errors) == 1) {
        LOG.warn(
            "the journal in {} cannot be written ({} times): {}",
            directory,
            errors,
            e.getMessage());
      }
      closeActive();
    }
  }

  private int checksum(byte kind, ByteBuffer payload) {
    crc.reset();
    crc.update(kind);
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }

  private void startSegment() throws IOException {
    closeActive();
    Path path = directory.resolve(String.format("journal-%016d", ++segmentNumber));
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    active = channel;
    activeSinceNs = clock.monotonicNs();
    channel.write(ByteBuffer.wrap(MAGIC));
    segments.add(new Segment(path, MAGIC.length, 0, activeSinceNs));
  }

  private void deleteOld(long nowNs) throws IOException {
    long total = bytes();
    while (segments.size() > 1) {
      Segment oldest = segments.getFirst();
      boolean done = oldest.lastResult <= publishedIndex && nowNs - oldest.touchedNs > KEEP_NS;
      if (!done && total <= mostBytes) {
        return;
      }
      Files.deleteIfExists(oldest.path);
      total -= oldest.bytes;
      segments.removeFirst();
    }
  }

  private Recovered recover() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files =
          all.filter(p -> p.getFileName().toString().matches("journal-\\d{16}")).sorted().toList();
    }
    Findings found = new Findings();
    for (Path file : files) {
      segmentNumber = Long.parseLong(file.getFileName().toString().substring(8));
      Segment segment = new Segment(file, Files.size(file), 0, clock.monotonicNs());
      segments.add(segment);
      read(file, segment, found);
    }
    nextIndex = Math.max(publishedIndex, found.results.isEmpty() ? 0 : found.results.lastKey()) + 1;
    return new Recovered(
        List.copyOf(found.sends.values()),
        List.copyOf(found.unresolved.values()),
        List.copyOf(found.results.tailMap(publishedIndex, false).values()));
  }

  private void read(Path file, Segment segment, Findings found) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
    byte[] magic = new byte[Math.min(MAGIC.length, in.remaining())];
    in.get(magic);
    String wrong = Arrays.equals(magic, MAGIC) ? null : "it does not start with " + MAGIC_TEXT;
    while (wrong == null && in.hasRemaining()) {
      int at = in.position();
      ByteBuffer payload = null;
      byte kind = 0;
      if (in.remaining() >= HEADER_BYTES) {
        int length = in.getInt();
        int expected = in.getInt();
        kind = in.get();
        if (length >= 0 && length <= in.remaining()) {
          payload = in.slice(in.position(), length);
          in.position(in.position() + length);
          if (checksum(kind, payload) != expected) {
            payload = null;
          }
        }
      }
      try {
        if (payload == null) {
          wrong = "the record at " + at + " is torn";
        } else {
          apply(kind, payload, segment, found);
        }
      } catch (InvalidProtocolBufferException | java.nio.BufferUnderflowException e) {
        wrong = "the record at " + at + " cannot be read: " + e;
      }
    }
    if (wrong != null) {
      LOG.warn("{}: {}; what follows in this file is left out", file, wrong);
    }
  }

  private void apply(byte kind, ByteBuffer payload, Segment segment, Findings found)
      throws InvalidProtocolBufferException {
    switch (kind) {
      case SENT -> {
        Send send = new Send(payload.getInt(), ProbeResult.parseFrom(payload));
        found.sends.put(send.probe().getProbeSequence(), send);
        found.unresolved.put(send.probe().getProbeSequence(), send);
      }
      case RESULT -> {
        Entry entry = new Entry(payload.getLong(), ProbeResult.parseFrom(payload));
        found.unresolved.remove(entry.result().getProbeSequence());
        found.results.put(entry.index(), entry);
        segment.lastResult = entry.index();
      }
      case PUBLISHED -> publishedIndex = Math.max(publishedIndex, payload.getLong());
      default -> LOG.warn("{}: a record of the unknown kind {}", segment.path, kind);
    }
  }

  private void closeActive() {
    FileChannel channel = active;
    active = null;
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.warn("the journal in {} cannot be closed: {}", directory, e.getMessage());
      }
    }
  }

  @Override
  public synchronized void close() {
    closeActive();
    try {
      lockFile.close();
    } catch (IOException e) {
      LOG.warn("{}: the lock cannot be closed: {}", directory, e.getMessage());
    }
  }
}
