package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.registry.DropReason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Names that the topology does not have do not stay in a detector's state. */
class OutsideNamesTest {
  private static final int LIMIT_BYTES = 100_000;

  private final FaultDetector detector =
      new FaultDetector(SimTopology.lab(), DetectorConfig.defaults());
  private long nowNs = EPOCH_NS;

  private static Location at(String node) {
    return Location.newBuilder().setRegion("lab").setCluster("lab").setNode(node).build();
  }

  private void quietForTwoHours() {
    nowNs += Duration.ofHours(2).toNanos();
    detector.advance(nowNs, true);
    nowNs += 2 * SECOND;
    detector.advance(nowNs, true);
  }

  @Test
  void shouldForgetDropCountersOfVipsThatNobodyConfigured() {
    int names = 0;
    for (int second = 0; second < 100; second++) {
      nowNs += SECOND;
      CounterBatch.Builder counters =
          CounterBatch.newBuilder().setLocation(at("gw-1")).setBootId(1);
      counters.addNode(NodeCounters.newBuilder().setTimeNs(nowNs));
      for (int i = 0; i < 500; i++) {
        counters.addDrops(
            DropCounters.newBuilder()
                .setTimeNs(nowNs)
                .setVip("vip-" + names++)
                .setReason(DropReason.FLOW_LIMIT.code())
                .setPackets(1));
      }
      detector.accept(counters.build());
      detector.advance(nowNs, true);
    }
    quietForTwoHours();
    assertThat(detector.snapshot()).hasSizeLessThan(LIMIT_BYTES);
  }

  @Test
  void shouldLearnNoRoundTripsOfProbersThatNobodyConfigured() {
    int names = 0;
    for (int second = 0; second < 100; second++) {
      nowNs += SECOND;
      for (int i = 0; i < 100; i++, names++) {
        detector.accept(
            PointBatch.newBuilder()
                .setLocation(at("gw-1"))
                .setBootId(1)
                .addPoints(
                    Point.newBuilder()
                        .setTimeNs(nowNs)
                        .setPoint(1)
                        .setDirection(1)
                        .setTier(2)
                        .setKeyState(ProbeKeyState.KEY_VERIFIED)
                        .setProberId(1000 + names)
                        .setProbeSequence(names)
                        .setVip("vip-web")
                        .setSourcePort(20_000))
                .build());
        detector.accept(
            ProbeBatch.newBuilder()
                .setLocation(at("pod-" + names))
                .setBootId(1)
                .setProberId(1000 + names)
                .addResults(
                    ProbeResult.newBuilder()
                        .setProbeSequence(names)
                        .setSentTimeNs(nowNs)
                        .setTarget("vip-web")
                        .setOutcome(ProbeOutcome.SYN_ACK)
                        .setRttNs(1_000_000))
                .build());
      }
      detector.advance(nowNs, true);
    }
    quietForTwoHours();
    assertThat(detector.snapshot()).hasSizeLessThan(LIMIT_BYTES);
  }
}
