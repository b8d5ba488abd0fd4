package io.dyetrace.lab.process;

import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component.Scheduling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The processes of the lab, each one entry. */
public final class ComponentTable {
  /** Small machines: a single-threaded collector, and code compiled quickly rather than well. */
  private static final String SMALL_JVM =
      "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:CICompilerCount=1 -Xshare:auto -Xss512k";

  private final LabPlan plan;
  private final LabPaths paths;
  private final List<Component> components = new ArrayList<>();

  public ComponentTable(LabPlan plan, LabPaths paths) {
    this.plan = plan;
    this.paths = paths;
    fill();
  }

  /** In an order in which each one's dependencies come first. */
  public List<Component> all() {
    return List.copyOf(components);
  }

  public Component get(String name) {
    return components.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no '%s' here; known: %s"
                        .formatted(name, components.stream().map(Component::name).toList())));
  }

  private void fill() {
    java("broker", null, 320, "broker", 9469, List.of(), "--config", config("broker.yaml"));
    java(
        "clickhouse",
        null,
        192,
        "clickhouse",
        9470,
        List.of(),
        "--config",
        config("clickhouse.yaml"));
    for (Host node : plan.nodes()) {
      gateway(node);
    }
    for (Host server : plan.servers()) {
      nginx(server);
    }
    once("migrate", "migrate", List.of("clickhouse"), "--config", config("storage.yaml"));
    java(
        "agent",
        null,
        128,
        "agent",
        9465,
        join(names(plan.nodes()), "broker"),
        "--config",
        config("agent.yaml"));
    java(
        "analytics",
        null,
        1024,
        "analytics",
        9466,
        List.of("broker", "migrate"),
        "--config",
        config("analytics.yaml"));
    program(
        "alertmanager",
        List.of(
            "prometheus-alertmanager",
            "--config.file=" + config("alertmanager.yaml"),
            "--storage.path=" + paths.data("alertmanager"),
            "--web.listen-address=127.0.0.1:9093",
            "--cluster.listen-address=",
            "--log.level=warn"),
        new Readiness.Http("http://127.0.0.1:9093/-/ready"));
    program(
        "prometheus",
        List.of(
            "prometheus",
            "--config.file=" + config("prometheus.yaml"),
            "--storage.tsdb.path=" + paths.data("prometheus"),
            "--storage.tsdb.retention.time=1d",
            "--web.listen-address=127.0.0.1:9090",
            "--log.level=warn"),
        new Readiness.Http("http://127.0.0.1:9090/-/ready"));
    java(
        "alerting",
        null,
        96,
        "alerting",
        9467,
        List.of("broker", "alertmanager"),
        "--config",
        config("alerting.yaml"));
    java("mesh", null, 128, "mesh", 9468, List.of("broker"), "--config", config("mesh.yaml"));
    meshExample("orders", plan.vip("vip-mesh"), plan.vip("vip-front"));
    meshExample("frontend", plan.vip("vip-front"), plan.vip("vip-mesh"));
    for (Host prober : plan.probers()) {
      prober(prober);
    }
  }

  private String config(String file) {
    return paths.config(file).toString();
  }

  private static List<String> names(List<Host> hosts) {
    return hosts.stream().map(Host::name).toList();
  }

  private static List<String> join(List<String> names, String... more) {
    List<String> all = new ArrayList<>(names);
    all.addAll(List.of(more));
    return all;
  }

  private List<String> dyetrace(String... words) {
    List<String> command = new ArrayList<>(List.of(paths.home().resolve("dyetrace").toString()));
    command.addAll(List.of(words));
    return command;
  }

  /** The jar in which a subcommand of ./dyetrace lives. */
  private static List<String> jarOf(String command) {
    String module =
        switch (command) {
          case "clickhouse", "migrate" -> "storage";
          case "agent" -> "gateway-native";
          case "analytics" -> "stream-analytics";
          default -> command;
        };
    return List.of(module + "/target/dyetrace-" + module + "-0.1.0-SNAPSHOT.jar");
  }

  private static Map<String, String> jvm(int heapMegabytes) {
    return Map.of("DYETRACE_JAVA_OPTS", SMALL_JVM + " -Xmx" + heapMegabytes + "m");
  }

  private void java(
      String name,
      @Nullable String namespace,
      int heapMegabytes,
      String command,
      int metricsPort,
      List<String> dependsOn,
      String... arguments) {
    components.add(
        new Component(
            name,
            namespace,
            join(dyetrace(command), arguments),
            jvm(heapMegabytes),
            Scheduling.NORMAL,
            new Readiness.Http("http://127.0.0.1:" + metricsPort + "/-/ready"),
            dependsOn,
            jarOf(command),
            false));
  }

  private void once(String name, String command, List<String> dependsOn, String... arguments) {
    components.add(
        new Component(
            name,
            null,
            join(dyetrace(command), arguments),
            jvm(128),
            Scheduling.NORMAL,
            new Readiness.Ends(),
            dependsOn,
            jarOf(command),
            true));
  }

  private void program(String name, List<String> command, Readiness readiness) {
    components.add(
        new Component(
            name,
            null,
            command,
            Map.of(),
            Scheduling.BACKGROUND,
            readiness,
            List.of(),
            List.of(),
            false));
  }

  private void gateway(Host node) {
    // One DPDK process per node on two cores: the lcore may float, and memory comes from ordinary
    // pages.
    List<String> command =
        join(
            dyetrace("gateway"),
            "--config",
            config(node.name() + ".yaml"),
            "--",
            "--no-huge",
            "-m",
            "96",
            "--no-pci",
            "--no-telemetry",
            "--file-prefix=dyetrace-" + node.name(),
            "--lcores=0@(0-" + (Runtime.getRuntime().availableProcessors() - 1) + ")",
            "--vdev=net_af_packet0,iface=eth0,blocksz=65536,framesz=2048,framecnt=2048,qpairs=1");
    components.add(
        new Component(
            node.name(),
            node.namespace(),
            command,
            Map.of(),
            Scheduling.REAL_TIME,
            new Readiness.Gateway(paths.controlSocket(node)),
            List.of(),
            List.of("gateway-native/build/dyetrace-gateway"),
            false));
  }

  private void nginx(Host server) {
    components.add(
        new Component(
            server.name(),
            server.namespace(),
            List.of("nginx", "-e", "stderr", "-c", config(server.name() + "-nginx.conf")),
            Map.of(),
            Scheduling.IMPORTANT,
            new Readiness.Tcp(server.managementAddress(), plan.vip("vip-web").port()),
            List.of(),
            List.of(),
            false));
  }

  private void meshExample(String name, Vip own, Vip peer) {
    Host host = own.hosts().get(0);
    components.add(
        new Component(
            name,
            host.namespace(),
            dyetrace(
                "mesh-example",
                "--name",
                name,
                "--listen",
                "0.0.0.0:" + own.port(),
                "--peer",
                "http://" + peer.address() + ":" + peer.port(),
                "--otlp",
                "http://" + LabPlan.MANAGEMENT_ADDRESS + ":4317"),
            jvm(96),
            Scheduling.NORMAL,
            new Readiness.Tcp(host.managementAddress(), own.port()),
            List.of("mesh"),
            jarOf("mesh"),
            false));
  }

  /** Probers come last: what they meet while the rest still starts would look like faults. */
  private void prober(Host prober) {
    List<String> before =
        components.stream().map(Component::name).filter(n -> !n.startsWith("prober-")).toList();
    components.add(
        new Component(
            prober.name(),
            prober.namespace(),
            join(dyetrace("prober"), "--config", config(prober.name() + ".yaml")),
            jvm(128),
            Scheduling.IMPORTANT,
            new Readiness.Http("http://" + prober.managementAddress() + ":9464/-/ready"),
            before,
            jarOf("prober"),
            false));
  }
}
