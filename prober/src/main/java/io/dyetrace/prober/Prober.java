package io.dyetrace.prober;

import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.NetworkInterface;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.PcapNativeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A prober on one interface.
 *
 * <pre>{@code
 * try (Prober prober = new Prober(config)) {
 *   prober.start();
 *   prober.awaitEnd();
 * }
 * }</pre>
 *
 * <p>{@link #close} ends cleanly: it sends no more probes, waits for the answers to those in
 * flight, publishes them and takes back what it changed in the kernel.
 */
final class Prober implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Prober.class);
  private static final long HOUSEKEEPING_MS = 500;
  private static final long NEXT_HOP_PATIENCE_NS = TimeUnit.SECONDS.toNanos(3);

  private final ProberConfig config;
  private final Clock clock;
  private final Function<ProberConfig, BatchSink> sinks;
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final MetricsServer server;
  private @Nullable KernelResetGuard guard;
  private @Nullable Journal journal;
  private @Nullable PcapWire wire;
  private @Nullable Publisher publisher;
  private @Nullable Thread engineThread;
  private @Nullable Thread housekeeper;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;

  Prober(ProberConfig config) {
    this(
        config,
        Clock.SYSTEM,
        c -> KafkaBatchSink.connectingTo(c.kafka().bootstrapServers(), c.location().node()));
  }

  Prober(ProberConfig config, Clock clock, Function<ProberConfig, BatchSink> sinks) {
    this.config = config;
    this.clock = clock;
    this.sinks = sinks;
    this.server = new MetricsServer(config.metrics().listen(), registry);
  }

  /**
   * Starts to probe.
   *
   * @throws IOException when the host does not allow it; the message says what is missing
   */
  void start() throws IOException {
    byte[] mac = interfaceMac();
    ProberConfig.SourcePorts ports = config.sourcePorts();
    KernelResetGuard.requireNoLocalPorts(ports.first(), ports.last());
    long journalBytes = (64L << 20) + 400L * config.resultCapacity();
    Journal opened = new Journal(config.statePath(), clock, journalBytes);
    journal = opened;
    guard =
        KernelResetGuard.install(
            config.proberId(), config.sourceAddress(), ports.first(), ports.last());
    PcapWire capturing;
    try {
      capturing =
          PcapWire.open(
              config.interfaceName(),
              PcapWire.filter(config.sourceAddress(), ports.first(), ports.last()));
    } catch (PcapNativeException e) {
      throw new IOException("interface " + config.interfaceName() + ": " + e.getMessage(), e);
    }
    wire = capturing;

    long bootId = TimeUnit.NANOSECONDS.toMillis(clock.realtimeNs());
    ProberMetrics metrics = new ProberMetrics(config, registry);
    ResultLog log = new ResultLog(opened, config.resultCapacity());
    ProcNextHop nextHop = new ProcNextHop(config.interfaceName(), targetAddresses());
    awaitNextHops(nextHop);
    ProbeEngine probing =
        new ProbeEngine(config, mac, clock, capturing, nextHop, log, metrics, new Random(bootId));
    Publisher publishing = new Publisher(config, clock, log, sinks.apply(config), probing, bootId);
    publisher = publishing;
    showVitals(metrics, probing, publishing, log, nextHop);

    server.start();
    publishing.start(this::fail);
    engineThread = thread("engine", () -> runEngine(probing));
    housekeeper = thread("next-hop", () -> keepHouse(nextHop));
    LOG.info(
        "{} ready: {} targets, {} probes/s from {}:{}-{} on {}",
        config.location().node(),
        probing.table().targets().size(),
        Math.round(config.probesPerSecond() * 10) / 10.0,
        config.sourceAddress(),
        ports.first(),
        ports.last(),
        config.interfaceName());
  }

  /** Waits until the prober fails or is closed. */
  void awaitEnd() throws InterruptedException {
    ended.await();
  }

  /** What brought the prober down, or null. */
  @Nullable Throwable failure() {
    return failure;
  }

  private byte[] interfaceMac() throws IOException {
    NetworkInterface nic = NetworkInterface.getByName(config.interfaceName());
    if (nic == null) {
      throw new IOException("interface: there is no " + config.interfaceName());
    }
    byte[] mac = nic.getHardwareAddress();
    if (mac == null || mac.length != 6) {
      throw new IOException(
          "interface: " + config.interfaceName() + " has no Ethernet address of its own");
    }
    boolean addressed =
        nic.inetAddresses().anyMatch(a -> a.getHostAddress().equals(config.sourceAddress()));
    if (!addressed) {
      throw new IOException(
          "source_address: "
              + config.sourceAddress()
              + " is not an address of "
              + config.interfaceName());
    }
    for (ProberConfig.ProbeConfig probe : config.probe()) {
      for (int padding : probe.paddingBytes()) {
        if (FrameWriter.SYN_BYTES + padding > nic.getMTU()) {
          throw new IOException(
              "padding_bytes: "
                  + padding
                  + " of '"
                  + probe.name()
                  + "' do not fit, "
                  + config.interfaceName()
                  + " with an MTU of "
                  + nic.getMTU()
                  + " takes at most "
                  + (nic.getMTU() - FrameWriter.SYN_BYTES));
        }
      }
    }
    return mac;
  }

  /** Gives the kernel a moment to ask, so that the first probes do not fail for nothing. */
  private void awaitNextHops(ProcNextHop nextHop) throws IOException {
    long deadlineNs = clock.monotonicNs() + NEXT_HOP_PATIENCE_NS;
    try {
      nextHop.refresh(clock.monotonicNs());
      while (nextHop.unresolved() > 0 && clock.monotonicNs() - deadlineNs < 0) {
        TimeUnit.MILLISECONDS.sleep(20);
        nextHop.refresh(clock.monotonicNs());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while starting", e);
    }
    if (nextHop.unresolved() > 0) {
      LOG.warn("the next hops of {} targets are not known", nextHop.unresolved());
    }
  }

  private List<Integer> targetAddresses() {
    return config.probe().stream()
        .flatMap(p -> p.targets().hostNames().stream())
        .map(h -> Ipv4.parse("address", h.address()))
        .toList();
  }

  private void showVitals(
      ProberMetrics metrics,
      ProbeEngine probing,
      Publisher publishing,
      ResultLog log,
      ProcNextHop nextHop) {
    metrics.show(
        "dyetrace_prober_in_flight", "Probes whose outcome is not known yet.", probing::inFlight);
    metrics.show(
        "dyetrace_prober_sent_total",
        "Probes sent or refused by the interface.",
        probing::probesSent);
    metrics.show(
        "dyetrace_prober_capture_dropped_total",
        "Frames the capture lost before they were read.",
        probing::captureDropped);
    metrics.show(
        "dyetrace_prober_next_hops_unresolved",
        "Targets whose next hop has no known Ethernet address.",
        nextHop::unresolved);
    metrics.show(
        "dyetrace_prober_results_published_total",
        "Results that Kafka has acknowledged.",
        publishing::published);
    metrics.show(
        "dyetrace_prober_publish_failures_total",
        "Batches that Kafka did not take at once.",
        publishing::failures);
    metrics.show(
        "dyetrace_prober_results_waiting",
        "Results that Kafka does not have yet.",
        log::unpublished);
    metrics.show(
        "dyetrace_prober_results_waiting_limit",
        "Beyond so many waiting results the oldest is lost.",
        log::capacity);
    metrics.show(
        "dyetrace_prober_results_overflowed_total",
        "Results lost because too many waited.",
        log::overflowed);
    metrics.show("dyetrace_prober_journal_bytes", "Size of the journal.", log.journal()::bytes);
    metrics.show(
        "dyetrace_prober_journal_errors_total",
        "Records the journal could not take.",
        log.journal()::errors);
  }

  private Thread thread(String name, Runnable body) {
    Thread thread = new Thread(body, name);
    thread.setUncaughtExceptionHandler(this::fail);
    thread.start();
    return thread;
  }

  private void fail(Thread thread, Throwable reason) {
    LOG.error("the thread {} failed", thread.getName(), reason);
    failure = reason;
    ended.countDown();
  }

  private void runEngine(ProbeEngine probing) {
    while (!closing) {
      probing.doWork();
    }
    probing.stopSending();
    long deadlineNs = clock.monotonicNs() + longestTimeoutNs() + TimeUnit.SECONDS.toNanos(1);
    while (!probing.idle() && clock.monotonicNs() - deadlineNs < 0) {
      probing.doWork();
    }
  }

  private long longestTimeoutNs() {
    return config.probe().stream().mapToLong(p -> p.timeout().toNanos()).max().orElse(0);
  }

  private void keepHouse(ProcNextHop nextHop) {
    try {
      while (!closing) {
        nextHop.refresh(clock.monotonicNs());
        int unresolved = nextHop.unresolved();
        if (unresolved == 0) {
          server.setReady();
        } else {
          server.setNotReady("the next hops of " + unresolved + " targets are not known");
        }
        TimeUnit.MILLISECONDS.sleep(HOUSEKEEPING_MS);
      }
    } catch (InterruptedException e) {
      LOG.debug("housekeeping ends");
    }
  }

  @Override
  public void close() {
    closing = true;
    ended.countDown();
    server.setNotReady("stopping");
    end(housekeeper, true, TimeUnit.SECONDS.toNanos(5));
    end(engineThread, false, longestTimeoutNs() + TimeUnit.SECONDS.toNanos(5));
    if (publisher != null) {
      publisher.close();
    }
    if (wire != null) {
      wire.close();
    }
    if (guard != null) {
      guard.close();
    }
    if (journal != null) {
      journal.close();
    }
    server.close();
  }

  private static void end(@Nullable Thread thread, boolean interrupt, long waitNs) {
    if (thread == null) {
      return;
    }
    if (interrupt) {
      thread.interrupt();
    }
    try {
      TimeUnit.NANOSECONDS.timedJoin(thread, waitNs);
      if (thread.isAlive()) {
        LOG.warn("the thread {} does not end", thread.getName());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
