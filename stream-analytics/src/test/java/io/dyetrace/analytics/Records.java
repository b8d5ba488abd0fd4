package io.dyetrace.analytics;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.record.VipCounters;

/** Records as working senders write them. */
public final class Records {
  public static final long BOOT_ID = 1_800_000_000_000_000_000L;
  private static final ByteString CLIENT = ByteString.copyFrom(new byte[] {10, 0, 0, 1});
  private static final ByteString SERVER = ByteString.copyFrom(new byte[] {10, 0, 0, 2});

  private Records() {}

  /** Where a component stands. */
  public static Location at(String node) {
    return Location.newBuilder()
        .setRegion("lab")
        .setZone("lab-a")
        .setRack("rack-1")
        .setCluster("lab")
        .setNode(node)
        .build();
  }

  /** Answered probes with consecutive sequence numbers, and a heartbeat. */
  public static ProbeBatch probes(int proberId, int firstSequence, int count, long timeNs) {
    ProbeBatch.Builder batch =
        ProbeBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(at("prober-" + proberId))
            .setProberId(proberId)
            .setBootId(1)
            .setHeartbeat(ProberHeartbeat.newBuilder().setTimeNs(timeNs));
    for (int i = 0; i < count; i++) {
      batch.addResults(probe(firstSequence + i, ProbeOutcome.SYN_ACK, timeNs));
    }
    return batch.build();
  }

  /** One result. */
  public static ProbeResult probe(int sequence, ProbeOutcome outcome, long timeNs) {
    return ProbeResult.newBuilder()
        .setProbeSequence(sequence)
        .setRound(1)
        .setTarget("vip-web")
        .setTargetAddress(SERVER)
        .setTargetPort(80)
        .setSourceAddress(CLIENT)
        .setSourcePort(20_000 + (sequence & 511))
        .setSentTimeNs(timeNs - 1_000_000)
        .setReceivedTimeNs(timeNs)
        .setRttNs(1_000_000)
        .setOutcome(outcome)
        .build();
  }

  /** Trace points of worker 0 with consecutive ring sequences. */
  public static PointBatch points(String node, long firstSequence, int count, long timeNs) {
    PointBatch.Builder batch =
        PointBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(at(node))
            .setBootId(BOOT_ID);
    for (int i = 0; i < count; i++) {
      batch.addPoints(point(0, firstSequence + i, timeNs));
    }
    return batch.build();
  }

  /** One trace point: RX of a coloured SYN. */
  public static Point point(int worker, long ringSequence, long timeNs) {
    return Point.newBuilder()
        .setTimeNs(timeNs)
        .setWorker(worker)
        .setRingSequence(ringSequence)
        .setTier(2)
        .setPoint(1)
        .setDirection(1)
        .setVip("vip-web")
        .setSourceAddress(CLIENT)
        .setDestinationAddress(SERVER)
        .setSourcePort(20_000)
        .setDestinationPort(80)
        .setProtocol(6)
        .setTcpFlags(2)
        .setPacketBytes(64)
        .setKeyState(ProbeKeyState.KEY_VERIFIED)
        .setProberId(1)
        .setProbeSequence(7)
        .build();
  }

  /** A node's second: node and VIP counters under two ring sequences, and the agent's status. */
  public static CounterBatch counters(String node, long firstSequence, long timeNs) {
    return CounterBatch.newBuilder()
        .setSchemaVersion(Schema.VERSION)
        .setLocation(at(node))
        .setBootId(BOOT_ID)
        .addNode(NodeCounters.newBuilder().setTimeNs(timeNs).setRingSequence(firstSequence))
        .addVips(
            VipCounters.newBuilder()
                .setTimeNs(timeNs)
                .setRingSequence(firstSequence + 1)
                .setVip("vip-web")
                .setDirection(1))
        .setAgent(
            AgentStatus.newBuilder()
                .setTimeNs(timeNs)
                .setDrainedUntilNs(timeNs)
                .setGatewayAlive(true))
        .build();
  }

  /** One histogram of one series. */
  public static MeshBatch mesh(long seriesId, long endTimeNs) {
    return MeshBatch.newBuilder()
        .setSchemaVersion(Schema.VERSION)
        .addLatencies(
            MeshLatency.newBuilder()
                .setStartTimeNs(endTimeNs - 5_000_000_000L)
                .setEndTimeNs(endTimeNs)
                .setSourceService("shop")
                .setProtocol("http")
                .setMetric("http.client.request.duration")
                .setSide("client")
                .setCount(3)
                .setSumNs(3_000_000)
                .addBucketBoundsNs(1_000_000)
                .addBucketCounts(2)
                .addBucketCounts(1)
                .setSeriesId(seriesId))
        .build();
  }

  /** An open verdict. */
  public static Verdict verdict(String component, int revision, long timeNs) {
    String faultId = "NODE_CRASH/" + component;
    return Verdict.newBuilder()
        .setSchemaVersion(Schema.VERSION)
        .setFaultId(faultId)
        .setOccurrenceId(faultId + "/" + BOOT_ID)
        .setRevision(revision)
        .setFaultClass(1)
        .setComponent(component)
        .setState(VerdictState.OPEN)
        .setFirstBadNs(BOOT_ID)
        .setDetectedNs(timeNs)
        .setConfidence(0.9)
        .build();
  }
}
