package io.dyetrace.prober;

import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.DoubleSupplier;

/** What a prober shows to Prometheus. */
final class ProberMetrics {
  private static final double[] SECONDS = {
    50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1,
    2, 5
  };

  private record OfTarget(
      Map<ProbeOutcome, CounterDataPoint> outcomes, DistributionDataPoint rtt) {}

  private final PrometheusRegistry registry;
  private final String prober;
  private final List<String> labelKeys;
  private final Counter probes;
  private final Histogram rtt;
  private final DistributionDataPoint lag;
  private final CounterDataPoint skipped;
  private final CounterDataPoint repeated;
  private final CounterDataPoint clockSteps;
  private final Counter resets;
  private final Counter ignored;
  private final Map<ProbeTarget, OfTarget> targets = new HashMap<>();

  ProberMetrics(ProberConfig config, PrometheusRegistry registry) {
    this.registry = registry;
    this.prober = config.location().node();
    TreeSet<String> keys = new TreeSet<>();
    config.probe().forEach(p -> p.additionalLabel().forEach(l -> keys.add(l.key())));
    this.labelKeys = List.copyOf(keys);
    this.probes =
        Counter.builder()
            .name("dyetrace_prober_probes_total")
            .help("Results by outcome; a late SYN-ACK is one beside its time-out.")
            .labelNames(names("prober", "probe", "target", "port", "outcome"))
            .register(registry);
    this.rtt =
        Histogram.builder()
            .name("dyetrace_prober_rtt_seconds")
            .help("From the SYN to the SYN-ACK, both as captured.")
            .labelNames(names("prober", "probe", "target", "port"))
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    this.lag =
        Histogram.builder()
            .name("dyetrace_prober_send_lag_seconds")
            .help("How late probes leave.")
            .labelNames("prober")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry)
            .labelValues(prober);
    this.skipped =
        counter(
            "dyetrace_prober_slots_skipped_total", "Probes not sent because their time was over.");
    this.repeated =
        counter("dyetrace_prober_repeated_syn_acks_total", "SYN-ACKs beyond the first of a probe.");
    this.clockSteps =
        counter(
            "dyetrace_prober_clock_steps_total",
            "Round-trip times taken from the monotonic clock because the realtime clock stepped.");
    this.resets =
        Counter.builder()
            .name("dyetrace_prober_resets_sent_total")
            .help("Resets sent; only the first of a probe is coloured.")
            .labelNames("prober", "coloured")
            .register(registry);
    this.ignored =
        Counter.builder()
            .name("dyetrace_prober_frames_ignored_total")
            .help("Captured frames that are no answer to a probe.")
            .labelNames("prober", "reason")
            .register(registry);
  }

  private String[] names(String... own) {
    List<String> names = new ArrayList<>(List.of(own));
    names.addAll(labelKeys);
    return names.toArray(String[]::new);
  }

  private String[] values(ProbeTarget target, String... more) {
    List<String> values =
        new ArrayList<>(
            List.of(prober, target.probe.name(), target.name, String.valueOf(target.port)));
    values.addAll(List.of(more));
    for (String key : labelKeys) {
      values.add(
          target.probe.additionalLabel().stream()
              .filter(l -> l.key().equals(key))
              .map(ProberConfig.Label::value)
              .findFirst()
              .orElse(""));
    }
    return values.toArray(String[]::new);
  }

  private CounterDataPoint counter(String name, String help) {
    return Counter.builder()
        .name(name)
        .help(help)
        .labelNames("prober")
        .register(registry)
        .labelValues(prober);
  }

  /** Shows a number that somebody else keeps; a name in {@code _total} is a counter. */
  void show(String name, String help, DoubleSupplier value) {
    if (name.endsWith("_total")) {
      CounterWithCallback.builder()
          .name(name)
          .help(help)
          .labelNames("prober")
          .callback(callback -> callback.call(value.getAsDouble(), prober))
          .register(registry);
    } else {
      GaugeWithCallback.builder()
          .name(name)
          .help(help)
          .labelNames("prober")
          .callback(callback -> callback.call(value.getAsDouble(), prober))
          .register(registry);
    }
  }

  /** Makes the series of a target, so that they stand at 0 before the first result. */
  void addTarget(ProbeTarget target) {
    Map<ProbeOutcome, CounterDataPoint> outcomes = new HashMap<>();
    for (ProbeOutcome outcome : ProbeOutcome.values()) {
      if (outcome != ProbeOutcome.PROBE_OUTCOME_UNSPECIFIED
          && outcome != ProbeOutcome.UNRECOGNIZED) {
        outcomes.put(outcome, probes.labelValues(values(target, outcome.name())));
      }
    }
    targets.put(target, new OfTarget(outcomes, rtt.labelValues(values(target))));
  }

  void result(ProbeTarget target, ProbeResult result) {
    OfTarget series = targets.get(target);
    if (series == null) {
      return;
    }
    CounterDataPoint outcome = series.outcomes().get(result.getOutcome());
    if (outcome != null) {
      outcome.inc();
    }
    if (result.getOutcome() == ProbeOutcome.SYN_ACK) {
      series.rtt().observe(result.getRttNs() / 1e9);
    }
  }

  void lag(long lagNs) {
    lag.observe(lagNs / 1e9);
  }

  void skipped(long slots) {
    skipped.inc(slots);
  }

  void repeated() {
    repeated.inc();
  }

  void clockStep() {
    clockSteps.inc();
  }

  void reset(boolean coloured) {
    resets.labelValues(prober, String.valueOf(coloured)).inc();
  }

  void unmatched() {
    ignored.labelValues(prober, "unmatched").inc();
  }

  void ignored(FrameReader.Kind kind) {
    ignored.labelValues(prober, kind.name().toLowerCase(Locale.ROOT)).inc();
  }
}
