package io.dyetrace.gateway.telemetry;

import java.io.IOException;

/**
 * A telemetry file that cannot be trusted: of another layout, cut short, or contradicting itself.
 */
public class TelemetryFileException extends IOException {
  private static final long serialVersionUID = 1L;

  public TelemetryFileException(String message) {
    super(message);
  }
}
