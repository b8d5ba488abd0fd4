package io.dyetrace.analytics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Flink cluster of processes of its own, from the jars in target/lib that a Flink distribution
 * has; nothing of this project is on its class path but the metric reporter in its plugins folder.
 */
final class FlinkCluster implements AutoCloseable {
  private static final String JAR = "target/dyetrace-stream-analytics-0.1.0-SNAPSHOT.jar";
  private static final Pattern NOT_FLINKS =
      Pattern.compile(
          "(dyetrace|flink-connector|kafka-clients|protobuf|jackson|picocli|prometheus"
              + "|clickhouse|zstd|jna)-.*");
  private static final long PATIENCE_NS = 120_000_000_000L;

  private final Path directory;
  private final int restPort;
  private final int jobManagerMetricsPort;
  private final int taskManagerMetricsPort;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Process> processes = new ArrayList<>();

  FlinkCluster(Path directory) throws IOException {
    this.directory = directory;
    List<Integer> ports = freePorts(4);
    restPort = ports.get(0);
    jobManagerMetricsPort = ports.get(2);
    taskManagerMetricsPort = ports.get(3);
    Path plugin = Files.createDirectories(directory.resolve("plugins/dyetrace-metrics"));
    for (Path jar : jars(name -> name.matches("(dyetrace-common|prometheus)-.*"))) {
      Files.copy(jar, plugin.resolve(jar.getFileName()));
    }
    Files.copy(Path.of(JAR), plugin.resolve("analytics.jar"));
    writeConfig("jobmanager", ports.get(1), jobManagerMetricsPort);
    writeConfig("taskmanager", ports.get(1), taskManagerMetricsPort);
    start("jobmanager", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint");
  }

  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sockets.add(new ServerSocket(0));
      ports.add(sockets.get(i).getLocalPort());
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return ports;
  }

  private static List<Path> jars(java.util.function.Predicate<String> which) throws IOException {
    try (Stream<Path> lib = Files.list(Path.of("target/lib"))) {
      return lib.filter(p -> which.test(p.getFileName().toString())).sorted().toList();
    }
  }

  /** Without a start script every memory size has to be said. */
  private void writeConfig(String part, int rpcPort, int metricsPort) throws IOException {
    Files.writeString(
        Files.createDirectories(directory.resolve(part)).resolve("config.yaml"),
        """
        jobmanager.rpc.address: 127.0.0.1
        jobmanager.rpc.port: %d
        jobmanager.bind-host: 127.0.0.1
        rest.address: 127.0.0.1
        rest.bind-address: 127.0.0.1
        rest.port: %d
        taskmanager.host: 127.0.0.1
        taskmanager.bind-host: 127.0.0.1
        taskmanager.numberOfTaskSlots: 1
        taskmanager.cpu.cores: 1
        taskmanager.memory.framework.heap.size: 64mb
        taskmanager.memory.task.heap.size: 192mb
        taskmanager.memory.framework.off-heap.size: 32mb
        taskmanager.memory.task.off-heap.size: 32mb
        taskmanager.memory.managed.size: 1mb
        taskmanager.memory.jvm-metaspace.size: 128mb
        taskmanager.memory.jvm-overhead.min: 64mb
        taskmanager.memory.jvm-overhead.max: 64mb
        taskmanager.memory.network.min: 16mb
        taskmanager.memory.network.max: 16mb
        execution.checkpointing.num-retained: 3
        heartbeat.interval: 1000
        heartbeat.timeout: 15000
        io.tmp.dirs: %s
        metrics.reporter.dyetrace.factory.class: io.dyetrace.analytics.cluster.FlinkMetrics
        metrics.reporter.dyetrace.listen: 127.0.0.1:%d
        """
            .formatted(rpcPort, restPort, directory, metricsPort));
  }

