package io.dyetrace.storage;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.Alternative;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKey;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.row.StorageRows;
import java.util.ArrayList;
import java.util.List;

/** Rows for tests. */
public final class TestRows {
  /** 2026-08-01 12:00:00 UTC. */
  public static final long NOON_NS = 1_785_585_600_000_000_000L;

  public static final long SECOND_NS = 1_000_000_000L;
  public static final Location GW_2 =
      Location.newBuilder()
          .setRegion("lab")
          .setZone("lab-a")
          .setRack("rack-1")
          .setCluster("lab")
          .setNode("gw-2")
          .build();
  public static final Location PROBER_1 = GW_2.toBuilder().setNode("prober-1").build();
  private static final ByteString SOURCE = ByteString.copyFrom(new byte[] {(byte) 198, 18, 11, 2});
  private static final ByteString VIP = ByteString.copyFrom(new byte[] {(byte) 198, 19, 0, 1});

  private TestRows() {}

  /** A probe that came back. */
  public static StorageRow probe(int sequence, long timeNs) {
    return probe(sequence, timeNs, ProbeOutcome.SYN_ACK);
  }

  /** A probe. */
  public static StorageRow probe(int sequence, long timeNs, ProbeOutcome outcome) {
    boolean answered = outcome == ProbeOutcome.SYN_ACK;
    ProbeResult result =
        ProbeResult.newBuilder()
            .setProbeSequence(sequence)
            .setRound(sequence / 16)
            .setTarget("vip-web")
            .setTargetAddress(VIP)
            .setTargetPort(80)
            .setSourceAddress(SOURCE)
            .setSourcePort(20_000 + sequence % 512)
            .setSentTimeNs(timeNs)
            .setReceivedTimeNs(answered ? timeNs + 150_000 : 0)
            .setRttNs(answered ? 150_000 : 0)
            .setOutcome(outcome)
            .setResetSent(true)
            .build();
    return StorageRows.of(
            ProbeBatch.newBuilder()
                .setLocation(PROBER_1)
                .setProberId(1)
                .setBootId(NOON_NS / 1_000_000)
                .addResults(result)
                .build())
        .get(0);
  }

  /** A trace point. */
  public static StorageRow point(long ringSequence, long timeNs) {
    return point(
        Point.newBuilder()
            .setTimeNs(timeNs)
            .setRingSequence(ringSequence)
            .setTier(Tier.CLB.code())
            .setPoint(ringSequence % 2 == 0 ? TracePoint.TX.code() : TracePoint.RX.code())
            .setDirection(1)
            .setVip("vip-web")
            .setBackend("rs-1-web")
            .setSourceAddress(SOURCE)
            .setDestinationAddress(VIP)
            .setSourcePort(20_001)
            .setDestinationPort(80)
            .setProtocol(6)
            .setTcpFlags(2)
            .setPacketBytes(74)
            .setKeyState(ProbeKeyState.KEY_VERIFIED)
            .setProberId(1)
            .setProbeSequence((int) ringSequence)
            .setDwellNs(1_234)
            .build());
  }

  /** A sampled drop point. */
  public static StorageRow drop(long ringSequence, long timeNs, DropReason reason, int weight) {
    return point(
        Point.newBuilder()
            .setTimeNs(timeNs)
            .setRingSequence(ringSequence)
            .setTier(Tier.CLB.code())
            .setPoint(TracePoint.VIP_LOOKUP.code())
            .setReason(reason.code())
            .setDirection(1)
            .setVip("vip-web")
            .setSourceAddress(SOURCE)
            .setDestinationAddress(VIP)
            .setKeyState(ProbeKeyState.KEY_SAMPLED)
            .setSampleWeight(weight)
            .build());
  }

  /** A point as given. */
  public static StorageRow point(Point point) {
    return StorageRows.of(
            PointBatch.newBuilder().setLocation(GW_2).setBootId(NOON_NS).addPoints(point).build())
        .get(0);
  }

