package io.dyetrace.gateway.agent;

import io.dyetrace.gateway.agent.BurstMapper.Message;
import io.dyetrace.gateway.telemetry.RecordBurst;
import io.dyetrace.gateway.telemetry.TelemetryFile;
import io.dyetrace.gateway.telemetry.TelemetryFileException;
import java.util.ArrayList;
import java.util.List;

/**
 * Drains one telemetry file: reads ahead of Kafka within a budget, gives back to the ring what
 * Kafka acknowledged.
 */
final class FileDrain implements AutoCloseable {
  /** Bursts a ring may be ahead of the others of its turn. */
  private static final int BURSTS_A_TURN = 8;

  private final TelemetryFile file;
  private final List<RingDrain> rings = new ArrayList<>();
  private boolean alive = true;

  /** Where messages go; false from {@link #hasRoom} ends the turn. */
  interface Outlet {
    boolean hasRoom();

    void publish(Message message, RingDrain.Segment segment);
  }

  /** Takes over the file, which has just been opened. */
  FileDrain(TelemetryFile file) {
    this.file = file;
    for (int i = 0; i < file.ringCount(); i++) {
      rings.add(new RingDrain(file.tail(i), file.bootId()));
    }
  }

  TelemetryFile file() {
    return file;
  }

  boolean alive() {
    return alive;
  }

  /**
   * Looks whether the gateway lives and what its rings hold, and gives back what was acknowledged.
   */
  void refresh() throws TelemetryFileException {
    // In this order: of a gateway that is dead the rings then show all it ever wrote.
    alive = file.alive();
    for (int i = 0; i < rings.size(); i++) {
      RingDrain ring = rings.get(i);
      if (ring.commitDue()) {
        file.commit(i, ring.acknowledgedTail());
        ring.committed();
      }
    }
    file.refresh();
    for (int i = 0; i < rings.size(); i++) {
      rings.get(i).observe(file.producerTimeNs(i), file.head(i));
    }
  }

  /** Reads what the rings hold and publishes it. Returns whether more could be read now. */
  boolean read(RecordBurst burst, BurstMapper mapper, Outlet outlet) throws TelemetryFileException {
    boolean more = false;
    for (int i = 0; i < rings.size(); i++) {
      RingDrain ring = rings.get(i);
      int bursts = 0;
      while (ring.position() < file.head(i) && bursts < BURSTS_A_TURN && outlet.hasRoom()) {
        long from = ring.position();
        file.read(i, from, burst);
        List<Message> messages = mapper.map(file, burst, from);
        RingDrain.Segment segment = ring.read(burst.size(), messages.size());
        for (Message message : messages) {
          outlet.publish(message, segment);
        }
        bursts++;
      }
      more |= bursts == BURSTS_A_TURN && ring.position() < file.head(i);
    }
    return more;
  }

  /** Whether everything that was there at the last refresh has been read. */
  boolean readAll() {
    for (int i = 0; i < rings.size(); i++) {
      if (rings.get(i).position() < file.head(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the gateway is dead and all it ever wrote is in Kafka. */
  boolean finished() {
    if (alive) {
      return false;
    }
    for (int i = 0; i < rings.size(); i++) {
      if (rings.get(i).acknowledgedTail() < file.head(i)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Every point stamped before this time is in Kafka. The control thread's ring holds no points and
   * does not count.
   */
  long drainedUntilNs() {
    int workers = Math.max(1, rings.size() - 1);
    return rings.subList(0, workers).stream().mapToLong(RingDrain::drainedUntilNs).min().orElse(0);
  }

  List<NodeView.Ring> ringViews() {
    List<NodeView.Ring> views = new ArrayList<>(rings.size());
    for (int i = 0; i < rings.size(); i++) {
      views.add(
          new NodeView.Ring(
              i,
              file.head(i) - file.tail(i),
              file.capacity(i),
              file.lost(i),
              rings.get(i).inFlight()));
    }
    return views;
  }

  /** What was not acknowledged is read again. */
  void rewind() {
    rings.forEach(RingDrain::rewind);
  }

  @Override
  public void close() {
    file.close();
  }
}
