package io.dyetrace.analytics;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.Parameters;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A crash at 20 s, seen by detectors whose parameters change. */
class FaultDetectorsTest {
  private static final String CLUSTER = "lab/lab";

  /** So sure is nobody ever. */
  private static final String NEVER = "{verdicts: {open_nats: 1000}}";

  private final Detector.Factory factory = SimulatedDetectors.of(SimTopology.labYaml());
  private final Iterator<Delivery> deliveries =
      new Simulation(SimTopology.lab(), 3, 70 * SECOND)
          .crash("gw-2", 20 * SECOND, 70 * SECOND)
          .run()
          .iterator();
  private Delivery next = deliveries.next();
  private long nowNs;

  private List<Verdict> run(Detector detector, long untilNs) {
    List<Verdict> verdicts = new ArrayList<>();
    for (; nowNs < untilNs; nowNs += 200 * MS) {
      for (; next.atNs() <= nowNs && deliveries.hasNext(); next = deliveries.next()) {
        if (next.batch() instanceof ProbeBatch batch) {
          detector.accept(batch);
        } else if (next.batch() instanceof PointBatch batch) {
          detector.accept(batch);
        } else if (next.batch() instanceof CounterBatch batch) {
          detector.accept(batch);
        }
      }
      verdicts.addAll(detector.advance(EPOCH_NS + nowNs - 300 * MS, true));
    }
    return verdicts;
  }

  @Test
  void shouldJudgeByChangedParametersWithWhatItKnew() {
    Detector detector = factory.create(CLUSTER, new Parameters(1, List.of(NEVER)));
    assertThat(run(detector, 40 * SECOND)).isEmpty();

    Parameters back = new Parameters(2, List.of(NEVER, "{verdicts: {open_nats: 20}}"));
    List<Verdict> verdicts = run(detector.with(back), 60 * SECOND);
    assertThat(verdicts).isNotEmpty().allMatch(v -> v.getFaultId().equals("NODE_CRASH/gw-2"));
    assertThat(verdicts.get(0).getFirstBadNs())
        .as("from what it saw before the change")
        .isBetween(EPOCH_NS + 19 * SECOND, EPOCH_NS + 36 * SECOND);
    assertThat(verdicts.get(0).getEvidenceList())
        .filteredOn(e -> e.getMeasure().equals("parameters_version"))
        .extracting(Evidence::getValue)
        .containsExactly(2.0);
  }

  @Test
  void shouldLeaveOutAChangeThatThisVersionDoesNotKnow() {
    String unknown = "{crush: {losses: 4}}";
    Detector.Factory other = SimulatedDetectors.of(SimTopology.labYaml());
    Detector without = other.create(CLUSTER, new Parameters(9, List.of(unknown, NEVER)));
    assertThat(run(without, 40 * SECOND)).as("the other change holds").isEmpty();
    Detector with = other.restore(CLUSTER, new Parameters(9, List.of(unknown)), without.snapshot());
    assertThat(run(with, 60 * SECOND)).as("as the configuration has it").isNotEmpty();
  }

  @Test
  void shouldMissNothingThatBelongsToAnotherCluster() {
    String two =
        SimTopology.labYaml()
            .replace(
                "{name: prober-1,",
                String.join(
                    "\n          - ",
                    "{name: gw-far, kind: gateway, cluster: far, tier: CLB}",
                    "{name: prober-far, kind: prober, cluster: far, prober_id: 9}",
                    "{name: prober-1,"));
    assertThat(two).contains("gw-far");
    Detector lab = SimulatedDetectors.of(two).create(CLUSTER, Parameters.UNCHANGED);
    List<Verdict> verdicts = run(lab, 70 * SECOND);
    assertThat(verdicts).isNotEmpty().allMatch(v -> v.getFaultId().equals("NODE_CRASH/gw-2"));
  }

  @Test
  void shouldAccuseNobodyForRecordsOfAClusterThatNobodyNamed() {
    Detector unknown = factory.create("lab/typo", Parameters.UNCHANGED);
    assertThat(run(unknown, 70 * SECOND)).isEmpty();
  }
}
