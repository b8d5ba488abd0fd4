package io.dyetrace.analytics.sim;

import com.google.protobuf.Message;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * Carries batches from their senders to the broker: at once, after the outage of the sender or of
 * Kafka, late, or twice.
 */
final class Wire {
  private static final long MS = Simulation.MS;

  private record Sent(Delivery delivery, long number) {}

  private static final Comparator<Sent> ORDER =
      Comparator.<Sent>comparingLong(s -> s.delivery().atNs())
          .thenComparing(s -> s.delivery().source())
          .thenComparingLong(Sent::number);

  private final Conditions conditions;
  private final Random random;
  private final PriorityQueue<Sent> sent = new PriorityQueue<>(ORDER);
  private final Map<String, Long> lateUntilNs = new HashMap<>();
  private long number;

  Wire(Conditions conditions, Random random) {
    this.conditions = conditions;
    this.random = random;
  }

  /**
   * Sends.
   *
   * @param agent whether it is not the source itself that sends, but its agent
   */
  void send(String source, boolean agent, long sentNs, long eventNs, Message batch) {
    long at = sentNs;
    if (!conditions.outages.isEmpty()) {
      at = afterOutages(source, agent, at);
    }
    if (conditions.latePerBatch > 0 && random.nextDouble() < conditions.latePerBatch) {
      // A sender keeps its order: what follows waits as well.
      lateUntilNs.put(source, at + (long) (random.nextDouble() * 3 * Simulation.SECOND));
    }
    at = Math.max(at, lateUntilNs.getOrDefault(source, 0L));
    sent.add(new Sent(new Delivery(at, source, eventNs, batch), number++));
    if (conditions.repeatedPerBatch > 0 && random.nextDouble() < conditions.repeatedPerBatch) {
      long again = at + (long) (random.nextDouble() * 5 * Simulation.SECOND);
      sent.add(new Sent(new Delivery(again, source, eventNs, batch), number++));
    }
  }

  private long afterOutages(String source, boolean agent, long sentNs) {
    long at = sentNs;
    String own = agent ? Conditions.AGENT + "/" + source : source;
    for (String sender : new String[] {agent ? Conditions.AGENT : source, own}) {
      if (conditions.outages.covers(sender, at)) {
        at =
            conditions.outages.endOf(sender, at)
                + 500 * MS
                + Math.floorMod(source.hashCode(), 10) * 30L * MS;
      }
    }
    if (conditions.outages.covers("kafka", at)) {
      at =
          conditions.outages.endOf("kafka", at)
              + 300 * MS
              + Math.floorMod(source.hashCode() * 31, 10) * 150L * MS;
    }
    return at;
  }

  /** Whether something can be read before a time. */
  boolean holds(long untilNs) {
    Sent first = sent.peek();
    return first != null && first.delivery().atNs() < untilNs;
  }

  Delivery take() {
    return sent.remove().delivery();
  }
}
