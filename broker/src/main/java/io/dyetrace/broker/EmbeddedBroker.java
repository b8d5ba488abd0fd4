package io.dyetrace.broker;

import io.dyetrace.common.config.HostPort;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Kafka broker inside this JVM, with its own KRaft controller and its own storage.
 *
 * <pre>{@code
 * try (EmbeddedBroker broker = new EmbeddedBroker(BrokerConfig.forTest(directory))) {
 *   broker.start();
 *   Properties client = new Properties();
 *   client.put("bootstrap.servers", broker.bootstrapServers());
 * }
 * }</pre>
 *
 * It formats its data directory at the first start and makes the configured topics that are
 * missing. What it acknowledged survives {@code kill -9}: the page cache holds it. A crash of the
 * machine may lose the last records, as with any single broker.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
  private static final int NODE_ID = 1;

  private final BrokerConfig config;
  private final List<HostPort> bound = new ArrayList<>();
  private @Nullable KafkaRaftServer server;

  /** Does nothing yet: {@link #start()} does. */
  public EmbeddedBroker(BrokerConfig config) {
    this.config = config;
  }

  /** Starts and returns when clients can produce and consume and every topic is there. */
  public void start() throws IOException {
    if (server != null) {
      throw new IllegalStateException("the broker was started already");
    }
    for (String text : config.listeners()) {
      HostPort listener = HostPort.parse(text);
      bound.add(
          listener.port() == 0
              ? new HostPort(listener.host(), freePort(listener.host()))
              : listener);
    }
    Map<String, Object> properties = properties();
    format();
    long startNs = System.nanoTime();
    KafkaRaftServer started = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
    boolean complete = false;
    try {
      started.startup();
      server = started;
      makeTopics();
      complete = true;
    } finally {
      if (!complete) {
        server = null;
        started.shutdown();
      }
    }
    LOG.info(
        "Kafka listens on {}, started in {} ms", bound, (System.nanoTime() - startNs) / 1_000_000);
  }

  /** Where clients of the first listener connect. */
  public String bootstrapServers() {
    if (bound.isEmpty()) {
      throw new IllegalStateException("the broker was not started");
    }
    return bound.get(0).toString();
  }

  /** Every address that is listened on. */
  public List<String> listeners() {
    return bound.stream().map(HostPort::toString).toList();
  }

  /** Waits until the server has stopped, for whatever reason. */
  public void awaitShutdown() {
    KafkaRaftServer running = server;
    if (running != null) {
      running.awaitShutdown();
    }
  }

  @Override
  public void close() {
    KafkaRaftServer running = server;
    server = null;
    if (running != null) {
      running.shutdown();
      running.awaitShutdown();
    }
  }

  private Map<String, Object> properties() throws IOException {
    int controllerPort =
        config.controllerPort() == 0 ? freePort("127.0.0.1") : config.controllerPort();
    List<String> listeners = new ArrayList<>();
    List<String> advertised = new ArrayList<>();
    List<String> protocols = new ArrayList<>();
    Set<Integer> ports = new HashSet<>();
    for (int i = 0; i < bound.size(); i++) {
      HostPort listener = bound.get(i);
      // Kafka lets two listeners share a port only when one is IPv4 and the other IPv6. Written as
      // a mapped address, the second IPv4 address passes for
      // IPv6; Java binds the IPv4 address that it means.
      String host =
          ports.add(listener.port()) ? listener.host() : "[::ffff:" + listener.host() + "]";
      listeners.add("CLIENT" + i + "://" + host + ":" + listener.port());
      advertised.add("CLIENT" + i + "://" + listener);
      protocols.add("CLIENT" + i + ":PLAINTEXT");
    }
    Map<String, Object> p = new HashMap<>();
    p.put("process.roles", "broker,controller");
    p.put("node.id", Integer.toString(NODE_ID));
    p.put("advertised.listeners", String.join(",", advertised));
    listeners.add("CONTROLLER://127.0.0.1:" + controllerPort);
    protocols.add("CONTROLLER:PLAINTEXT");
    p.put("listeners", String.join(",", listeners));
    p.put("listener.security.protocol.map", String.join(",", protocols));
    p.put("controller.listener.names", "CONTROLLER");
    p.put("inter.broker.listener.name", "CLIENT0");
    p.put("controller.quorum.voters", NODE_ID + "@127.0.0.1:" + controllerPort);
    p.put("log.dirs", config.dataDirectory().toString());

    p.put("auto.create.topics.enable", "false");
    p.put("default.replication.factor", "1");
    p.put("min.insync.replicas", "1");
    p.put("offsets.topic.replication.factor", "1");
    p.put("offsets.topic.num.partitions", "1");
    p.put("transaction.state.log.replication.factor", "1");
    p.put("transaction.state.log.min.isr", "1");
    p.put("transaction.state.log.num.partitions", "1");
    p.put("share.coordinator.state.topic.replication.factor", "1");
    p.put("share.coordinator.state.topic.min.isr", "1");
    p.put("share.coordinator.state.topic.num.partitions", "1");
    p.put("group.initial.rebalance.delay.ms", "0");

    p.put("log.retention.ms", Long.toString(config.retention().toMillis()));
    p.put("log.retention.check.interval.ms", "60000");
    p.put("log.segment.bytes", Integer.toString(config.segmentBytes()));
    p.put("log.segment.delete.delay.ms", "5000");
    p.put("log.index.size.max.bytes", "1048576");
    // The broker's clock tells consumers when a record came, whatever a producer believes.
    p.put("log.message.timestamp.type", "LogAppendTime");

    // After kill -9 the broker is refused until its former self's session has run out.
    p.put("broker.session.timeout.ms", "6000");
    p.put("broker.heartbeat.interval.ms", "500");
    p.put("controlled.shutdown.enable", "false");

    // Sized for a heap of 256 MB and two cores.
    p.put("num.network.threads", "2");
    p.put("num.io.threads", "4");
    p.put("background.threads", "2");
    p.put("num.recovery.threads.per.data.dir", "2");
    p.put("num.replica.fetchers", "1");
    p.put("log.cleaner.threads", "1");
    p.put("log.cleaner.dedupe.buffer.size", "4194304");
    p.put("log.cleaner.io.buffer.size", "131072");
    p.put("metadata.log.max.record.bytes.between.snapshots", "4194304");
    p.put("metadata.max.retention.bytes", "16777216");
    return p;
  }

  private void format() throws IOException {
    Path directory = config.dataDirectory();
    if (Files.exists(directory.resolve("meta.properties"))) {
      return;
    }
    Files.createDirectories(directory);
    Formatter formatter =
        new Formatter()
            .setPrintStream(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
            .setNodeId(NODE_ID)
            .setClusterId(Uuid.randomUuid().toString())
            .setDirectories(List.of(directory.toString()))
            .setMetadataLogDirectory(directory.toString())
            .setControllerListenerName("CONTROLLER")
            .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
            .setIgnoreFormatted(true)
            .setUnstableFeatureVersionsEnabled(false);
    try {
      formatter.run();
    } catch (Exception e) {
      throw new IOException(directory + ": cannot be formatted for Kafka: " + e.getMessage(), e);
    }
    LOG.info("formatted {}", directory);
  }

  private void makeTopics() throws IOException {
    Map<String, Object> client =
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers(),
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            "30000");
    try (Admin admin = Admin.create(client)) {
      Set<String> present = admin.listTopics().names().get();
      List<NewTopic> missing =
          config.topics().stream()
              .filter(topic -> !present.contains(topic.name()))
              .map(EmbeddedBroker::newTopic)
              .toList();
      if (!missing.isEmpty()) {
        admin.createTopics(missing).all().get();
        LOG.info(
            "made topics {}",
            missing.stream().map(NewTopic::name).collect(Collectors.joining(", ")));
      }
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new IOException("topics cannot be made: " + e.getCause(), e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while topics were made", e);
    }
  }

  private static NewTopic newTopic(BrokerConfig.Topic topic) {
    NewTopic made = new NewTopic(topic.name(), topic.partitions(), (short) 1);
    if (topic.compacted()) {
      return made.configs(
          Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
    }
    return topic.retention() == null
        ? made
        : made.configs(
            Map.of(TopicConfig.RETENTION_MS_CONFIG, Long.toString(topic.retention().toMillis())));
  }

  private int freePort(String host) throws IOException {
    while (true) {
      int port;
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
        port = socket.getLocalPort();
      }
      if (bound.stream().noneMatch(listener -> listener.port() == port)) {
        return port;
      }
    }
  }
}
