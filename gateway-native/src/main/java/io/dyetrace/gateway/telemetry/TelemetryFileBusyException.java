package io.dyetrace.gateway.telemetry;

import java.io.IOException;

/** Another process drains the telemetry file. */
public final class TelemetryFileBusyException extends IOException {
  private static final long serialVersionUID = 1L;

  public TelemetryFileBusyException(String message) {
    super(message);
  }
}
