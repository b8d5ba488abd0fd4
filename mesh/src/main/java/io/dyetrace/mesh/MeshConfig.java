package io.dyetrace.mesh;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.MetricsConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The receiver's configuration; docs/reference/mesh.md tells each key.
 *
 * @param listen address and port of OTLP/gRPC, {@code 0.0.0.0:4317} by default
 * @param destinations names of services by the address clients call, usually a VIP's
 * @param mostSeries cumulative series remembered, 100 to 10,000,000
 * @param mostMessageBytes largest request taken, 64 KiB to 64 MiB
 */
record MeshConfig(
    HostPort listen,
    KafkaConfig kafka,
    MetricsConfig metrics,
    List<Destination> destinations,
    Integer mostSeries,
    Integer mostMessageBytes) {
  /** Sets defaults and checks. */
  MeshConfig(
      @Nullable HostPort listen,
      KafkaConfig kafka,
      MetricsConfig metrics,
      @Nullable List<Destination> destinations,
      @Nullable Integer mostSeries,
      @Nullable Integer mostMessageBytes) {
    this.listen = Check.orDefault(listen, new HostPort("0.0.0.0", 4317));
    this.kafka = Check.required("kafka", kafka);
    this.metrics = Check.required("metrics", metrics);
    this.destinations = List.copyOf(Check.orDefault(destinations, List.of()));
    this.mostSeries =
        Check.range("most_series", Check.orDefault(mostSeries, 100_000), 100, 10_000_000);
    this.mostMessageBytes =
        Check.range(
            "most_message_bytes", Check.orDefault(mostMessageBytes, 4 << 20), 64 << 10, 64 << 20);
  }

  /** A service behind an address. */
  record Destination(HostPort address, String service) {
    Destination {
      Check.required("address", address);
      Check.required("service", service);
    }
  }

  /** Services by the address clients call, as {@code host:port}. */
  Map<String, String> services() {
    return destinations.stream()
        .collect(
            Collectors.toMap(
                d -> d.address().toString(), Destination::service, (first, second) -> second));
  }
}
