package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dyetrace.analytics.sim.SimTopology;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The sum of one component. */
class LossTestTest {
  private final LossTest.Family family = new LossTest.Family();
  private final LossTest test = new LossTest(LossSide.FORWARD_IN, "gw-1", family, List.of());
  private int sequence;

  private Loss loss() {
    ProbeTrace t = new ProbeTrace(1, ++sequence);
    t.vip = "vip-web";
    t.sentNs = sequence * Samples.SECOND_NS;
    Loss loss =
        Loss.of(
            new JudgedProbe(
                t, Fate.LOST_BEFORE, List.of(new Hop(Leg.CLB_FORWARD, "gw-1", false)), 0));
    loss.tests().add(test);
    return loss;
  }

  private void lose() {
    Loss loss = loss();
    test.lost(loss);
    loss.count(true);
  }

  private void pass(int packets) {
    for (int i = 0; i < packets; i++) {
      test.passed();
    }
  }

  private double nats() {
    return test.strongest(loss -> false).nats();
  }

  @Test
  void shouldNeedMoreThanThreeScatteredLosses() {
    for (int i = 0; i < 3; i++) {
      pass(1000);
      lose();
    }
    assertThat(nats()).isBetween(0.0, 15.0);
  }

  @Test
  void shouldFindWhereTheLossBegan() {
    pass(10_000);
    lose();
    pass(5000);
    for (int i = 0; i < 10; i++) {
      pass(19);
      lose();
    }
    LossTest.Run run = test.strongest(loss -> false);
    assertThat(run.losses()).hasSize(10);
    assertThat(run.share()).isCloseTo(0.05, within(0.01));
    assertThat(run.nats()).isGreaterThan(40);
  }

  @Test
  void shouldTakeForUsualWhatTheSiblingsLose() {
    LossTest sibling = new LossTest(LossSide.FORWARD_IN, "gw-2", family, List.of());
    for (int i = 0; i < 100_000; i++) {
      sibling.passed();
    }
    sibling.usually(500);
    assertThat(test.usual()).isCloseTo(0.005, within(1e-4));
    for (int i = 0; i < 10; i++) {
      pass(199);
      lose();
    }
    assertThat(nats()).isLessThan(8);
  }

  @Test
  void shouldNotTakeForUsualWhatItLosesItself() {
    for (int i = 0; i < 1000; i++) {
      pass(9);
      lose();
    }
    assertThat(test.usual()).isLessThan(1e-3);
    assertThat(test.losses()).hasSizeLessThanOrEqualTo(40);
  }

  @Test
  void shouldSeldomBelieveIndependentLosses() {
    Random random = new Random(1);
    int alarms = 0;
    for (int i = 0; i < 2_000_000; i++) {
      if (random.nextDouble() < 1e-3) {
        lose();
        alarms += nats() >= 20 ? 1 : 0;
      } else {
        test.passed();
        family.crossed++; // a sibling that loses as much
        family.lost += random.nextDouble() < 1e-3 ? 1 : 0;
      }
    }
    assertThat(alarms).isZero();
  }

  @Test
  void shouldKnowBothEndsOfWhatItNames() {
    Network network = new Network(SimTopology.twoTier());
    for (LossSide side : LossSide.values()) {
      String name =
          switch (side) {
            case FROM_PROBER, TO_PROBER -> "prober-1";
            case VIP -> "vip-web";
            case HOST -> "rs-1";
            default -> "clb-1";
          };
      String component = side.component(name, network);
      assertThat(LossSide.ends(component)).contains(name);
      assertThat(network.namedEnd(component)).isEqualTo(name);
    }
  }
}
