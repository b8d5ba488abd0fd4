package io.dyetrace.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.lab.fault.FaultBook;
import io.dyetrace.lab.network.LabNetwork;
import io.dyetrace.lab.plan.ConfigFiles;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.ComponentTable;
import io.dyetrace.lab.process.Startup;
import io.dyetrace.lab.process.Supervisor;
import io.dyetrace.lab.system.Console;
import io.dyetrace.lab.system.Prerequisites;
import io.dyetrace.lab.system.ProcFs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one lab of this machine.
 *
 * <pre>{@code
 * Lab lab = new Lab(LabPaths.standard(), new Console(false));
 * lab.up();
 * ...
 * lab.down();
 * }</pre>
 */
public final class Lab {
  /** How large the file is that every real server serves at /10mb.bin. */
  public static final int BIG_FILE_BYTES = 10_000_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private record UpMarker(String upSince, Set<String> without, @Nullable String topology) {
    LabTopology labTopology() {
      return topology == null ? LabTopology.ONE_TIER : LabTopology.of(topology);
    }
  }

  private LabPlan plan;
  private final LabPaths paths;
  private final Console console;
  private LabNetwork network;
  private final Supervisor supervisor;
  private ComponentTable components;
  private final FaultBook faults;

  public Lab(LabPaths paths, Console console) {
    this.paths = paths;
    this.console = console;
    this.supervisor = new Supervisor(paths);
    this.plan = new LabPlan(marker().map(UpMarker::labTopology).orElse(LabTopology.ONE_TIER));
    this.network = new LabNetwork(plan);
    this.components = new ComponentTable(plan, paths);
    this.faults = new FaultBook(paths.faults());
  }

  private Optional<UpMarker> marker() {
    try {
      return Optional.of(JSON.readValue(paths.upMarker().toFile(), UpMarker.class));
    } catch (IOException notUp) {
      return Optional.empty();
    }
  }

  /** What is to be brought up; a lab that is up is what it is. */
  public void choose(LabTopology topology) {
    if (topology == plan.topology()) {
      return;
    }
    if (isUp()) {
      throw LabException.usage(
          "the lab is up as %s; './dyetrace lab down' makes room for %s"
              .formatted(plan.topology().label(), topology.label()));
    }
    plan = new LabPlan(topology);
    network = new LabNetwork(plan);
    components = new ComponentTable(plan, paths);
  }

  public LabPlan plan() {
    return plan;
  }

  public LabPaths paths() {
    return paths;
  }

  public Console console() {
    return console;
  }

  public Supervisor supervisor() {
    return supervisor;
  }

  public ComponentTable components() {
    return components;
  }

  public FaultBook faults() {
    return faults;
  }

  /** Whether it was brought up and not taken down. */
  public boolean isUp() {
    return Files.exists(paths.upMarker());
  }

  /**
   * Whether any process of it lives. One that was killed with all its processes leaves files and
   * namespaces, which are nobody's.
   */
  public boolean hasProcesses() {
    return networks().stream().anyMatch(n -> !n.processesInside().isEmpty())
        || !ProcFs.withEnvironment(supervisor.mark()).isEmpty();
  }

  /** Whether every namespace and the bridge exist. */
  public boolean networkComplete() {
    return network.complete();
  }

  /** Fails unless it is up. */
  public void requireUp() {
    if (!isUp()) {
      throw LabException.usage("the lab is not up; './dyetrace lab up' brings it up");
    }
  }

  /** Takes the lab's lock: one command at a time changes it. Closing the channel gives it back. */
  public FileChannel lock() {
    try {
      Files.createDirectories(paths.lock().getParent());
      FileChannel channel =
          FileChannel.open(paths.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() == null) {
        channel.close();
        throw LabException.failed("another lab command is at work (" + paths.lock() + ")");
      }
      return channel;
    } catch (AccessDeniedException e) {
      Prerequisites.check(paths.home(), wanted(Set.of())); // names root, and all else that lacks
      throw LabException.failed(paths.lock() + ": permission denied");
    } catch (IOException e) {
      throw LabException.failed(paths.lock() + ": " + e.getMessage());
    }
  }

  /** Brings up what is missing. What a fault took away stays away until it is healed. */
  public void up() {
    up(Set.of());
  }

  /**
   * The same with some components left out.
   *
   * @param without their names
   */
  public void up(Set<String> without) {
    requireKnown(without);
    Prerequisites.check(paths.home(), wanted(without));
    if (isUp() && network.complete()) {
      repair();
      return;
    }
    if (Files.exists(paths.state())
        || networks().stream().anyMatch(n -> !n.existingNamespaces().isEmpty())) {
      console.say("what an earlier lab left is removed first");
      removeEverything();
    }
    console.say("network: %d namespaces, %d links", plan.namespaces().size(), plan.hosts().size());
    writeFiles();
    network.up();
    new Startup(supervisor, console).run(wanted(without));
    writeMarker(without);
  }

  /** Fails unless every one of them is a component's name. */
  public void requireKnown(Set<String> names) {
    for (String name : names) {
      try {
        components.get(name);
      } catch (IllegalArgumentException e) {
        throw LabException.usage(String.valueOf(e.getMessage()));
      }
    }
  }

