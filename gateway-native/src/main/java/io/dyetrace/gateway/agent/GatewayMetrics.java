package io.dyetrace.gateway.agent;

import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.DropReason;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** The gateways' counters as they last reported them. docs/reference/agent.md lists them. */
final class GatewayMetrics implements MultiCollector {
  private static final double NS = 1e-9;

  private final Collection<NodeView> views;
  private final LongSupplier realtimeNs;

  GatewayMetrics(Collection<NodeView> views, LongSupplier realtimeNs) {
    this.views = views;
    this.realtimeNs = realtimeNs;
  }

  /** Collects the values of one scrape, metric by metric. */
  private static final class Scrape {
    private final Map<String, GaugeSnapshot.Builder> gauges = new LinkedHashMap<>();
    private final Map<String, CounterSnapshot.Builder> counters = new LinkedHashMap<>();

    void gauge(String name, String help, double value, String... labels) {
      gauges
          .computeIfAbsent(
              name, n -> GaugeSnapshot.builder().name("dyetrace_gateway_" + n).help(help))
          .dataPoint(
              GaugeDataPointSnapshot.builder().labels(Labels.of(labels)).value(value).build());
    }

    void counter(String name, String help, long value, String... labels) {
      counters
          .computeIfAbsent(
              name, n -> CounterSnapshot.builder().name("dyetrace_gateway_" + n).help(help))
          .dataPoint(
              CounterDataPointSnapshot.builder()
                  .labels(Labels.of(labels))
                  .value(unsigned(value))
                  .build());
    }

    MetricSnapshots build() {
      MetricSnapshots.Builder all = MetricSnapshots.builder();
      gauges.values().forEach(builder -> all.metricSnapshot(builder.build()));
      counters.values().forEach(builder -> all.metricSnapshot(builder.build()));
      return all.build();
    }
  }

  @Override
  public MetricSnapshots collect() {
    Scrape to = new Scrape();
    for (NodeView view : views) {
      addLife(to, view);
      NodeCounters counters = view.counters();
      if (counters != null) {
        addNode(to, view.node(), counters);
      }
      addVips(to, view);
      for (DropCounters drop : view.drops()) {
        String[] labels = {
          "node", view.node(), "vip", drop.getVip(), "reason", DropReason.nameOf(drop.getReason())
        };
        to.counter("drops", "Packets dropped.", drop.getPackets(), labels);
        to.counter("dropped_bytes", "Bytes dropped.", drop.getBytes(), labels);
      }
      for (WorkerCounters worker : view.workers()) {
        addWorker(to, view.node(), worker);
      }
      addRings(to, view);
    }
    return to.build();
  }

  private void addLife(Scrape to, NodeView view) {
    String[] node = {"node", view.node()};
    NodeCounters counters = view.counters();
    NodeState state =
        counters == null || !view.alive() ? NodeState.NODE_STATE_UNSPECIFIED : counters.getState();
    to.gauge("alive", "1 while the gateway process lives.", view.alive() ? 1 : 0, node);
    to.gauge("ready", "1 while it reports READY.", state == NodeState.READY ? 1 : 0, node);
    to.gauge("draining", "1 while it reports DRAINING.", state == NodeState.DRAINING ? 1 : 0, node);
    if (view.bootId() != 0) {
      to.gauge(
          "start_time_seconds", "When the process started.", unsigned(view.bootId()) * NS, node);
    }
    if (counters != null) {
      to.gauge(
          "heartbeat_age_seconds",
          "Since the last counters.",
          (realtimeNs.getAsLong() - counters.getTimeNs()) * NS,
          node);
    }
  }

