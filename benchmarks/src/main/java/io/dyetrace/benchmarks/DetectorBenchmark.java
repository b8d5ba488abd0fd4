package io.dyetrace.benchmarks;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.detect.FaultDetector;
import io.dyetrace.common.config.IpAddresses;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a probe costs the detection: its result, its four stamps and its share of the evaluation
 * each second, in a healthy cluster of 4 nodes under 1,000 probes a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30, batchSize = 1)
@Measurement(iterations = 60, batchSize = 1)
@Fork(1)
public class DetectorBenchmark {
  private static final int PROBES_A_SECOND = 1_000;
  private static final int NODES = 4;
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long START_NS = 1_767_225_600L * SECOND_NS;
  private static final ByteString PROBER_ADDRESS = address("198.18.11.2");
  private static final ByteString VIP_ADDRESS = address("198.19.0.1");

  private static final String TOPOLOGY =
      """
      version: 1
      region: bench
      zones:
        - name: a
          racks:
            - name: r
              components:
                - {name: gw-1, kind: gateway, cluster: c, tier: CLB}
                - {name: gw-2, kind: gateway, cluster: c, tier: CLB}
                - {name: gw-3, kind: gateway, cluster: c, tier: CLB}
                - {name: gw-4, kind: gateway, cluster: c, tier: CLB}
                - {name: prober-1, kind: prober, cluster: c, prober_id: 1}
                - {name: rs-1, kind: backend_host, cluster: c}
      vips:
        - name: vip-web
          address: 198.19.0.1
          port: 80
          protocol: tcp
          nodes: [gw-1, gw-2, gw-3, gw-4]
          backends: [{name: rs-1-web, address: 198.18.31.2, port: 80}]
      """;

  private final FaultDetector detector =
      new FaultDetector(Topology.parse(TOPOLOGY, "benchmark"), DetectorConfig.defaults());
  private long second;
  private List<PointBatch> points = List.of();
  private List<CounterBatch> counters = List.of();
  private ProbeBatch probes = ProbeBatch.getDefaultInstance();

  /** Makes the next second's records; not measured. */
  @Setup(Level.Invocation)
  public void makeSecond() {
    long startNs = START_NS + second * SECOND_NS;
    long endNs = startNs + SECOND_NS;
    List<PointBatch> pointBatches = new ArrayList<>();
    List<CounterBatch> counterBatches = new ArrayList<>();
    for (int node = 0; node < NODES; node++) {
      PointBatch.Builder batch =
          PointBatch.newBuilder()
              .setSchemaVersion(Schema.VERSION)
              .setLocation(location("gw-" + (node + 1)))
              .setBootId(START_NS);
      for (int i = node; i < PROBES_A_SECOND; i += NODES) {
        long sentNs = startNs + i * (SECOND_NS / PROBES_A_SECOND);
        batch.addPoints(point(i, sentNs + 100_000, TracePoint.RX, Direction.FORWARD));
        batch.addPoints(point(i, sentNs + 110_000, TracePoint.TX, Direction.FORWARD));
        batch.addPoints(point(i, sentNs + 200_000, TracePoint.RX, Direction.REPLY));
        batch.addPoints(point(i, sentNs + 210_000, TracePoint.TX, Direction.REPLY));
      }
      pointBatches.add(batch.build());
      counterBatches.add(
          CounterBatch.newBuilder()
              .setSchemaVersion(Schema.VERSION)
              .setLocation(location("gw-" + (node + 1)))
              .setBootId(START_NS)
              .addNode(
                  NodeCounters.newBuilder()
                      .setTimeNs(endNs)
                      .setRingSequence(second + 1)
                      .setState(NodeState.READY))
              .setAgent(
                  AgentStatus.newBuilder()
                      .setTimeNs(endNs)
                      .setDrainedUntilNs(endNs)
                      .setGatewayAlive(true))
              .build());
    }
    ProbeBatch.Builder results =
        ProbeBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(location("prober-1"))
            .setProberId(1)
            .setBootId(START_NS / 1_000_000)
            .setBatchSequence(second + 1)
            .setHeartbeat(ProberHeartbeat.newBuilder().setTimeNs(endNs).setCompleteUntilNs(endNs));
    for (int i = 0; i < PROBES_A_SECOND; i++) {
      long sentNs = startNs + i * (SECOND_NS / PROBES_A_SECOND);
      results.addResults(
          ProbeResult.newBuilder()
              .setProbeSequence(sequence(i))
              .setTarget("vip-web")
              .setTargetAddress(VIP_ADDRESS)
              .setTargetPort(80)
              .setSourceAddress(PROBER_ADDRESS)
              .setSourcePort(20_000 + i % 512)
              .setSentTimeNs(sentNs)
              .setReceivedTimeNs(sentNs + 300_000)
              .setOutcome(ProbeOutcome.SYN_ACK)
              .setRttNs(300_000)
              .setResetSent(true));
    }
    points = pointBatches;
    counters = counterBatches;
    probes = results.build();
    second++;
  }

  /** One second of telemetry through the detector; the time is for one probe. */
  @Benchmark
  @OperationsPerInvocation(PROBES_A_SECOND)
  @BenchmarkMode(Mode.SingleShotTime)
  public List<Verdict> judgeAProbe() {
    points.forEach(detector::accept);
    counters.forEach(detector::accept);
    detector.accept(probes);
    List<Verdict> verdicts = detector.advance(START_NS + second * SECOND_NS, true);
    if (!verdicts.isEmpty()) {
      throw new IllegalStateException("a healthy cluster was accused: " + verdicts);
    }
    return verdicts;
  }

  private Point point(int probe, long timeNs, TracePoint where, Direction direction) {
    return Point.newBuilder()
        .setTimeNs(timeNs)
        .setRingSequence(second * PROBES_A_SECOND + probe + 1)
        .setTier(Tier.CLB.code())
        .setPoint(where.code())
        .setDirection(direction.code())
        .setVip("vip-web")
        .setBackend("rs-1-web")
        .setSourceAddress(PROBER_ADDRESS)
        .setDestinationAddress(VIP_ADDRESS)
        .setSourcePort(20_000 + probe % 512)
        .setDestinationPort(80)
        .setProtocol(6)
        .setKeyState(ProbeKeyState.KEY_VERIFIED)
        .setProberId(1)
        .setProbeSequence(sequence(probe))
        .build();
  }

  private int sequence(int probe) {
    return (int) (second * PROBES_A_SECOND + probe);
  }

  private static Location location(String node) {
    return Location.newBuilder()
        .setRegion("bench")
        .setZone("a")
        .setRack("r")
        .setCluster("c")
        .setNode(node)
        .build();
  }

  private static ByteString address(String text) {
    return ByteString.copyFrom(IpAddresses.parse(text).getAddress());
  }
}
