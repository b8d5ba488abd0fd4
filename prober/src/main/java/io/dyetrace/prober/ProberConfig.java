package io.dyetrace.prober;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dyetrace.common.colour.ColourKey;
import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.Durations;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.config.MetricsConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a prober is told: {@code prober.yaml}, see docs/reference/prober.md.
 *
 * <pre>{@code
 * ProberConfig config = StrictYaml.read(Path.of("prober.yaml"), ProberConfig.class);
 * }</pre>
 */
public record ProberConfig(
    Integer version,
    LocationConfig location,
    Integer proberId,
    @JsonProperty("interface") String interfaceName,
    String sourceAddress,
    SourcePorts sourcePorts,
    ColourConfig colour,
    KafkaConfig kafka,
    MetricsConfig metrics,
    PublishConfig publish,
    String stateDirectory,
    List<ProbeConfig> probe) {
  /** A (target, port, source port) rests this long, so that flow and time name one probe. */
  static final Duration REUSE_REST = Duration.ofMinutes(2);

  /** The probe sequence starts at the milliseconds since 1970 and must never overtake them. */
  static final int MOST_PROBES_PER_SECOND = 1_000;

  /** Sets the defaults and checks the ranges. */
  public ProberConfig {
    version = Check.range("version", Check.orDefault(version, 1), 1, Integer.MAX_VALUE);
    Check.required("location", location);
    Check.range("prober_id", Check.required("prober_id", proberId), 1, 65_535);
    Check.required("interface", interfaceName);
    if (!interfaceName.matches("[^/\\s]{1,15}")) {
      throw new ConfigException("interface: '" + interfaceName + "' is not an interface's name");
    }
    Ipv4.parse("source_address", Check.required("source_address", sourceAddress));
    sourcePorts = Check.orDefault(sourcePorts, SourcePorts.DEFAULT);
    Check.required("colour", colour);
    Check.required("kafka", kafka);
    metrics = Check.orDefault(metrics, new MetricsConfig(HostPort.parse("127.0.0.1:9464")));
    publish = Check.orDefault(publish, PublishConfig.DEFAULT);
    stateDirectory = Check.orDefault(stateDirectory, "/var/lib/dyetrace/prober/" + location.node());
    probe = List.copyOf(Check.required("probe", probe));
    if (probe.isEmpty()) {
      throw new ConfigException("probe: empty; a prober needs something to probe");
    }
    checkNames(probe);
    checkRest(probe, sourcePorts);
    double rate = probe.stream().mapToDouble(ProbeConfig::probesPerSecond).sum();
    if (rate > MOST_PROBES_PER_SECOND) {
      throw new ConfigException(
          String.format(
              "probe: %.1f probes a second together, more than %d a prober id",
              rate, MOST_PROBES_PER_SECOND));
    }
  }

  /** How many probes a second the configuration asks for. */
  public double probesPerSecond() {
    return probe.stream().mapToDouble(ProbeConfig::probesPerSecond).sum();
  }

  /** How many results wait for Kafka at most; some probes have two. */
  int resultCapacity() {
    return (int)
        Math.min(10_000_000, 1_000 + Math.ceil(probesPerSecond() * publish.buffer().toSeconds()));
  }

  /** The directory of the journal. */
  public Path statePath() {
    return Path.of(stateDirectory);
  }

  private static void checkNames(List<ProbeConfig> probes) {
    Set<String> names = new HashSet<>();
    Map<String, String> owners = new HashMap<>();
    for (int i = 0; i < probes.size(); i++) {
      ProbeConfig probe = probes.get(i);
      if (!names.add(probe.name())) {
        throw new ConfigException("probe[" + i + "].name: '" + probe.name() + "' stands twice");
      }
      for (HostName host : probe.targets().hostNames()) {
        for (int port : probe.allPorts()) {
          String endpoint = host.address() + ":" + port;
          String owner = owners.putIfAbsent(endpoint, probe.name());
          if (owner != null) {
            throw new ConfigException(
                "probe["
                    + i
                    + "].targets: "
                    + endpoint
                    + " is probed by '"
                    + owner
                    + "' already; several sizes go into its padding_bytes");
          }
        }
      }
    }
  }

  private static void checkRest(List<ProbeConfig> probes, SourcePorts ports) {
    for (int i = 0; i < probes.size(); i++) {
      ProbeConfig probe = probes.get(i);
      int distance = probe.reuseDistance();
      if (distance > ports.count()) {
        throw new ConfigException(
            String.format(
                "probe[%d].probes_per_round: %d every %s would use a source port again within %d s;"
                    + " source_ports.count is %d and must be at least %d",
                i,
                probe.probesPerRound(),
                seconds(probe.interval()),
                REUSE_REST.toSeconds(),
                ports.count(),
                distance));
      }
    }
  }

  private static String seconds(Duration duration) {
    return duration.toNanos() % 1_000_000_000L == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }

  /** The ports probes leave from. */
  public record SourcePorts(Integer first, Integer count) {
    static final SourcePorts DEFAULT = new SourcePorts(20_000, 512);

    /** Sets the defaults and checks the ranges. */
    public SourcePorts {
      first = Check.range("first", Check.orDefault(first, 20_000), 1_024, 65_535);
      count = Check.range("count", Check.orDefault(count, 512), 1, 64_512);
      Check.range("first + count - 1", first + count - 1, 1_024, 65_535);
    }

    /** The last port of the set. */
    public int last() {
      return first + count - 1;
    }
  }

  /** What the colour is made with. */
  public record ColourConfig(Integer keyId, String key) {
    /** Checks the ranges. */
    public ColourConfig {
      keyId = Check.range("key_id", Check.orDefault(keyId, 0), 0, 3);
      ColourKey.ofHex(Check.required("key", key));
    }

    /** The key derived for the prober id. */
    public ColourKey colourKey() {
      return ColourKey.ofHex(key);
    }

    @Override
    public String toString() {
      return "ColourConfig[keyId=" + keyId + ", key=secret]";
    }
  }

  /**
   * How results travel.
   *
   * @param linger how long a result waits for others to share a batch with
   * @param buffer for how long results are kept while Kafka does not take them
   */
  public record PublishConfig(Duration linger, Duration buffer) {
    static final PublishConfig DEFAULT =
        new PublishConfig(Duration.ofMillis(20), Duration.ofMinutes(10));

    /** Sets the defaults and checks the ranges. */
    public PublishConfig {
      linger =
          Check.range(
              "linger",
              Check.orDefault(linger, Duration.ofMillis(20)),
              Duration.ZERO,
              Duration.ofSeconds(1));
      buffer =
          Check.range(
              "buffer",
              Check.orDefault(buffer, Duration.ofMinutes(10)),
              Duration.ofMinutes(10),
              Duration.ofHours(24));
    }
  }

  /** The kind of a probe. */
  public enum ProbeType {
    /** A SYN, and a RST as soon as it is answered. */
    TCP_HALF_OPEN
  }

  /** One target. */
  public record HostName(String name, String address) {
    /** Checks the forms. */
    public HostName {
      Ipv4.parse("address", Check.required("address", address));
      name = Check.orDefault(name, address);
    }
  }

  /** The targets of a probe. */
  public record Targets(List<HostName> hostNames) {
    /** There must be one. */
    public Targets {
      hostNames = List.copyOf(Check.required("host_names", hostNames));
      if (hostNames.isEmpty()) {
        throw new ConfigException("host_names: empty");
      }
    }
  }

  /** A label added to the metrics of a probe. */
  public record Label(String key, String value) {
    private static final Set<String> TAKEN =
        Set.of("prober", "probe", "target", "port", "outcome", "le", "quantile");

    /** Checks the form. */
    public Label {
      if (!Check.required("key", key).matches("[a-zA-Z][a-zA-Z0-9_]*")) {
        throw new ConfigException("key: '" + key + "' is not a label's name");
      }
      if (TAKEN.contains(key)) {
        throw new ConfigException("key: '" + key + "' is one of the prober's own");
      }
      Check.required("value", value);
    }
  }

  /** One probe: what is sent to its targets, and how often. */
  public record ProbeConfig(
      String name,
      ProbeType type,
      Targets targets,
      Integer port,
      List<Integer> ports,
      Duration interval,
      Duration timeout,
      Integer probesPerRound,
      List<Integer> paddingBytes,
      Boolean stampEveryStage,
      List<Label> additionalLabel) {
    /** What fits into an Ethernet jumbo frame; the interface's own MTU is checked at start. */
    static final int MOST_PADDING_BYTES = 8_936;

    /** Sets the defaults and checks the ranges. */
    public ProbeConfig {
      Check.required("name", name);
      type = Check.orDefault(type, ProbeType.TCP_HALF_OPEN);
      Check.required("targets", targets);
      if ((port == null) == (ports == null || ports.isEmpty())) {
        throw new ConfigException("port: either port or ports must be given");
      }
      ports = ports == null ? List.of() : List.copyOf(ports);
      for (int each : ports.isEmpty() ? List.of(port) : ports) {
        Check.range(ports.isEmpty() ? "port" : "ports", each, 1, 65_535);
      }
      interval =
          Check.range(
              "interval",
              Check.orDefault(interval, Durations.parse("5s")),
              Duration.ofMillis(100),
              Duration.ofHours(1));
      timeout =
          Check.range(
              "timeout",
              Check.orDefault(timeout, Durations.parse("1s")),
              Duration.ofMillis(10),
              Duration.ofSeconds(60));
      probesPerRound =
          Check.range("probes_per_round", Check.orDefault(probesPerRound, 16), 1, 65_536);
      paddingBytes = List.copyOf(Check.orDefault(paddingBytes, List.of(0)));
      if (paddingBytes.isEmpty()) {
        throw new ConfigException("padding_bytes: empty; [0] sends plain SYNs");
      }
      for (int each : paddingBytes) {
        Check.range("padding_bytes", each, 0, MOST_PADDING_BYTES);
      }
      stampEveryStage = Check.orDefault(stampEveryStage, false);
      additionalLabel = List.copyOf(Check.orDefault(additionalLabel, List.of()));
    }

    /** The ports to probe on each target. */
    public List<Integer> allPorts() {
      return ports.isEmpty() ? List.of(port) : ports;
    }

    /** All targets and ports together. */
    public double probesPerSecond() {
      return probesPerRound
          * 1e9
          / interval.toNanos()
          * targets.hostNames().size()
          * allPorts().size();
    }

    /**
     * How many probes must lie between two uses of a source port: {@link #REUSE_REST}, and two for
     * sends that are late by up to a slot.
     */
    int reuseDistance() {
      long slotNs = interval.toNanos() / probesPerRound;
      return (int) Math.min(Integer.MAX_VALUE, (REUSE_REST.toNanos() + slotNs - 1) / slotNs + 2);
    }
  }
}
