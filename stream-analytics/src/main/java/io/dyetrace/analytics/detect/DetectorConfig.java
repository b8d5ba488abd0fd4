package io.dyetrace.analytics.detect;

import io.dyetrace.common.config.Check;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Every threshold of the detection. Defaults here; each key may be set in the analytics configuration's block {@code detection}. */
public record DetectorConfig(@Nullable Duration evaluationInterval) {
  public DetectorConfig {
    evaluationInterval = Check.orDefault(evaluationInterval, Duration.ofMillis(250));
  }

  /** The defaults. */
  public static DetectorConfig defaults() {
    return new DetectorConfig(null);
  }
}
