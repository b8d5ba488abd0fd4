package io.dyetrace.common.topology;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.config.StrictYaml;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What there is and where it stands: the document every part of the analysis shares.
 *
 * <pre>{@code
 * Topology topology = Topology.read(Path.of("topology.yaml"));
 * topology.component("gw-2").map(Component::cluster);
 * topology.prober(1).map(Component::name);
 * topology.vip(address, 80, 6).map(Vip::nodes);
 * }</pre>
 *
 * <p>Immutable. Every name is unique, everything that is referred to exists.
 */
public final class Topology {
  private static final int FORMAT_VERSION = 1;

  private final Document document;
  private final String region;
  private final Map<String, Component> components = new LinkedHashMap<>();
  private final Map<String, LocationConfig> locations = new LinkedHashMap<>();
  private final Map<Integer, Component> probers = new LinkedHashMap<>();
  private final Map<String, Vip> vips = new LinkedHashMap<>();
  private final Map<Service, Vip> vipsByService = new LinkedHashMap<>();
  private final Map<InetAddress, InetAddress> publicByPrivate = new LinkedHashMap<>();
  private final Map<String, Vip.Backend> backends = new LinkedHashMap<>();
  private final Map<String, String> hostsByBackend = new LinkedHashMap<>();

  private record Service(InetAddress address, int port, int protocol) {}

  /** A zone of the region. */
  public record Zone(String name, List<Rack> racks) {
    /** Checks that everything is there. */
    public Zone {
      Check.name("name", name);
      racks = List.copyOf(Check.required("racks", racks));
    }
  }

  /** A rack of a zone. */
  public record Rack(String name, List<Component> components) {
    /** Checks that everything is there. */
    public Rack {
      Check.name("name", name);
      components = List.copyOf(Check.required("components", components));
    }
  }

  /** The YAML document. */
  private record Document(int version, String region, List<Zone> zones, List<Vip> vips) {
    @JsonCreator
    Document {
      if (version != FORMAT_VERSION) {
        throw new ConfigException("version: " + version + " is not " + FORMAT_VERSION);
      }
      Check.name("region", region);
      Check.required("zones", zones);
      Check.required("vips", vips);
    }
  }

