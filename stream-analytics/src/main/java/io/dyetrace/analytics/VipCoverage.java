package io.dyetrace.analytics;

import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Locale;

/**
 * Which probes stand for each VIP of the topology: what an on-call engineer must know before
 * reading silence as health.
 */
final class VipCoverage {
  private VipCoverage() {}

  static void register(Topology topology, PrometheusRegistry registry) {
    Gauge coverage =
        Gauge.builder()
            .name("dyetrace_analytics_vip_coverage")
            .help("1: probes stand for the VIP; 0: none do.")
            .labelNames("vip", "port", "covered_by")
            .register(registry);
    for (Vip vip : topology.vips()) {
      String port = vip.port() + "/" + vip.protocol().name().toLowerCase(Locale.ROOT);
      coverage.labelValues(vip.name(), port, coveredBy(vip)).set(isProbed(vip) ? 1 : 0);
    }
  }

  private static boolean isProbed(Vip vip) {
    return vip.isCoveredByProbe() || vip.protocol() == Vip.Protocol.TCP;
  }

  private static String coveredBy(Vip vip) {
    if (vip.isCoveredByProbe()) {
      return "TCP probe on port " + vip.probePort();
    }
    return isProbed(vip) ? "its own port" : "nothing";
  }
}