  /** One with a single slot: the whole job. */
  Process startTaskManager() throws Exception {
    return start("taskmanager", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner");
  }

  private Process start(String part, String main) throws IOException {
    Path logback =
        Files.writeString(
            directory.resolve("logback.xml"),
            """
            <configuration>
              <appender name="err" class="ch.qos.logback.core.ConsoleAppender">
                <encoder><pattern>%d %-5level %logger{0}: %msg%n</pattern></encoder>
              </appender>
              <root level="INFO"><appender-ref ref="err"/></root>
            </configuration>
            """);
    String classPath =
        jars(name -> !NOT_FLINKS.matcher(name).matches()).stream()
            .map(path -> path.toAbsolutePath().toString())
            .collect(Collectors.joining(":"));
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dlogback.configurationFile=" + logback,
            "-cp",
            classPath,
            main,
            "--configDir",
            directory.resolve(part).toString());
    builder.environment().put("FLINK_PLUGINS_DIR", directory.resolve("plugins").toString());
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(directory.resolve(part + ".log").toFile()));
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  /** The REST interface's address, as the analytics' configuration names it. */
  String restAddress() {
    return "127.0.0.1:" + restPort;
  }

  /** Returns once the job manager knows a task manager with a free slot. */
  void awaitSlot() throws Exception {
    await("a free slot", () -> get("/overview").path("slots-available").asInt() > 0);
  }

  /** Submits with the command that users have; returns the job's id. */
  String submit(Path analyticsYaml, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                JAR + ":target/lib/*",
                AnalyticsMain.class.getName(),
                "--config",
                analyticsYaml.toString()));
    command.addAll(List.of(more));
    Path log = directory.resolve("submit.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    processes.add(process);
    if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new AssertionError("not submitted: " + Files.readString(log));
    }
    Matcher id = Pattern.compile("as job ([0-9a-f]{32})").matcher(Files.readString(log));
    if (!id.find()) {
      throw new AssertionError("no job id: " + Files.readString(log));
    }
    return id.group(1);
  }

  /** Completed checkpoints of this run of the job. */
  int checkpoints(String job) throws Exception {
    return get("/jobs/" + job + "/checkpoints").path("counts").path("completed").asInt();
  }

  /** Returns after so many more checkpoints. */
  void awaitCheckpoints(String job, int more) throws Exception {
    int before = checkpoints(job);
    await(more + " more checkpoints", () -> checkpoints(job) >= before + more);
  }

  /** How often the job was restored from a checkpoint. */
  int restores(String job) throws Exception {
    return get("/jobs/" + job + "/checkpoints").path("counts").path("restored").asInt();
  }

  /** Stops the job with a savepoint; returns its URI. */
  String stopWithSavepoint(String job, Path target) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri("/jobs/" + job + "/stop"))
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"targetDirectory\": \"%s\", \"drain\": false}".formatted(target.toUri())))
            .build();
    String trigger =
        new ObjectMapper()
            .readTree(http.send(request, BodyHandlers.ofString()).body())
            .path("request-id")
            .asText();
    String path = "/jobs/" + job + "/savepoints/" + trigger;
    await(
        "the savepoint", () -> !get(path).path("status").path("id").asText().equals("IN_PROGRESS"));
    String location = get(path).path("operation").path("location").asText();
    if (location.isEmpty()) {
      throw new AssertionError("no savepoint: " + get(path));
    }
    return location;
  }

  /** What Prometheus would read of both processes. */
  String metrics() throws Exception {
    StringBuilder all = new StringBuilder();
    for (int port : new int[] {jobManagerMetricsPort, taskManagerMetricsPort}) {
      URI metrics = URI.create("http://127.0.0.1:" + port + "/metrics");
      all.append(
          http.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString()).body());
    }
    return all.toString();
  }

  private URI uri(String path) {
    return URI.create("http://" + restAddress() + path);
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    String body =
        http.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString()).body();
    return new ObjectMapper().readTree(body);
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private void await(String what, Condition condition) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (true) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        // Not there yet, or between two answers.
      }
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError("waited in vain for " + what + "; logs in " + directory);
      }
      Thread.sleep(100);
    }
  }

  @Override
  public void close() throws Exception {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }
}
