package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Whether every node has been met by enough probes of every prober for its normal behaviour to be
 * known.
 */
public final class LearnedNodes {
  /** Probes of each prober that came through each node: two rounds' worth. */
  private static final int ENOUGH = 16;

  private static final int RECORDS = 3000;

  private static final String ANALYTICS = "127.0.0.1:9466";

  private LearnedNodes() {}

  /**
   * The last stamp that carries a key: of the reply, but an elastic IP node does not know whose
   * replies are.
   */
  private static boolean passedOn(Point p) {
    Direction last = p.getTier() == Tier.EIP.code() ? Direction.FORWARD : Direction.REPLY;
    return p.getPoint() == TracePoint.TX.code() && p.getDirection() == last.code();
  }

  /** What is missing, in words; empty when nothing is. */
  public static List<String> missing(Lab lab) {
    Map<String, Set<Integer>> met = new HashMap<>();
    try (Topic points = Topic.newest(Schema.TOPIC_POINTS, RECORDS)) {
      for (ConsumerRecord<String, byte[]> record : points.readToEnd()) {
        PointBatch batch = PointBatch.parseFrom(record.value());
        for (Point p : batch.getPointsList()) {
          if (p.getKeyState() == ProbeKeyState.KEY_VERIFIED && passedOn(p)) {
            met.computeIfAbsent(
                    batch.getLocation().getNode() + "/" + p.getProberId(), k -> new HashSet<>())
                .add(p.getProbeSequence());
          }
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a record does not parse: " + e.getMessage());
    }
    List<String> missing = new ArrayList<>();
    for (Host node : lab.plan().nodes()) {
      long seen =
          lab.plan().probers().stream()
              .filter(
                  p -> met.getOrDefault(node.name() + "/" + p.index(), Set.of()).size() >= ENOUGH)
              .count();
      if (seen < lab.plan().probers().size()) {
        missing.add(node.name());
      }
    }
    if (!missing.isEmpty()) {
      return List.of("too few probes yet through " + String.join(", ", missing));
    }
    boolean caughtUp =
        Metrics.of(ANALYTICS).named("dyetrace_analytics_caught_up").getOrDefault("", 0.0) == 1;
    return caughtUp ? List.of() : List.of("the analytics has not caught up yet");
  }
}
