package io.dyetrace.analytics.cluster;

import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;
import org.jspecify.annotations.Nullable;

/**
 * Hands the job's own metrics from Flink to Prometheus' registry.
 *
 * <p>An operator registers a counter or gauge under the name that Prometheus shall see, {@code
 * dyetrace_analytics_…}, and labels as user groups. What subtasks share is added up; of a ratio the
 * greatest counts. Flink's own metrics stay with Flink's web interface, apart from a few that say
 * how the job is.
 *
 * <p>Flink makes the instance by its class name, in this process: the metrics are static. In a
 * cluster it stands in Flink's plugins folder and serves them itself, in each process:
 *
 * <pre>{@code
 * metrics.reporter.dyetrace.factory.class: io.dyetrace.analytics.cluster.FlinkMetrics
 * metrics.reporter.dyetrace.listen: 127.0.0.1:9305
 * }</pre>
 */
public final class FlinkMetrics implements MetricReporter, MetricReporterFactory {
  private static final String PREFIX = "dyetrace_analytics_";
  private static final Map<Metric, Named> METRICS = new ConcurrentHashMap<>();

  /** Flink's own and the ClickHouse sink's metrics that are passed on, and what as. */
  private static final Map<String, String> FLINKS_OWN =
      Map.of(
          "numRestarts", "dyetrace_analytics_restarts_total",
          "numberOfCompletedCheckpoints", "dyetrace_analytics_checkpoints_completed_total",
          "numberOfFailedCheckpoints", "dyetrace_analytics_checkpoints_failed_total",
          "lastCheckpointSize", "dyetrace_analytics_checkpoint_size_bytes",
          "lastCheckpointDuration", "dyetrace_analytics_checkpoint_duration_milliseconds",
          "waitingBatches", "dyetrace_analytics_clickhouse_waiting_batches",
          "waitingBytes", "dyetrace_analytics_clickhouse_waiting_bytes",
          "storedRows", "dyetrace_analytics_clickhouse_stored_rows_total",
          "retries", "dyetrace_analytics_clickhouse_retries_total");

  /** Of each task, in milliseconds of a second, and the ratio that they are served as. */
  private static final Map<String, String> OF_TASKS =
      Map.of(
          "busyTimeMsPerSecond", "dyetrace_analytics_busy_ratio",
          "backPressuredTimeMsPerSecond", "dyetrace_analytics_backpressured_ratio");

  private static final String PENDING = "pendingRecords";
  private static final String RATIO = "_ratio";

  private static final Set<String> USER_LABELS =
      Set.of("topic", "reason", "pipeline", "class", "state", "cluster");

  private record Named(String name, Labels labels) {}

  private @Nullable MetricsServer server;

  /** Everything that is registered now. */
  public static MultiCollector collector() {
    return FlinkMetrics::collect;
  }

  private static MetricSnapshots collect() {
    Map<String, Map<Labels, Double>> sums = new TreeMap<>();
    METRICS.forEach(
        (metric, named) -> {
          Double value = valueOf(metric);
          if (value != null && named.name().endsWith(RATIO)) {
            value = Math.min(1, value / 1000);
          }
          if (value != null && !value.isNaN()) {
            sums.computeIfAbsent(named.name(), n -> new HashMap<>())
                .merge(
                    named.labels(), value, named.name().endsWith(RATIO) ? Math::max : Double::sum);
          }
        });
    List<MetricSnapshot> snapshots = new ArrayList<>();
    sums.forEach((name, values) -> snapshots.add(snapshot(name, values)));
    return new MetricSnapshots(snapshots);
  }

  private static MetricSnapshot snapshot(String name, Map<Labels, Double> values) {
    if (name.endsWith("_total")) {
      CounterSnapshot.Builder counter =
          CounterSnapshot.builder().name(name.substring(0, name.length() - "_total".length()));
      values.forEach(
          (labels, value) ->
              counter.dataPoint(
                  CounterSnapshot.CounterDataPointSnapshot.builder()
                      .labels(labels)
                      .value(Math.max(0, value))
                      .build()));
      return counter.build();
    }
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name);
    values.forEach(
        (labels, value) ->
            gauge.dataPoint(
                GaugeSnapshot.GaugeDataPointSnapshot.builder()
                    .labels(labels)
                    .value(value)
                    .build()));
    return gauge.build();
  }

  private static @Nullable Double valueOf(Metric metric) {
    if (metric instanceof Counter counter) {
      return (double) counter.getCount();
    }
    if (metric instanceof Gauge<?> gauge && gauge.getValue() instanceof Number number) {
      return number.doubleValue();
    }
    return null;
  }

  @Override
  public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
    String own = FLINKS_OWN.get(name);
    if (own != null) {
      METRICS.put(metric, new Named(own, Labels.EMPTY));
    } else if (OF_TASKS.containsKey(name)) {
      METRICS.put(metric, new Named(OF_TASKS.get(name), pipeline(group, "<task_name>")));
    } else if (name.equals(PENDING)) {
      METRICS.put(
          metric,
          new Named("dyetrace_analytics_pending_records", pipeline(group, "<operator_name>")));
    } else if (name.startsWith(PREFIX)) {
      METRICS.put(metric, new Named(name, labels(group)));
    }
  }

  @Override
  public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {
    METRICS.remove(metric);
  }

  /** Which of the two pipelines a task or an operator belongs to. */
  private static Labels pipeline(MetricGroup group, String variable) {
    String name = group.getAllVariables().getOrDefault(variable, "");
    boolean isDetection =
        name.contains("detection") || name.contains("detector") || name.contains("verdicts");
    return Labels.of("pipeline", isDetection ? "detection" : "storage");
  }

  /** The user's groups; Flink's own variables are left out. */
  private static Labels labels(MetricGroup group) {
    Map<String, String> labels = new TreeMap<>();
    group
        .getAllVariables()
        .forEach(
            (key, value) -> {
              String name = key.substring(1, key.length() - 1);
              if (USER_LABELS.contains(name)) {
                labels.put(name, value);
              }
            });
    return Labels.of(
        labels.keySet().toArray(String[]::new), labels.values().toArray(String[]::new));
  }

  @Override
  public MetricReporter createMetricReporter(Properties properties) {
    return this;
  }

  @Override
  public void open(MetricConfig config) {
    String listen = config.getString("listen", "");
    if (listen.isEmpty()) {
      return;
    }
    PrometheusRegistry registry = new PrometheusRegistry();
    registry.register(collector());
    MetricsServer own = new MetricsServer(HostPort.parse(listen), registry);
    try {
      own.start();
    } catch (IOException e) {
      throw new UncheckedIOException("metrics.reporter.dyetrace.listen: " + listen, e);
    }
    own.setReady();
    server = own;
  }

  @Override
  public void close() {
    MetricsServer own = server;
    if (own != null) {
      own.close();
    }
  }
}
