package io.dyetrace.analytics.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.Schema;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ParameterReaderTest {
  private static final Position POSITION = new Position(Schema.TOPIC_PARAMETERS, 0, 6);

  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_CLUSTER);

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private Telemetry read(@Nullable String key, @Nullable String value) {
    return reader.read(POSITION, 1, bytes(key), bytes(value));
  }

  private void assertRefused(@Nullable String key, @Nullable String value, String why) {
    assertThat(read(key, value))
        .isInstanceOfSatisfying(
            Unreadable.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(Reason.IMPOSSIBLE_VALUE);
              assertThat(refused.detail()).contains(why);
            });
  }

  @Test
  void shouldReadAChangeOfAllClustersOrOfOne() throws Exception {
    String document = "crash:\n  consecutive_losses: 4\njitter:\n  delay: 80ms\n";
    for (String scope : new String[] {"*", "lab/lab", "eu-1/c_2.x"}) {
      assertThat(read(scope, "{crash: {consecutive_losses: 4}, jitter: {delay: 80ms}}"))
          .isEqualTo(new ParameterChange(scope, POSITION, scope, document));
    }
    DataOutputSerializer out = new DataOutputSerializer(64);
    ParameterChange moved = new ParameterChange("progress-3", POSITION, "*", document);
    TelemetrySerializer.INSTANCE.serialize(moved, out);
    DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
    assertThat(TelemetrySerializer.INSTANCE.deserialize(in)).isEqualTo(moved);
  }

  @Test
  void shouldTakeAChangeBackWhenThereIsNoValue() {
    assertThat(read("*", null)).isEqualTo(new ParameterChange("*", POSITION, "*", ""));
    assertThat(read("*", "")).isEqualTo(new ParameterChange("*", POSITION, "*", ""));
  }

  @Test
  void shouldRefuseWhatTheConfigurationCouldNotSayAndNameTheKey() {
    assertRefused("*", "{crash: {consecutive_losses: 0}}", "crash.consecutive_losses: 0 is not");
    assertRefused("*", "{crash: {consecutive_loses: 4}}", "crash.consecutive_loses: unknown key");
    assertRefused("*", "{crash: {consecutive_losses: four}}", "crash.consecutive_losses");
    assertRefused("*", "{jitter: {delay: 11s}}", "jitter.delay: PT11S is not within");
    assertRefused("*", "{jitter: {delay: 80}}", "jitter.delay");
    assertRefused("*", "{crash: {}, crash: {}}", "crash");
    assertRefused("*", "[1]", "*");
    assertRefused("*", "crash: {", "*");
    assertRefused("*", "crash: &a [*a]", "*");
    assertRefused("*", "#" + "x".repeat(ParameterReader.MOST_BYTES), "more than 32768");
  }

  @Test
  void shouldRefuseAKeyThatNamesNoCluster() {
    for (String key : new String[] {"", "lab", "a/b/c", "lab/", "**", "lab/la b", "lab/\n"}) {
      assertRefused(key, "{crash: {consecutive_losses: 4}}", "key: neither");
    }
    assertRefused(null, "{}", "key: neither");
  }

  @Test
  void shouldNeverThrowWhateverTheBytesAre() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] good = "crash: {consecutive_losses: 4}\n".getBytes(StandardCharsets.UTF_8);
    for (int n = 0; n < 20_000; n++) {
      byte[] value = good.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        value[random.nextInt(value.length)] = (byte) random.nextInt();
      }
      assertThat(reader.read(POSITION, 1, bytes("*"), value)).as("seed %d", seed).isNotNull();
    }
  }
}
