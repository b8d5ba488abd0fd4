package io.dyetrace.analytics.localize.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dyetrace.analytics.localize.Topology;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A prober, two routers and two gateways: nodes 0, 1 and 2, 3 and 4. */
class InformationBoundTest {
  private final Network network = network();
  private final Topology topology = network.topology();
  private final LabelledTrace trace = new LabelledTrace("small", "known", topology);
  private final FailurePrior prior =
      Objects.requireNonNull(FailurePrior.of("gateway, stamped", topology));

  @Test
  void shouldBeSureOfADeadNodeWhereverTheChainBegins() {
    observe(1, 3, 0);
    observe(2, 3, 0);
    observe(1, 4, 40);
    observe(2, 4, 40);
    int dead = topology.links() + 4;

    InformationBound bound = new InformationBound(trace, prior);

    assertThat(bound.posterior(Set.of(dead), 1)[dead]).isGreaterThan(0.95);
    assertThat(bound.posterior(Set.of(network.link(1, 4)), 2)[dead]).isGreaterThan(0.95);
  }

  @Test
  void shouldShareThePosteriorBetweenLinksThatAreAlwaysMetTogether() {
    observe(1, 3, 4);

    double[] posterior = new InformationBound(trace, prior).posterior(Set.of(), 1);

    assertThat(posterior[network.link(0, 1)])
        .isCloseTo(posterior[network.link(1, 3)], within(0.1))
        .isLessThan(0.6);
  }

  @Test
  void shouldWeighAnUnknownPathByWhatArrivedOverEach() {
    observe(1, 3, 0);
    observe(2, 3, 0);
    observe(2, 4, 0);
    int[] either = Network.join(List.of(network.path(0, 1, 4), network.path(0, 2, 4)));
    trace.add(either, 40, 40);

    double[] posterior = new InformationBound(trace, prior).posterior(Set.of(), 1);

    assertThat(posterior[network.link(1, 4)]).isGreaterThan(0.9);
  }

  private void observe(int router, int gateway, int lost) {
    trace.add(network.path(0, router, gateway), 40, lost);
  }

  private static Network network() {
    Network network = new Network(false);
    network.node("prober");
    for (int i = 0; i < 4; i++) {
      network.node(i < 2 ? "router" : "gateway");
    }
    network.connect(0, 1);
    network.connect(0, 2);
    for (int gateway = 3; gateway < 5; gateway++) {
      network.connect(1, gateway);
      network.connect(2, gateway);
    }
    return network;
  }
}
