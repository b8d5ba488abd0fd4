package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PortMapTest {
  private static final long SECOND = 1_000_000_000L;

  private final DetectorConfig.Timing config = DetectorConfig.defaults().timing();
  private final PortMap ports = new PortMap(config);

  @Test
  void shouldLearnWhereAPortLeads() {
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 20_000, "gw-2", SECOND);

    assertThat(ports.node(1, "vip-web", Leg.CLB_FORWARD, 20_000)).isEqualTo("gw-2");
    assertThat(ports.node(1, "vip-api", Leg.CLB_FORWARD, 20_000)).isEmpty();
    assertThat(ports.node(2, "vip-web", Leg.CLB_FORWARD, 20_000)).isEmpty();
  }

  @Test
  void shouldIgnoreAnOlderStampThatComesLater() {
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 20_000, "gw-2", 10 * SECOND);
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 20_000, "gw-1", 5 * SECOND);

    assertThat(ports.node(1, "vip-web", Leg.CLB_FORWARD, 20_000)).isEqualTo("gw-2");
  }

  @Test
  void shouldForgetAVipWhenSeveralOfItsPortsMove() {
    for (int port = 0; port < 10; port++) {
      ports.learn(1, "vip-web", Leg.CLB_FORWARD, port, "gw-1", SECOND);
      ports.learn(1, "vip-api", Leg.CLB_FORWARD, port, "gw-1", SECOND);
    }
    for (int port = 0; port < config.portsMoved(); port++) {
      ports.learn(1, "vip-web", Leg.CLB_FORWARD, port, "gw-3", 20 * SECOND + port);
    }

    assertThat(ports.node(1, "vip-web", Leg.CLB_FORWARD, 9))
        .as("learned before the next hops changed")
        .isEmpty();
    assertThat(ports.node(1, "vip-web", Leg.CLB_FORWARD, 0)).as("learned since").isEqualTo("gw-3");
    assertThat(ports.node(1, "vip-api", Leg.CLB_FORWARD, 9)).as("another VIP").isEqualTo("gw-1");
  }

  @Test
  void shouldKeepTheMapWhenASinglePortMoves() {
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 1, "gw-1", SECOND);
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 2, "gw-1", SECOND);
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 1, "gw-3", 20 * SECOND);

    assertThat(ports.node(1, "vip-web", Leg.CLB_FORWARD, 2)).isEqualTo("gw-1");
  }

  @Test
  void shouldForgetAPortThatIsNotMetAgain() {
    ports.learn(1, "vip-web", Leg.CLB_FORWARD, 1, "gw-1", SECOND);
    ports.expire(2 * SECOND + config.portMapRetention().toNanos());

    assertThat(ports.size()).isZero();
  }
}
