package io.dyetrace.prober;

import io.dyetrace.common.config.StrictYaml;

/** Small configurations. */
final class TestConfigs {
  private TestConfigs() {}

  static final String HEAD =
      """
      location: {region: r, zone: z, rack: k, cluster: c, node: prober-1}
      prober_id: 1
      interface: eth0
      source_address: 198.18.11.2
      colour: {key: 000102030405060708090a0b0c0d0e0f}
      kafka: {bootstrap_servers: "127.0.0.1:9092"}
      """;

  static ProberConfig parse(String yaml) {
    return StrictYaml.parse(yaml, "test", ProberConfig.class);
  }

  /** One target and one probe a second, from so many source ports. */
  static ProberConfig slow(String more) {
    return parse(
        HEAD
            + """
            source_ports: {first: 20000, count: 200}
            probe:
              - name: web
                targets: {host_names: [{name: vip-web, address: 198.19.0.1}]}
                port: 80
                interval: 5s
                probes_per_round: 5
            """
            + more.indent(4));
  }
}