  private static void addNode(Scrape to, String name, NodeCounters c) {
    String[] node = {"node", name};
    to.gauge("config_version", "Configuration version.", c.getConfigVersion(), node);
    to.gauge("sessions", "Sessions now.", c.getSessions(), node);
    to.gauge("session_capacity", "Sessions that fit.", c.getSessionCapacity(), node);
    to.gauge("mempool_used", "Packet buffers in use.", c.getMempoolUsed(), node);
    to.gauge("mempool_size", "Packet buffers.", c.getMempoolSize(), node);
    to.counter("rx_packets", "Packets received.", c.getRxPackets(), node);
    to.counter("tx_packets", "Packets sent.", c.getTxPackets(), node);
    to.counter("rx_missed", "Packets lost by the port before RX.", c.getRxMissed(), node);
    to.counter("points_lost", "Points that found their ring full.", c.getPointsLost(), node);
    to.counter(
        "colour_other_epoch",
        "Verified colours of a neighbouring epoch.",
        c.getColourOtherEpoch(),
        node);
    colour(to, name, "verified", c.getColourVerified());
    colour(to, name, "forged", c.getColourForged());
    colour(to, name, "replayed", c.getColourReplayed());
    colour(to, name, "capped", c.getColourCapped());
    if (c.hasActions()) {
      addActions(to, name, c.getActions());
    }
  }

  private static void addActions(Scrape to, String name, NodeActions a) {
    String[] node = {"node", name};
    to.counter(
        "colour_recognised",
        "Replies known by their initial sequence number.",
        a.getColourRecognised(),
        node);
    to.counter("handed_over", "Packets handed to another worker.", a.getHandedOver(), node);
    to.counter("icmp_errors_sent", "ICMP errors sent.", a.getIcmpErrorsSent(), node);
    to.counter("packets_made", "Packets made here.", a.getPacketsMade(), node);
    to.counter("packets_consumed", "Packets used up here.", a.getPacketsConsumed(), node);
    toa(to, name, "syn", a.getToaTold() - a.getToaLate());
    toa(to, name, "late", a.getToaLate());
    toa(to, name, "never", a.getToaUntold());
  }

  private static void toa(Scrape to, String node, String told, long value) {
    to.counter(
        "toa_sessions",
        "Sessions by when the server was told the client's address.",
        value,
        "node",
        node,
        "told",
        told);
  }

  private static void colour(Scrape to, String node, String result, long value) {
    to.counter("colour", "Packets with a colour.", value, "node", node, "result", result);
  }

  /**
   * Sessions belong to a VIP, whatever the direction; the gateway reports them with one or with
   * both.
   */
  private static void addVips(Scrape to, NodeView view) {
    Map<String, long[]> sessions = new LinkedHashMap<>();
    for (VipCounters vip : view.vips()) {
      String[] labels = {
        "node", view.node(), "vip", vip.getVip(), "direction", Direction.nameOf(vip.getDirection())
      };
      to.counter("vip_packets", "Packets of a VIP.", vip.getPackets(), labels);
      to.counter("vip_bytes", "Bytes of a VIP.", vip.getBytes(), labels);
      long[] most = sessions.computeIfAbsent(vip.getVip(), name -> new long[2]);
      most[0] = Math.max(most[0], vip.getSessions());
      most[1] = Math.max(most[1], vip.getNewSessions());
    }
    sessions.forEach(
        (vip, counts) -> {
          String[] labels = {"node", view.node(), "vip", vip};
          to.gauge("vip_sessions", "Sessions of a VIP now.", counts[0], labels);
          to.counter("vip_new_sessions", "Sessions made.", counts[1], labels);
        });
  }

  private static void addWorker(Scrape to, String node, WorkerCounters w) {
    String[] labels = {"node", node, "worker", Integer.toString(w.getWorker())};
    to.gauge(
        "worker_poll_gap_seconds",
        "The longest gap between two polls in the last second.",
        w.getLongestPollGapNs() * NS,
        labels);
    to.counter("worker_rx_packets", "Packets received.", w.getRxPackets(), labels);
    to.counter("worker_tx_packets", "Packets sent.", w.getTxPackets(), labels);
    to.counter("worker_points_written", "Points written.", w.getPointsWritten(), labels);
    to.counter("worker_points_lost", "Points that found the ring full.", w.getPointsLost(), labels);
  }

  private static void addRings(Scrape to, NodeView view) {
    int last = view.rings().size() - 1;
    for (NodeView.Ring ring : view.rings()) {
      String worker = ring.ring() == last ? "control" : Integer.toString(ring.ring());
      String[] labels = {"node", view.node(), "worker", worker};
      to.gauge("ring_used_records", "Records not yet in Kafka.", ring.used(), labels);
      to.gauge("ring_capacity_records", "Records that fit.", ring.capacity(), labels);
    }
  }

  private static double unsigned(long value) {
    return value >= 0 ? value : value + 0x1p64;
  }
}
