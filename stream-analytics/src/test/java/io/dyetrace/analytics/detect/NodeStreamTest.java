package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.registry.DropReason;
import org.junit.jupiter.api.Test;

class NodeStreamTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long NOW = 1_900_000_000L * SECOND;

  /** Of a gateway whose clock was an hour ahead when it started. */
  private static final long AHEAD = NOW + 3600 * SECOND;

  private final NodeStream stream = new NodeStream(DetectorConfig.defaults());

  private void heartbeat(long bootId, long timeNs) {
    stream.accept(
        CounterBatch.newBuilder()
            .setBootId(bootId)
            .addNode(NodeCounters.newBuilder().setTimeNs(timeNs))
            .build());
  }

  private void status(long bootId, long timeNs, boolean alive) {
    stream.accept(
        CounterBatch.newBuilder()
            .setBootId(bootId)
            .setAgent(AgentStatus.newBuilder().setTimeNs(timeNs).setGatewayAlive(alive))
            .build());
  }

  @Test
  void shouldFollowAGatewayThatRestartedAfterItsClockWasSetBack() {
    heartbeat(AHEAD, NOW);
    status(AHEAD, NOW + SECOND, false);
    assertThat(stream.gatewayAlive()).isFalse();
    long boot = NOW + 5 * SECOND;
    status(boot, NOW + 6 * SECOND, true);
    heartbeat(boot, NOW + 6 * SECOND);
    assertThat(stream.gatewayAlive()).isTrue();
    assertThat(stream.bootId()).isEqualTo(boot);
    assertThat(stream.mute(NOW + 7 * SECOND)).isFalse();
    assertThat(stream.beating(NOW + 7 * SECOND)).isTrue();
    status(boot, NOW + 8 * SECOND, false);
    assertThat(stream.mute(NOW + 8 * SECOND)).isTrue();
  }

  @Test
  void shouldIgnoreWhatComesLateOfAnOlderBoot() {
    heartbeat(NOW, NOW + SECOND);
    heartbeat(NOW + 10 * SECOND, NOW + 11 * SECOND);
    heartbeat(NOW, NOW + 2 * SECOND);
    assertThat(stream.bootId()).isEqualTo(NOW + 10 * SECOND);
    status(NOW, NOW + 12 * SECOND, false);
    assertThat(stream.gatewayAlive()).isTrue();
  }

  @Test
  void shouldSettleFromTheFirstHeartbeatWhenTheBootIdIsAhead() {
    heartbeat(AHEAD, NOW);
    assertThat(stream.settling(NOW + SECOND)).isTrue();
    assertThat(stream.settling(NOW + 6 * SECOND)).isFalse();
    heartbeat(NOW + 60 * SECOND, NOW + 63 * SECOND);
    assertThat(stream.settling(NOW + 64 * SECOND)).isTrue();
    assertThat(stream.settling(NOW + 66 * SECOND)).as("5 s from the boot").isFalse();
  }

  private void drops(long timeNs, String vip, long packets) {
    stream.accept(
        CounterBatch.newBuilder()
            .setBootId(1)
            .addDrops(
                DropCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setVip(vip)
                    .setReason(DropReason.FLOW_LIMIT.code())
                    .setPackets(packets))
            .build());
  }

  private long dropped(String vip, long sinceNs) {
    return stream.drops(vip, "limit", sinceNs, Long.MAX_VALUE).values().stream()
        .mapToLong(Long::longValue)
        .sum();
  }

  @Test
  void shouldForgetOldCountersOfVeryManyNamesAndCountNoneTwiceBecauseOfIt() {
    heartbeat(1, NOW);
    for (int i = 0; i < 20_000; i++) {
      drops(NOW + SECOND, "vip-" + i, 1000);
    }
    assertThat(stream.size()).isGreaterThan(20_000);
    stream.expire(NOW + 600 * SECOND);
    assertThat(stream.size()).isLessThan(1000);
    drops(NOW + 601 * SECOND, "vip-7", 1000);
    assertThat(dropped("vip-7", NOW + 600 * SECOND)).as("nothing new").isZero();
    drops(NOW + 602 * SECOND, "vip-7", 1200);
    assertThat(dropped("vip-7", NOW + 600 * SECOND)).isEqualTo(200);
  }
}
