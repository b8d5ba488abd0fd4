package io.dyetrace.lab.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the lab keeps its files. There is one lab on a machine, because its namespaces have fixed
 * names; so its directories are fixed too, and any checkout can take down what another one left.
 *
 * @param home the checkout
 * @param state process files, configuration, sockets, injected faults
 * @param telemetry the gateways' rings, on tmpfs
 * @param data Kafka's, ClickHouse's, Flink's and Prometheus' files, and the logs
 */
public record LabPaths(Path home, Path state, Path telemetry, Path data) {
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final Path DATA_IN_MEMORY = MEMORY.resolve("dyetrace-lab-data");
  private static final Path DATA_ON_DISK = Path.of("/var/tmp/dyetrace-lab");

  /**
   * The lab writes thousands of small files and about 100 MB a day. Where memory is plenty they
   * stay in it: disks are noise that a lab has no use for.
   */
  private static final long LEAST_MEMORY_BYTES = 4L << 30;

  /** The fixed ones, under the checkout that {@code -Ddyetrace.home} names. */
  public static LabPaths standard() {
    Path home = Path.of(System.getProperty("dyetrace.home", ".")).toAbsolutePath().normalize();
    return new LabPaths(
        home,
        Path.of("/run/dyetrace/lab"),
        Path.of("/dev/shm/dyetrace-lab"),
        spaceOf(MEMORY) >= LEAST_MEMORY_BYTES ? DATA_IN_MEMORY : DATA_ON_DISK);
  }

  private static long spaceOf(Path directory) {
    try {
      return Files.getFileStore(directory).getTotalSpace();
    } catch (IOException e) {
      return 0;
    }
  }

  public Path lock() {
    return Path.of("/run/lock/dyetrace-lab.lock");
  }

  public Path processes() {
    return state.resolve("processes");
  }

  public Path configDirectory() {
    return state.resolve("config");
  }

  public Path config(String file) {
    return configDirectory().resolve(file);
  }

  public Path logs() {
    return data.resolve("logs");
  }

  public Path log(String component) {
    return logs().resolve(component + ".log");
  }

  public Path data(String component) {
    return data.resolve(component);
  }

  public Path faults() {
    return state.resolve("faults.json");
  }

  /** Written when every process was ready for the first time. */
  public Path upMarker() {
    return state.resolve("up.json");
  }

  public Path controlSocket(Host node) {
    return state.resolve(node.name() + ".sock");
  }

  /** What the build of this module makes. */
  public Path target() {
    return home.resolve("lab/target");
  }

  /** Where the logs of the last lab go when it is taken down. */
  public Path lastLogs() {
    return target().resolve("last-logs");
  }

  /** Everything that {@code down} removes. */
  public List<Path> roots() {
    return Stream.of(state, telemetry, data, DATA_IN_MEMORY, DATA_ON_DISK).distinct().toList();
  }
}