  /** A node's, a VIP's, a drop reason's and a worker's counters. */
  public static List<StorageRow> counters(long ringSequence, long timeNs) {
    return StorageRows.of(
        CounterBatch.newBuilder()
            .setLocation(GW_2)
            .setBootId(NOON_NS)
            .addNode(
                NodeCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(ringSequence)
                    .setState(NodeState.READY)
                    .setRxPackets(ringSequence * 10)
                    .setColourForged(3)
                    .setActions(
                        NodeActions.newBuilder().setPacketsMade(40).setToaTold(60).setToaLate(7)))
            .addVips(
                VipCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(ringSequence)
                    .setVip("vip-web")
                    .setDirection(2)
                    .setPackets(7))
            .addDrops(
                DropCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(ringSequence)
                    .setVip("vip-web")
                    .setReason(DropReason.NO_BACKEND.code())
                    .setPackets(9))
            .addWorkers(
                WorkerCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(ringSequence)
                    .setWorker(1)
                    .setLongestPollGapNs(300_000_000L))
            .build());
  }

  /** A verdict. */
  public static StorageRow verdict(int revision, VerdictState state) {
    return verdict(NOON_NS, revision, state);
  }

  /** A verdict of the occurrence that was first bad then. */
  public static StorageRow verdict(long firstBadNs, int revision, VerdictState state) {
    return StorageRows.of(
            Verdict.newBuilder()
                .setFaultId("NODE_CRASH/gw-2")
                .setOccurrenceId("NODE_CRASH/gw-2/" + firstBadNs)
                .setRevision(revision)
                .setFaultClass(FaultClass.NODE_CRASH.code())
                .setComponentKind(ComponentKind.NODE)
                .setComponent("gw-2")
                .setState(state)
                .setFirstBadNs(firstBadNs)
                .setDetectedNs(firstBadNs + 6 * SECOND_NS)
                .setResolvedNs(state == VerdictState.RESOLVED ? firstBadNs + 60 * SECOND_NS : 0)
                .setConfidence(0.97)
                .addAlternatives(
                    Alternative.newBuilder()
                        .setFaultClass(FaultClass.NO_DATA.code())
                        .setComponentKind(ComponentKind.TELEMETRY)
                        .setComponent("gw-2")
                        .setConfidence(0.03))
                .addEvidence(
                    Evidence.newBuilder()
                        .setSummary("12 of 12 probes through gw-2 were lost")
                        .setMeasure("probes_lost_ratio")
                        .setValue(1)
                        .setObservations(12))
                .addSampleProbes(ProbeKey.newBuilder().setProberId(1).setProbeSequence(77))
                .addAffectedVips("vip-web")
                .setAffectedProbeShare(0.25)
                .addHealthySiblings("gw-1")
                .addHealthySiblings("gw-3")
                .setRegion("lab")
                .build())
        .get(0);
  }

  /** A histogram. */
  public static StorageRow meshLatency(long seriesId, long endNs) {
    return StorageRows.of(
            MeshBatch.newBuilder()
                .addLatencies(
                    MeshLatency.newBuilder()
                        .setStartTimeNs(endNs - 5 * SECOND_NS)
                        .setEndTimeNs(endNs)
                        .setSeriesId(seriesId)
                        .setSourceService("shop")
                        .setDestinationService("stock")
                        .setProtocol("http")
                        .setCount(3)
                        .setSumNs(3_000_000)
                        .addBucketBoundsNs(1_000_000)
                        .addBucketBoundsNs(5_000_000)
                        .addBucketCounts(1)
                        .addBucketCounts(2)
                        .addBucketCounts(0))
                .build())
        .get(0);
  }

  /** One row of every kind. */
  public static List<StorageRow> oneOfEach() {
    List<StorageRow> rows = new ArrayList<>();
    rows.add(probe(1, NOON_NS));
    rows.add(point(1, NOON_NS));
    rows.addAll(counters(1, NOON_NS));
    rows.add(verdict(1, VerdictState.OPEN));
    rows.add(meshLatency(5, NOON_NS));
    return rows;
  }
}
