package io.dyetrace.lab.campaign;

import io.dyetrace.lab.fault.FaultKind;
import java.time.Duration;

/**
 * A fault that is going to be injected.
 *
 * @param pauseBefore nothing is broken for so long before it
 */
public record Planned(FaultKind kind, String target, Duration pauseBefore) {
  private static final Duration CRASH_LIMIT = Duration.ofSeconds(15);
  private static final Duration JITTER_LIMIT = Duration.ofSeconds(20);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** When its verdict must be there. */
  public Duration limit() {
    return switch (kind) {
      case NODE_CRASH -> CRASH_LIMIT;
      case NODE_JITTER -> JITTER_LIMIT;
      default -> LIMIT;
    };
  }
}
