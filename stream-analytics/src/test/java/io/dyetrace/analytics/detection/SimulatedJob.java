package io.dyetrace.analytics.detection;

import com.google.protobuf.Message;
import io.dyetrace.analytics.SimulatedDetectors;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.analytics.telemetry.ProgressOperator;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.TelemetryReader;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.util.Iterator;
import java.util.Map;
import java.util.Queue;
import java.util.function.BiConsumer;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;

/**
 * The detection pipeline of the job on a simulated broker and clock: reader, {@link
 * ProgressOperator} and {@link DetectorOperator} as the job chains them, in Flink's own harnesses.
 * What a simulation sends goes in as bytes, verdicts come out with the simulated time.
 *
 * <pre>{@code
 * try (SimulatedJob job = new SimulatedJob(yaml, (atNs, verdict) -> ...)) {
 *   job.feed(simulation.stream(), untilNs);
 * }
 * }</pre>
 */
public final class SimulatedJob implements AutoCloseable {
  private static final long START_MS = Simulation.EPOCH_NS / Simulation.MS;
  private static final long STEP_MS = 50;
  private static final long ASK_MS = 200;

  /** No answers but those that the simulated broker gives, so that a run can be repeated. */
  private static final class NoEndOffsets implements EndOffsets {
    @Override
    public Map<String, Range> fetch() {
      throw new IllegalStateException("the simulated broker answers by itself");
    }

    @Override
    public void close() {}
  }

  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_CLUSTER);
  private final SimulatedBroker broker;
  private final DetectorOperator operator;
  private final OneInputStreamOperatorTestHarness<Telemetry, Telemetry> progress;
  private final KeyedOneInputStreamOperatorTestHarness<String, Telemetry, Verdict> detector;
  private final BiConsumer<Long, Verdict> verdicts;
  private long nowMs;
  private long records;

  /**
   * Opens the operators at the simulated time 0.
   *
   * @param verdicts takes each verdict revision and the simulated time it came at, in nanoseconds
   */
  public SimulatedJob(String topologyYaml, BiConsumer<Long, Verdict> verdicts) throws Exception {
    this.verdicts = verdicts;
    this.broker = new SimulatedBroker();
    this.operator =
        new DetectorOperator(
            SimulatedDetectors.of(topologyYaml),
            NoEndOffsets::new,
            DetectorOperator.Settings.DEFAULT);
    this.progress = new OneInputStreamOperatorTestHarness<>(new ProgressOperator());
    this.detector =
        new KeyedOneInputStreamOperatorTestHarness<>(operator, Telemetry::key, Types.STRING);
    progress.getExecutionConfig().enableObjectReuse();
    detector.getExecutionConfig().enableObjectReuse();
    progress.setup(
        OpaqueType.TELEMETRY.createSerializer(progress.getExecutionConfig().getSerializerConfig()));
    detector.setup(
        SimulatedDetectors.verdictType()
            .createSerializer(detector.getExecutionConfig().getSerializerConfig()));
    progress.setProcessingTime(START_MS);
    detector.setProcessingTime(START_MS);
    progress.open();
    detector.open();
  }

  /** The broker between: its partitions can be slowed down. */
  public SimulatedBroker broker() {
    return broker;
  }

  /** Items read so far: results, points and rows of counters. */
  public long records() {
    return records;
  }

  /** Reads what is sent until a simulated time. */
  public void feed(Iterator<Delivery> deliveries, long untilNs) throws Exception {
    long untilMs = untilNs / Simulation.MS;
    while (nowMs < untilMs) {
      nowMs += STEP_MS;
      broker.appendUntil(deliveries, nowMs * Simulation.MS);
      step();
    }
  }

  private void step() throws Exception {
    progress.setProcessingTime(START_MS + nowMs);
    SimulatedBroker.Appended next;
    while ((next = broker.poll(nowMs)) != null) {
      count(next.message());
      Telemetry read = reader.read(next.position(), START_MS + next.appendMs(), null, next.value());
      if (read instanceof Telemetry.Batch batch) {
        broker.sawEvent(next.position().partitionName(), batch.eventTimeMs());
      } else {
        throw new IllegalStateException("the simulation sent what the job refuses: " + read);
      }
      progress.processElement(new StreamRecord<>(read, START_MS + nowMs));
    }
    passOn();
    if (nowMs % ASK_MS == 0) {
      operator.caughtUp().answered(START_MS + nowMs, broker.ends());
      long watermarkMs = broker.watermarkMs(nowMs);
      if (watermarkMs > Long.MIN_VALUE) {
        detector.processWatermark(new Watermark(watermarkMs));
      }
    }
    detector.setProcessingTime(START_MS + nowMs);
    give();
  }

  private void passOn() throws Exception {
    Queue<Object> out = progress.getOutput();
    for (Object element = out.poll(); element != null; element = out.poll()) {
      if (element instanceof StreamRecord<?> record) {
        detector.processElement(
            new StreamRecord<>((Telemetry) record.getValue(), START_MS + nowMs));
      }
    }
  }

  private void give() {
    Queue<Object> out = detector.getOutput();
    for (Object element = out.poll(); element != null; element = out.poll()) {
      if (element instanceof StreamRecord<?> record) {
        verdicts.accept(nowMs * Simulation.MS, (Verdict) record.getValue());
      }
    }
  }

  private void count(Message message) {
    if (message instanceof ProbeBatch batch) {
      records += batch.getResultsCount() + (batch.hasHeartbeat() ? 1 : 0);
    } else if (message instanceof PointBatch batch) {
      records += batch.getPointsCount();
    } else if (message instanceof CounterBatch batch) {
      records += batch.getNodeCount() + batch.getDropsCount() + batch.getWorkersCount();
      records += batch.hasAgent() ? 1 : 0;
    }
  }

  static Kind kindOf(Message message) {
    if (message instanceof ProbeBatch) {
      return Kind.PROBES;
    }
    return message instanceof PointBatch ? Kind.POINTS : Kind.COUNTERS;
  }

  @Override
  public void close() throws Exception {
    progress.close();
    detector.close();
  }
}
