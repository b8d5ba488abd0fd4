package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.dyetrace.common.topology.Topology;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class VipCoverageTest {
  private static final String TOPOLOGY =
      """
      version: 1
      region: lab
      zones:
        - name: lab-a
          racks:
            - name: rack-1
              components:
                - {name: clb-1, kind: gateway, cluster: lab, tier: CLB}
                - {name: rs-1, kind: backend_host, cluster: lab}
      vips:
        - name: vip-web
          address: 198.19.0.1
          port: 80
          protocol: tcp
          nodes: [clb-1]
          backends: [{name: rs-1-web, address: 198.18.31.2, port: 80}]
        - name: vip-quic
          address: 198.19.0.5
          port: 443
          protocol: udp
          probe: {port: 8443}
          nodes: [clb-1]
          backends: [{name: rs-1-quic, address: 198.18.31.2, port: 443}]
        - name: vip-dns
          address: 198.19.0.6
          port: 53
          protocol: udp
          nodes: [clb-1]
          backends: [{name: rs-1-dns, address: 198.18.31.2, port: 53}]
      """;

  @Test
  void shouldSayWhichProbesStandForEachVip() {
    PrometheusRegistry registry = new PrometheusRegistry();

    VipCoverage.register(Topology.parse(TOPOLOGY, "topology.yaml"), registry);

    GaugeSnapshot gauge = (GaugeSnapshot) registry.scrape().get(0);
    assertThat(gauge.getMetadata().getPrometheusName())
        .isEqualTo("dyetrace_analytics_vip_coverage");
    assertThat(
            gauge.getDataPoints().stream()
                .collect(Collectors.toMap(p -> p.getLabels(), p -> p.getValue())))
        .containsOnly(
            entry(labels("vip-web", "80/tcp", "its own port"), 1.0),
            entry(labels("vip-quic", "443/udp", "TCP probe on port 8443"), 1.0),
            entry(labels("vip-dns", "53/udp", "nothing"), 0.0));
  }

  private static Labels labels(String vip, String port, String coveredBy) {
    return Labels.of("vip", vip, "port", port, "covered_by", coveredBy);
  }
}
