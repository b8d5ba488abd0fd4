package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.VerdictState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A gateway that passes everything on, and so late that its answers miss the time-out. */
class SlowGatewayTest {
  private static final long TIMEOUT_NS = SECOND;
  private static final long FROM_NS = 30 * SECOND;
  private static final long TO_NS = 70 * SECOND;
  private static final long END_NS = 110 * SECOND;

  /** The probes that some nodes stamped meanwhile. */
  private static Set<Long> met(List<Delivery> all, Set<String> nodes) {
    Set<Long> keys = new HashSet<>();
    for (Delivery d : all) {
      if (d.batch() instanceof PointBatch points
          && nodes.contains(d.source())
          && d.atNs() >= FROM_NS
          && d.atNs() < TO_NS) {
        points
            .getPointsList()
            .forEach(p -> keys.add(ProbeTrace.key(p.getProberId(), p.getProbeSequence())));
      }
    }
    return keys;
  }

  private static ProbeResult unanswered(ProbeResult r) {
    return r.toBuilder()
        .setOutcome(ProbeOutcome.TIMEOUT)
        .clearRttNs()
        .clearReceivedTimeNs()
        .build();
  }

  private static ProbeResult late(ProbeResult r, long rttNs) {
    return r.toBuilder()
        .setOutcome(ProbeOutcome.LATE_SYN_ACK)
        .setRttNs(rttNs)
        .setReceivedTimeNs(r.getSentTimeNs() + rttNs)
        .build();
  }

  private static Delivery after(Delivery d, ProbeBatch batch, ProbeResult result, long afterNs) {
    ProbeBatch alone = batch.toBuilder().clearResults().clearHeartbeat().addResults(result).build();
    return new Delivery(d.atNs() + afterNs, d.source(), d.eventNs() + afterNs, alone);
  }

  /** Every answer over the nodes comes so late: first the time-out, then the answer. */
  private static List<Delivery> slow(List<Delivery> all, Set<String> nodes, long rttNs) {
    Set<Long> slow = met(all, nodes);
    List<Delivery> changed = new ArrayList<>();
    for (Delivery d : all) {
      if (!(d.batch() instanceof ProbeBatch batch)) {
        changed.add(d);
        continue;
      }
      ProbeBatch.Builder rest = batch.toBuilder().clearResults();
      for (ProbeResult r : batch.getResultsList()) {
        if (r.getOutcome() == ProbeOutcome.SYN_ACK
            && slow.contains(ProbeTrace.key(batch.getProberId(), r.getProbeSequence()))) {
          changed.add(after(d, batch, unanswered(r), TIMEOUT_NS));
          changed.add(after(d, batch, late(r, rttNs), rttNs));
        } else {
          rest.addResults(r);
        }
      }
      changed.add(new Delivery(d.atNs(), d.source(), d.eventNs(), rest.build()));
    }
    changed.sort(Comparator.comparingLong(Delivery::atNs));
    return changed;
  }

  private static List<String> given(Set<String> nodes, long rttNs, VerdictState state) {
    List<Delivery> all = new Simulation(SimTopology.lab(), 10, END_NS).withNoise().run();
    return new Replay(SimTopology.lab(), slow(all, nodes, rttNs))
        .until(END_NS).verdicts().stream()
            .filter(g -> g.verdict().getState() == state)
            .map(g -> g.verdict().getFaultId())
            .toList();
  }

  @Test
  void shouldAccuseANodeWhoseAnswersMissTheTimeOut() {
    for (long rttNs : new long[] {1500 * MS, 3000 * MS}) {
      assertThat(given(Set.of("gw-2"), rttNs, VerdictState.OPEN))
          .as(rttNs / MS + " ms")
          .containsExactly("NODE_JITTER/gw-2");
      assertThat(given(Set.of("gw-2"), rttNs, VerdictState.RESOLVED))
          .as(rttNs / MS + " ms")
          .containsExactly("NODE_JITTER/gw-2");
    }
  }

  @Test
  void shouldAccuseNobodyWhenAllAnswersMissTheTimeOut() {
    Set<String> all = Set.of("gw-1", "gw-2", "gw-3", "gw-4");
    assertThat(given(all, 1500 * MS, VerdictState.OPEN)).isEmpty();
  }
}
