package io.dyetrace.mesh;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The metrics taken in: OpenTelemetry's semantic conventions for request durations, the stable
 * names and those they replaced.
 *
 * @param protocol "http" or "rpc"
 * @param side "client" or "server"
 */
record LatencyMetrics(String protocol, String side) {
  private static final Map<String, LatencyMetrics> BY_NAME =
      Map.of(
          "http.client.request.duration", new LatencyMetrics("http", "client"),
          "http.server.request.duration", new LatencyMetrics("http", "server"),
          "rpc.client.call.duration", new LatencyMetrics("rpc", "client"),
          "rpc.server.call.duration", new LatencyMetrics("rpc", "server"),
          "rpc.client.duration", new LatencyMetrics("rpc", "client"),
          "rpc.server.duration", new LatencyMetrics("rpc", "server"));

  /** What the name means, or null when it is not a request duration. */
  static @Nullable LatencyMetrics of(String metricName) {
    return BY_NAME.get(metricName);
  }

  static Set<String> names() {
    return BY_NAME.keySet();
  }
}
