package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ReplyKeysTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long NOW = 1_900_000_000L * SECOND;
  private static final ByteString PROBER = address(198, 18, 11, 2);

  private final DetectorConfig.Timing config = DetectorConfig.defaults().timing();
  private final ReplyKeys keys = new ReplyKeys(config, Flows.of(SimTopology.twoTier()));

  private static ByteString address(int a, int b, int c, int d) {
    return ByteString.copyFrom(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
  }

  private static ProbeResult probe(int sequence, ByteString vip, long sentNs) {
    return Records.probe(sequence, ProbeOutcome.SYN_ACK, sentNs).toBuilder()
        .setSentTimeNs(sentNs)
        .setSourceAddress(PROBER)
        .setSourcePort(20_000)
        .setTargetAddress(vip)
        .build();
  }

  private static Point reply(ByteString from, long atNs) {
    return Records.point(0, 1, atNs).toBuilder()
        .setTier(1)
        .setDirection(2)
        .setKeyState(ProbeKeyState.KEY_UNKNOWN)
        .setSourceAddress(from)
        .setSourcePort(80)
        .setDestinationAddress(PROBER)
        .setDestinationPort(20_000)
        .build();
  }

  @Test
  void shouldFillFromThePrivateAddressAndFromThePublicOne() {
    keys.accept(1, probe(7, address(198, 19, 0, 1), NOW));

    assertThat(keys.accept("eip-2", reply(address(198, 19, 1, 1), NOW + 1)))
        .singleElement()
        .satisfies(k -> assertThat(k.point().getProbeSequence()).isEqualTo(7));
    assertThat(keys.accept("eip-2", reply(address(198, 19, 0, 1), NOW + 1))).hasSize(1);
    assertThat(keys.accept("eip-2", reply(address(198, 19, 1, 2), NOW + 1)))
        .as("another VIP's")
        .isEmpty();
  }

  @Test
  void shouldLetAReplyWaitForItsProbe() {
    assertThat(keys.accept("eip-2", reply(address(198, 19, 1, 1), NOW))).isEmpty();
    assertThat(keys.accept(1, probe(6, address(198, 19, 0, 1), NOW - 130 * SECOND)))
        .as("the flow's probe before it")
        .isEmpty();
    assertThat(keys.accept(1, probe(7, address(198, 19, 0, 1), NOW - SECOND)))
        .singleElement()
        .satisfies(
            k -> {
              assertThat(k.node()).isEqualTo("eip-2");
              assertThat(k.point().getKeyState()).isEqualTo(ProbeKeyState.KEY_VERIFIED);
            });
    assertThat(keys.accept(1, probe(7, address(198, 19, 0, 1), NOW - SECOND))).as("once").isEmpty();
  }

  @Test
  void shouldForgetWhatCanFitNothingMore() {
    keys.accept(1, probe(7, address(198, 19, 0, 1), NOW));
    keys.accept("eip-1", reply(address(198, 19, 1, 2), NOW));
    keys.expire(NOW + 121 * SECOND);

    assertThat(keys.size()).isZero();
  }

  @Test
  void shouldGoOnFromASnapshot() throws IOException {
    keys.accept(1, probe(7, address(198, 19, 0, 1), NOW));
    keys.accept("eip-1", reply(address(198, 19, 1, 2), NOW));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    keys.write(new DataOutputStream(bytes));
    ReplyKeys restored = new ReplyKeys(config, Flows.of(SimTopology.twoTier()));
    restored.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));

    assertThat(restored.accept("eip-2", reply(address(198, 19, 1, 1), NOW + 1))).hasSize(1);
    assertThat(restored.accept(1, probe(8, address(198, 19, 0, 2), NOW))).hasSize(1);
  }

  @Test
  void shouldHoldNothingWhereEveryTierKnowsItsKeys() {
    ReplyKeys oneTier = new ReplyKeys(config, Flows.of(SimTopology.lab()));
    oneTier.accept(1, probe(7, address(198, 19, 0, 1), NOW));

    assertThat(oneTier.size()).isZero();
  }
}