  private Topology(Document document) {
    this.document = document;
    this.region = document.region();
    for (Zone zone : document.zones()) {
      for (Rack rack : zone.racks()) {
        for (Component component : rack.components()) {
          add(zone, rack, component);
        }
      }
    }
    requireUnique("zones", document.zones().stream().map(Zone::name).toList());
    requireUnique(
        "racks",
        document.zones().stream().flatMap(z -> z.racks().stream()).map(Rack::name).toList());
    document.vips().forEach(this::add);
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException when it cannot be read or contradicts itself
   */
  public static Topology read(Path file) {
    return of(file.toString(), StrictYaml.read(file, Document.class));
  }

  /**
   * Reads a text.
   *
   * @param origin what error messages call the text
   * @throws ConfigException when it contradicts itself
   */
  public static Topology parse(String text, String origin) {
    return of(origin, StrictYaml.parse(text, origin, Document.class));
  }

  private static Topology of(String origin, Document document) {
    try {
      return new Topology(document);
    } catch (ConfigException e) {
      throw new ConfigException(origin + ": " + e.getMessage(), e);
    }
  }

  /**
   * One cluster by itself: its components, the VIPs that its gateways serve, and the hosts of their
   * backends, wherever these stand. Empty when there is no such cluster.
   */
  public Topology part(String cluster) {
    List<Vip> served = new ArrayList<>();
    for (Vip vip : document.vips()) {
      List<String> nodes = vip.nodes().stream().filter(n -> isIn(cluster, n)).toList();
      if (!nodes.isEmpty()) {
        served.add(vip.servedBy(nodes));
      }
    }
    Set<String> hosts =
        served.stream()
            .flatMap(v -> v.backends().stream())
            .map(b -> hostOf(b.name()))
            .collect(Collectors.toSet());
    List<Zone> zones =
        document.zones().stream()
            .map(
                z ->
                    new Zone(
                        z.name(), z.racks().stream().map(r -> part(r, cluster, hosts)).toList()))
            .toList();
    return new Topology(new Document(document.version(), region, zones, served));
  }

  private boolean isIn(String cluster, String component) {
    return Objects.requireNonNull(components.get(component)).cluster().equals(cluster);
  }

  private static Rack part(Rack rack, String cluster, Set<String> hosts) {
    return new Rack(
        rack.name(),
        rack.components().stream()
            .filter(c -> c.cluster().equals(cluster) || hosts.contains(c.name()))
            .toList());
  }

  /** The region everything stands in. */
  public String region() {
    return region;
  }

  /** Every component, in the document's order. */
  public List<Component> components() {
    return List.copyOf(components.values());
  }

  /** The components of one kind, in the document's order. */
  public List<Component> components(Component.Kind kind) {
    return components.values().stream().filter(c -> c.kind() == kind).toList();
  }

  /** The component with a name. */
  public Optional<Component> component(String name) {
    return Optional.ofNullable(components.get(name));
  }

  /** The prober with an id. */
  public Optional<Component> prober(int proberId) {
    return Optional.ofNullable(probers.get(proberId));
  }

  /** Where a component stands. */
  public Optional<LocationConfig> location(String component) {
    return Optional.ofNullable(locations.get(component));
  }

  /** Every VIP, in the document's order. */
  public List<Vip> vips() {
    return List.copyOf(vips.values());
  }

  /** The VIP with a name. */
  public Optional<Vip> vip(String name) {
    return Optional.ofNullable(vips.get(name));
  }

  /** The VIP a packet is addressed to; the protocol is IANA's number. */
  public Optional<Vip> vip(InetAddress address, int port, int protocol) {
    return Optional.ofNullable(vipsByService.get(new Service(address, port, protocol)));
  }

  /** The addresses that an EIP tier makes public ones of: private → public. */
  public Map<InetAddress, InetAddress> publicByPrivate() {
    return Collections.unmodifiableMap(publicByPrivate);
  }

  /** The VIPs a gateway serves. */
  public List<Vip> vipsOf(String node) {
    return vips.values().stream().filter(v -> v.nodes().contains(node)).toList();
  }

  /** The backend with a name. */
  public Optional<Vip.Backend> backend(String name) {
    return Optional.ofNullable(backends.get(name));
  }

  /** The name of the host a backend runs on; its own name when the topology knows no host. */
  public String hostOf(String backend) {
    return Objects.requireNonNullElse(hostsByBackend.get(backend), backend);
  }

  private void add(Zone zone, Rack rack, Component component) {
    String name = component.name();
    if (components.putIfAbsent(name, component) != null) {
      throw new ConfigException("components: the name " + name + " is there twice");
    }
    locations.put(
        name, new LocationConfig(region, zone.name(), rack.name(), component.cluster(), name));
    Integer proberId = component.proberId();
    if (proberId != null) {
      Component other = probers.putIfAbsent(proberId, component);
      if (other != null) {
        throw new ConfigException(
            "components: " + other.name() + " and " + name + " have the prober_id " + proberId);
      }
    }
  }

  private void add(Vip vip) {
    String where = "vips: " + vip.name() + ": ";
    if (vips.putIfAbsent(vip.name(), vip) != null) {
      throw new ConfigException("vips: the name " + vip.name() + " is there twice");
    }
    addService(where, vip, vip.address());
    InetAddress privateAddress = vip.privateAddress();
    if (privateAddress != null) {
      addService(where, vip, privateAddress);
      InetAddress other = publicByPrivate.putIfAbsent(privateAddress, vip.address());
      if (other != null && !other.equals(vip.address())) {
        throw new ConfigException(where + "private_address: another VIP's address has it too");
      }
    }
    for (String node : vip.nodes()) {
      Component component = components.get(node);
      if (component == null || component.kind() != Component.Kind.GATEWAY) {
        throw new ConfigException(where + "nodes: there is no gateway " + node);
      }
    }
    for (Vip.Backend backend : vip.backends()) {
      if (backends.putIfAbsent(backend.name(), backend) != null) {
        throw new ConfigException(
            where + "backends: the name " + backend.name() + " is there twice");
      }
      host(where, backend).ifPresent(host -> hostsByBackend.put(backend.name(), host));
    }
  }

  /** The VIP's own port, and the one that is probed in its place. */
  private void addService(String where, Vip vip, InetAddress address) {
    addService(where, vip, new Service(address, vip.port(), vip.protocol().number()));
    if (vip.isCoveredByProbe()) {
      addService(where, vip, new Service(address, vip.probePort(), Vip.Protocol.TCP.number()));
    }
  }

  private void addService(String where, Vip vip, Service service) {
    Vip other = vipsByService.putIfAbsent(service, vip);
    if (other != null) {
      throw new ConfigException(where + other.name() + " has the same address, port and protocol");
    }
  }

  private Optional<String> host(String where, Vip.Backend backend) {
    String named = backend.host();
    if (named == null) {
      return components(Component.Kind.BACKEND_HOST).stream()
          .map(Component::name)
          .filter(host -> backend.name().equals(host) || backend.name().startsWith(host + "-"))
          .reduce((a, b) -> a.length() >= b.length() ? a : b);
    }
    Component host = components.get(named);
    if (host == null || host.kind() != Component.Kind.BACKEND_HOST) {
      throw new ConfigException(
          where + "backends: " + backend.name() + ": host: there is no backend host " + named);
    }
    return Optional.of(named);
  }

  private static void requireUnique(String what, List<String> names) {
    for (String name : names) {
      if (names.indexOf(name) != names.lastIndexOf(name)) {
        throw new ConfigException(what + ": the name " + name + " is there twice");
      }
    }
  }
}
