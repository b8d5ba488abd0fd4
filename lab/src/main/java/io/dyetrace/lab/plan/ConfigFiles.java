package io.dyetrace.lab.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.dyetrace.common.colour.ColourKey;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every component's configuration, derived from the plan: file name → text. */
public final class ConfigFiles {
  /** The lab's colour key; a deployment has its own. */
  public static final String COLOUR_KEY_HEX = "000102030405060708090a0b0c0d0e0f";

  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .build());
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LabPlan plan;
  private final LabPaths paths;

  public ConfigFiles(LabPlan plan, LabPaths paths) {
    this.plan = plan;
    this.paths = paths;
  }

  /** All of them. */
  public Map<String, String> render() {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("topology.yaml", yaml(topology()));
    files.put("broker.yaml", yaml(broker()));
    files.put("clickhouse.yaml", yaml(clickhouse()));
    files.put("storage.yaml", yaml(storage()));
    files.put("agent.yaml", yaml(agent()));
    files.put("analytics.yaml", yaml(analytics()));
    files.put("alerting.yaml", yaml(alerting()));
    files.put("mesh.yaml", yaml(mesh()));
    plan.nodes().forEach(n -> files.put(n.name() + ".yaml", yaml(gateway(n))));
    plan.probers().forEach(p -> files.put(p.name() + ".yaml", yaml(prober(p))));
    plan.servers().forEach(s -> files.put(s.name() + "-nginx.conf", nginx(s)));
    files.put("prometheus.yaml", yaml(prometheus()));
    files.put("alertmanager.yaml", yaml(alertmanager()));
    return files;
  }

  private static Map<String, Object> map(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  private static String yaml(Object value) {
    try {
      return YAML.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, Object> location(String node) {
    return map(
        "region", LabPlan.REGION,
        "zone", LabPlan.ZONE,
        "rack", LabPlan.RACK,
        "cluster", LabPlan.CLUSTER,
        "node", node);
  }

  private static Map<String, Object> kafka() {
    return map("bootstrap_servers", LabPlan.MANAGEMENT_ADDRESS + ":9092");
  }

  private static Map<String, Object> clickhouseClient() {
    return map(
        "url", "http://127.0.0.1:8123", "database", "dyetrace", "user", "default", "password", "");
  }

  private static Map<String, Object> metrics(String listen) {
    return map("listen", listen);
  }

  private Map<String, Object> topology() {
    List<Object> components = new ArrayList<>();
    for (Host n : plan.nodes()) {
      String tier = plan.isEdge(n) ? "EIP" : "CLB";
      components.add(
          map("name", n.name(), "kind", "gateway", "cluster", LabPlan.CLUSTER, "tier", tier));
    }
    for (Host p : plan.probers()) {
      components.add(
          map(
              "name",
              p.name(),
              "kind",
              "prober",
              "cluster",
              LabPlan.CLUSTER,
              "prober_id",
              p.index()));
    }
    for (Host h : plan.backendHosts()) {
      components.add(map("name", h.name(), "kind", "backend_host", "cluster", LabPlan.CLUSTER));
    }
    List<Object> vips = new ArrayList<>();
    for (Vip v : plan.vips()) {
      vips.add(topologyVip(v));
    }
    return map(
        "version",
        1,
        "region",
        LabPlan.REGION,
        "zones",
        List.of(
            map(
                "name",
                LabPlan.ZONE,
                "racks",
                List.of(map("name", LabPlan.RACK, "components", components)))),
        "vips",
        vips);
  }

  private Map<String, Object> topologyVip(Vip v) {
    Map<String, Object> vip = map("name", v.name(), "address", v.address());
    if (!v.privateAddress().isEmpty()) {
      vip.put("private_address", v.privateAddress());
    }
    vip.put("port", v.port());
    vip.put("protocol", v.protocol());
    if (v.probePort() != 0) {
      vip.put("probe", map("port", v.probePort(), "protocol", "tcp"));
    }
    vip.put("nodes", plan.nodes().stream().map(Host::name).toList());
    vip.put("backends", backends(v, v.port(), false));
    return vip;
  }

  private static List<Object> backends(Vip vip, int port, boolean forGateway) {
    List<Object> backends = new ArrayList<>();
    for (Host h : vip.hosts()) {
      Map<String, Object> backend =
          map("name", vip.backendName(h), "address", h.address(), "port", port, "weight", 1);
      if (forGateway) {
        backend.put("enabled", true);
      }
      backends.add(backend);
    }
    return backends;
  }

  /** A VIP as the gateway's configuration and its control socket have it. */
  private static Map<String, Object> gatewayVip(Vip v) {
    return gatewayVip(v, v.name(), v.port(), v.protocol());
  }

  private static Map<String, Object> gatewayVip(Vip v, String name, int port, String protocol) {
    return map(
        "name",
        name,
        "address",
        v.servedAddress(),
        "port",
        port,
        "protocol",
        protocol,
        "enabled",
        true,
        "new_connection_limit",
        v.newConnectionLimit(),
        "backends",
        backends(v, port, true));
  }

  /** What a load balancer serves: the VIPs, and the ports that are probed in the place of some. */
  private List<Object> services() {
    List<Object> services = new ArrayList<>();
    for (Vip v : plan.vips()) {
      services.add(gatewayVip(v));
      if (v.probePort() != 0) {
        services.add(gatewayVip(v, v.name() + "-probe", v.probePort(), "tcp"));
      }
    }
    return services;
  }

  /** A VIP as the gateway's control socket takes it. */
  public static String gatewayVipJson(Vip v) {
    try {
      return JSON.writeValueAsString(gatewayVip(v));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, Object> gateway(Host node) {
    boolean edge = plan.isEdge(node);
    Map<String, Object> gateway =
        map(
            "version",
            1,
            "node",
            node.name(),
            "tier",
            edge ? "eip" : "clb",
            "workers",
            1,
            "idle_sleep",
            "200us",
            "ports",
            List.of(
                map(
                    "name",
                    "port0",
                    "address",
                    node.address() + "/24",
                    "gateway",
                    node.routerAddress())));
    if (!plan.edges().isEmpty()) {
      gateway.put("tunnels", List.of(tunnel(edge)));
    }
    if (!edge) {
      gateway.put("local_addresses", List.of(node.localAddress()));
      gateway.put(
          "sessions",
          map(
              "capacity", 65536,
              "timeout_syn", "10s",
              "timeout_established", "15m",
              "timeout_closing", "10s",
              "timeout_udp", "30s"));
    }
    gateway.put("control_socket", paths.controlSocket(node).toString());
    gateway.put(
        "telemetry",
        map(
            "directory",
            paths.telemetry().toString(),
            "ring_records",
            65536,
            "drop_sample_share",
            0.01,
            "stamp_rate_limit",
            1000));
    gateway.put(
        "colour",
        map(
            "keys", List.of(map("id", 0, "hex", COLOUR_KEY_HEX)),
            "probers",
                plan.probers().stream()
                    .map(p -> map("id", p.index(), "prefix", p.subnet() + ".0/24"))
                    .toList()));
    if (edge) {
      gateway.put("eips", eips());
    } else {
      gateway.put("vips", services());
    }
    return gateway;
  }

  /** Both ends are addresses that all nodes of a tier have: the router chooses which gets it. */
  private static Map<String, Object> tunnel(boolean edge) {
    return map(
        "name", edge ? "to-clb" : "to-eip",
        "kind", "vxlan",
        "local", edge ? LabPlan.EIP_TUNNEL_ADDRESS : LabPlan.CLB_TUNNEL_ADDRESS,
        "remote", edge ? LabPlan.CLB_TUNNEL_ADDRESS : LabPlan.EIP_TUNNEL_ADDRESS,
        "id", 100);
  }

  /** One for each VIP, and of its name: so points and counters of both tiers name the same. */
  private List<Object> eips() {
    List<Object> eips = new ArrayList<>();
    for (Vip v : plan.vips()) {
      eips.add(
          map(
              "name", v.name(),
              "public", v.address(),
              "private", v.privateAddress(),
              "tunnel", "to-clb"));
    }
    return eips;
  }

  private Map<String, Object> prober(Host prober) {
    List<Object> probes = new ArrayList<>();
    for (Vip v : plan.probedVips()) {
      probes.add(
          map(
              "name",
              v.name(),
              "type",
              "TCP_HALF_OPEN",
              "targets",
              map("host_names", List.of(map("name", v.name(), "address", v.address()))),
              "port",
              v.probedPort(),
              "interval",
              "5s",
              "timeout",
              "1s",
              "probes_per_round",
              16,
              "additional_label",
              List.of(map("key", "tenant", "value", "lab"))));
    }
    return map(
        "location", location(prober.name()),
        "prober_id", prober.index(),
        "interface", "eth0",
        "source_address", prober.address(),
        "source_ports", map("first", LabPlan.FIRST_PROBE_PORT, "count", LabPlan.PROBE_PORTS),
        "colour",
            map("key_id", 0, "key", ColourKey.ofHex(COLOUR_KEY_HEX).derive(prober.index()).toHex()),
        "kafka", kafka(),
        "metrics", metrics("0.0.0.0:9464"),
        "state_directory", paths.data(prober.name()).toString(),
        "probe", probes);
  }

  private Map<String, Object> agent() {
    return map(
        "telemetry_directory", paths.telemetry().toString(),
        "nodes", plan.nodes().stream().map(n -> map("location", location(n.name()))).toList(),
        "kafka", kafka(),
        "metrics", metrics("127.0.0.1:9465"),
        "poll_interval", "50ms");
  }

  private Map<String, Object> broker() {
    return map(
        "listeners", List.of("127.0.0.1:9092", LabPlan.MANAGEMENT_ADDRESS + ":9092"),
        "data_directory", paths.data("kafka").toString(),
        "metrics", metrics("127.0.0.1:9469"));
  }

  private Map<String, Object> clickhouse() {
    return map(
        "listen", "127.0.0.1:8123",
        "data_directory", paths.data("clickhouse").toString(),
        "metrics", metrics("127.0.0.1:9470"));
  }

  private Map<String, Object> storage() {
    return map("clickhouse", clickhouseClient());
  }

  private Map<String, Object> analytics() {
    return map(
        "topology", paths.config("topology.yaml").toString(),
        "kafka", kafka(),
        "clickhouse", clickhouseClient(),
        "checkpoints", map("directory", paths.data("flink").toString(), "interval", "1s"),
        "web_port", 8081,
        "metrics", metrics("127.0.0.1:9466"));
  }

  private Map<String, Object> alerting() {
    return map(
        "kafka", kafka(),
        "alertmanager", map("urls", List.of("http://127.0.0.1:9093"), "resend_interval", "10s"),
        "metrics", metrics("127.0.0.1:9467"));
  }

  private Map<String, Object> mesh() {
    return map(
        "listen", LabPlan.MANAGEMENT_ADDRESS + ":4317",
        "kafka", kafka(),
        "metrics", metrics("127.0.0.1:9468"),
        "destinations",
            List.of(destination("vip-mesh", "orders"), destination("vip-front", "frontend")));
  }

  private Map<String, Object> destination(String vip, String service) {
    return map("address", plan.vip(vip).address() + ":" + plan.vip(vip).port(), "service", service);
  }

  private String nginx(Host server) {
    StringBuilder listens = new StringBuilder();
    plan.probedVips().stream()
        .filter(v -> v.hosts().contains(server))
        .forEach(v -> listens.append("    listen %d;%n".formatted(v.probedPort())));
    return """
    daemon off;
    master_process off;
    pid %s;
    error_log stderr warn;
    events { worker_connections 4096; }
    http {
      access_log off;
      default_type application/octet-stream;
      keepalive_timeout 0;
      client_body_temp_path %s;
      proxy_temp_path %s;
      fastcgi_temp_path %s;
      uwsgi_temp_path %s;
      scgi_temp_path %s;
      server {
    %s    root %s;
        location = / { return 200 "%s\\n"; }
      }
    }
    """
        .formatted(
            paths.state().resolve(server.name() + "-nginx.pid"),
            temporary(server),
            temporary(server),
            temporary(server),
            temporary(server),
            temporary(server),
            listens,
            paths.data("www"),
            server.name());
  }

  private String temporary(Host server) {
    return paths.data("nginx-" + server.name()).toString();
  }

  private Map<String, Object> prometheus() {
    List<Object> scrapes = new ArrayList<>();
    scrapes.add(scrape("dyetrace-broker", "127.0.0.1:9469"));
    scrapes.add(scrape("dyetrace-clickhouse", "127.0.0.1:9470"));
    scrapes.add(scrape("dyetrace-agent", "127.0.0.1:9465"));
    scrapes.add(scrape("dyetrace-analytics", "127.0.0.1:9466"));
    scrapes.add(scrape("dyetrace-alerting", "127.0.0.1:9467"));
    scrapes.add(scrape("dyetrace-mesh", "127.0.0.1:9468"));
    scrapes.add(
        map(
            "job_name",
            "dyetrace-prober",
            "static_configs",
            List.of(
                map(
                    "targets",
                    plan.probers().stream().map(p -> p.managementAddress() + ":9464").toList()))));
    return map(
        "global", map("scrape_interval", "5s", "evaluation_interval", "5s"),
        "rule_files", List.of(paths.home().resolve("alerting/rules/*.rules.yml").toString()),
        "alerting",
            map(
                "alertmanagers",
                List.of(map("static_configs", List.of(map("targets", List.of("127.0.0.1:9093")))))),
        "scrape_configs", scrapes);
  }

  private static Map<String, Object> scrape(String job, String target) {
    return map("job_name", job, "static_configs", List.of(map("targets", List.of(target))));
  }

  private Map<String, Object> alertmanager() {
    return map(
        "route", map("receiver", "lab", "group_by", List.of("alertname", "component")),
        "receivers", List.of(map("name", "lab")));
  }
}