  private void repair() {
    List<Component> missing =
        wantedComponents().stream()
            .filter(c -> !c.once() && !supervisor.alive(c) && !faults.holdsDown(c.name()))
            .toList();
    if (missing.isEmpty()) {
      console.say("the lab is already up; './dyetrace lab status' tells how it is");
      return;
    }
    console.say(
        "the lab is up, but not all of it: starting %s",
        missing.stream().map(Component::name).toList());
    new Startup(supervisor, console).run(missing);
  }

  /** The components that this lab was brought up with. */
  public List<Component> wantedComponents() {
    return marker().map(m -> wanted(m.without())).orElseGet(components::all);
  }

  private List<Component> wanted(Set<String> without) {
    return components.all().stream().filter(c -> !without.contains(c.name())).toList();
  }

  private void writeMarker(Set<String> without) {
    try {
      JSON.writeValue(
          paths.upMarker().toFile(),
          new UpMarker(Instant.now().toString(), without, plan.topology().label()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void writeFiles() {
    try {
      for (String directory :
          List.of("logs", "kafka", "clickhouse", "prometheus", "alertmanager", "www", "flink")) {
        Files.createDirectories(paths.data(directory));
      }
      Files.createDirectories(paths.telemetry());
      Files.createDirectories(paths.configDirectory());
      for (Map.Entry<String, String> file : new ConfigFiles(plan, paths).render().entrySet()) {
        Files.writeString(paths.config(file.getKey()), file.getValue());
      }
      Files.write(bigFile(), pattern(BIG_FILE_BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file that every real server serves at /10mb.bin. */
  public Path bigFile() {
    return paths.data("www").resolve("10mb.bin");
  }

  /**
   * Bytes in which no two places look alike for long, so that a shifted or repeated segment shows.
   */
  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    new java.util.SplittableRandom(20_000).nextBytes(bytes);
    return bytes;
  }

  /** Takes everything away, whatever there is of it. Returns whether there was anything. */
  public boolean down() {
    if (!"root".equals(System.getProperty("user.name"))) {
      throw LabException.usage("the lab cannot be taken down without root (try: sudo)");
    }
    return removeEverything();
  }

  private boolean removeEverything() {
    List<Long> inside =
        networks().stream().flatMap(n -> n.processesInside().stream()).distinct().toList();
    int ended = supervisor.endAll(inside);
    if (ended > 0) {
      console.say("%d processes ended", ended);
    }
    boolean hadNetwork = false;
    LabException networkFailed = null;
    for (LabNetwork any : networks()) {
      if (!any.existingNamespaces().isEmpty() || any.bridgeExists()) {
        hadNetwork = true;
        try {
          any.down();
        } catch (LabException e) {
          networkFailed = e; // the files go all the same
        }
      }
    }
    if (hadNetwork && networkFailed == null) {
      console.say("network removed");
    }
    boolean hadFiles = false;
    keepLogs();
    for (Path root : paths.roots()) {
      hadFiles |= deleteTree(root);
    }
    deleteIfEmpty(Path.of("/run/dyetrace"));
    deleteDpdkRuntime();
    if (networkFailed != null) {
      throw networkFailed;
    }
    return ended > 0 || hadNetwork || hadFiles;
  }

  /** This lab's, and any other's: what an earlier one left may be either. */
  private List<LabNetwork> networks() {
    List<LabNetwork> all = new ArrayList<>(List.of(network));
    LabPlan.all().stream()
        .filter(p -> p.topology() != plan.topology())
        .forEach(p -> all.add(new LabNetwork(p)));
    return all;
  }

  /** DPDK leaves a directory for each process that was killed. */
  private void deleteDpdkRuntime() {
    LabPlan.all().stream()
        .flatMap(p -> p.nodes().stream())
        .forEach(n -> deleteTree(Path.of("/var/run/dpdk/dyetrace-" + n.name())));
    deleteIfEmpty(Path.of("/var/run/dpdk"));
  }

  private void keepLogs() {
    Path logs = paths.logs();
    if (!Files.isDirectory(logs) || !Files.isDirectory(paths.target())) {
      return;
    }
    deleteTree(paths.lastLogs());
    try (Stream<Path> files = Files.list(logs)) {
      Files.createDirectories(paths.lastLogs());
      for (Path file : files.toList()) {
        Files.copy(
            file,
            paths.lastLogs().resolve(file.getFileName()),
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      console.say("the logs could not be kept: %s", e);
    }
  }

  private static void deleteIfEmpty(Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException notEmpty) {
      // Somebody else's files are in it.
    }
  }

  private static boolean deleteTree(Path root) {
    if (!Files.exists(root)) {
      return false;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      List<Path> all = new ArrayList<>(tree.sorted(Comparator.reverseOrder()).toList());
      for (Path path : all) {
        Files.deleteIfExists(path);
      }
      return true;
    } catch (IOException e) {
      throw LabException.failed("cannot delete " + root + ": " + e.getMessage());
    }
  }
}
