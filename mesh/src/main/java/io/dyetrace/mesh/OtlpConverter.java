package io.dyetrace.mesh;

import io.dyetrace.common.record.MeshLatency;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Histogram;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns OTLP export requests into mesh latency records. Whatever is not a request duration is
 * passed over; a request duration that cannot be used is refused with its reason. Thread-safe.
 */
final class OtlpConverter {
  /** What one request came to. {@code bases} are the series' next bases, for {@link #commit}. */
  record Result(
      List<MeshLatency> latencies,
      List<String> refused,
      int ignored,
      Map<HistogramSeries, HistogramSeries.Export> bases) {}

  private static final int MOST_BUCKETS = 1_000;

  private final long receiverStartNs;
  private final int mostSeries;
  private final Map<String, String> services;
  private final Map<String, HistogramSeries> series;

  /**
   * @param receiverStartNs the receiver's own start, nanoseconds since the epoch
   * @param services names of services by the address that clients call, as {@code host:port}
   * @param mostSeries how many cumulative series are remembered; the one not seen for longest is
   *     forgotten first
   */
  OtlpConverter(long receiverStartNs, int mostSeries, Map<String, String> services) {
    this.receiverStartNs = receiverStartNs;
    this.services = services;
    this.mostSeries = mostSeries;
    this.series =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<String, HistogramSeries> eldest) {
            return size() > OtlpConverter.this.mostSeries;
          }
        };
  }

  synchronized Result convert(ExportMetricsServiceRequest request) {
    List<MeshLatency> latencies = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    Map<HistogramSeries, HistogramSeries.Export> bases = new IdentityHashMap<>();
    int ignored = 0;
    for (ResourceMetrics resource : request.getResourceMetricsList()) {
      Map<String, String> resourceAttributes =
          attributes(resource.getResource().getAttributesList());
      for (ScopeMetrics scope : resource.getScopeMetricsList()) {
        for (Metric metric : scope.getMetricsList()) {
          @Nullable LatencyMetrics kind = LatencyMetrics.of(metric.getName());
          if (kind == null) {
            ignored++;
          } else if (!metric.hasHistogram()) {
            refused.add(
                metric.getName()
                    + ": only explicit-bucket histograms are taken, this is "
                    + metric.getDataCase());
          } else {
            convert(kind, metric, resourceAttributes, latencies, refused, bases);
          }
        }
      }
    }
    return new Result(latencies, refused, ignored, bases);
  }

  /**
   * To be called once a result's records are stored for good; without it the same exports give the
   * same records again.
   */
  synchronized void commit(Result result) {
    result.bases().forEach(HistogramSeries::accept);
  }

  synchronized int seriesCount() {
    return series.size();
  }

  private void convert(
      LatencyMetrics kind,
      Metric metric,
      Map<String, String> resource,
      List<MeshLatency> latencies,
      List<String> refused,
      Map<HistogramSeries, HistogramSeries.Export> bases) {
    double unitNs = unitNs(metric.getUnit());
    if (unitNs == 0) {
      refused.add(
          metric.getName() + ": unit '" + metric.getUnit() + "' is not one of s, ms, us, ns");
      return;
    }
    Histogram histogram = metric.getHistogram();
    for (HistogramDataPoint point : histogram.getDataPointsList()) {
      @Nullable String wrong = check(point);
      if (wrong != null) {
        refused.add(metric.getName() + ": " + wrong);
        continue;
      }
      Map<String, String> attributes = attributes(point.getAttributesList());
      HistogramSeries.Export export = export(point, unitNs);
      String identity = metric.getName() + resource + attributes;
      HistogramSeries.@Nullable Export added;
      if (histogram.getAggregationTemporality()
          == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA) {
        added = export.count() > 0 ? export : null;
      } else {
        HistogramSeries known =
            series.computeIfAbsent(identity, k -> new HistogramSeries(receiverStartNs));
        added = known.difference(export);
        bases.put(known, export);
      }
      if (added != null) {
        latencies.add(
            record(kind, metric.getName(), resource, attributes, added, SeriesId.of(identity)));
      }
    }
  }

  private static @Nullable String check(HistogramDataPoint p) {
    int bounds = p.getExplicitBoundsCount();
    if (bounds > MOST_BUCKETS) {
      return bounds + " buckets are more than " + MOST_BUCKETS;
    }
    if (p.getBucketCountsCount() != bounds + 1) {
      return p.getBucketCountsCount() + " bucket counts do not go with " + bounds + " bounds";
    }
    for (int i = 0; i < bounds; i++) {
      double bound = p.getExplicitBounds(i);
      if (!(bound >= 0)
          || Double.isInfinite(bound)
          || (i > 0 && bound <= p.getExplicitBounds(i - 1))) {
        return "bounds are not ascending from 0: " + bound + " at " + i;
      }
    }
    if (p.getTimeUnixNano() <= 0 || p.getCount() < 0) {
      return "time " + p.getTimeUnixNano() + " or count " + p.getCount() + " is not positive";
    }
    return null;
  }

  private static HistogramSeries.Export export(HistogramDataPoint p, double unitNs) {
    long[] bounds =
        p.getExplicitBoundsList().stream().mapToLong(b -> Math.round(b * unitNs)).toArray();
    long[] counts = p.getBucketCountsList().stream().mapToLong(Long::longValue).toArray();
    double sum = Double.isFinite(p.getSum()) ? Math.max(0, p.getSum()) : 0;
    return new HistogramSeries.Export(
        p.getStartTimeUnixNano(),
        p.getTimeUnixNano(),
        p.getCount(),
        Math.round(sum * unitNs),
        bounds,
        counts);
  }

  private MeshLatency record(
      LatencyMetrics kind,
      String name,
      Map<String, String> resource,
      Map<String, String> attributes,
      HistogramSeries.Export e,
      long seriesId) {
    MeshLatency.Builder b =
        MeshLatency.newBuilder()
            .setStartTimeNs(e.startNs())
            .setEndTimeNs(e.endNs())
            .setSourceService(resource.getOrDefault("service.name", ""))
            .setDestinationService(kind.side().equals("client") ? destination(attributes) : "")
            .setProtocol(kind.protocol())
            .setMetric(name)
            .setSide(kind.side())
            .setOperation(operation(attributes))
            .setStatus(
                first(
                    attributes,
                    "http.response.status_code",
                    "rpc.response.status_code",
                    "rpc.grpc.status_code",
                    "error.type"))
            .setScenario(
                attributes.getOrDefault(
                    "dyetrace.scenario", resource.getOrDefault("dyetrace.scenario", "")))
            .setCount(e.count())
            .setSumNs(e.sumNs())
            .setRegion(resource.getOrDefault("cloud.region", ""))
            .setZone(resource.getOrDefault("cloud.availability_zone", ""))
            .setInstance(
                resource.getOrDefault(
                    "service.instance.id", resource.getOrDefault("host.name", "")))
            .setSeriesId(seriesId);
    for (long bound : e.boundsNs()) {
      b.addBucketBoundsNs(bound);
    }
    for (long count : e.counts()) {
      b.addBucketCounts(count);
    }
    return b.build();
  }

  private String destination(Map<String, String> attributes) {
    String peer =
        attributes.getOrDefault("peer.service", attributes.getOrDefault("service.peer.name", ""));
    if (!peer.isEmpty()) {
      return peer;
    }
    String address = attributes.getOrDefault("server.address", "");
    String port = attributes.getOrDefault("server.port", "");
    String called = port.isEmpty() || address.isEmpty() ? address : address + ":" + port;
    return services.getOrDefault(called, called);
  }

  private static String operation(Map<String, String> attributes) {
    String rpc = attributes.getOrDefault("rpc.method", "");
    if (!rpc.isEmpty()) {
      String service = attributes.getOrDefault("rpc.service", "");
      return service.isEmpty() ? rpc : service + "/" + rpc;
    }
    return (attributes.getOrDefault("http.request.method", "")
            + " "
            + first(attributes, "http.route", "url.template"))
        .trim();
  }

  private static String first(Map<String, String> attributes, String... keys) {
    for (String key : keys) {
      String value = attributes.getOrDefault(key, "");
      if (!value.isEmpty()) {
        return value;
      }
    }
    return "";
  }

  private static Map<String, String> attributes(List<KeyValue> list) {
    Map<String, String> map = new TreeMap<>();
    for (KeyValue kv : list) {
      String value =
          switch (kv.getValue().getValueCase()) {
            case STRING_VALUE -> kv.getValue().getStringValue();
            case INT_VALUE -> Long.toString(kv.getValue().getIntValue());
            case BOOL_VALUE -> Boolean.toString(kv.getValue().getBoolValue());
            case DOUBLE_VALUE -> Double.toString(kv.getValue().getDoubleValue());
            default -> "";
          };
      map.put(kv.getKey(), value);
    }
    return map;
  }

  private static double unitNs(String unit) {
    return switch (unit.toLowerCase(Locale.ROOT)) {
      case "s" -> 1e9;
      case "ms" -> 1e6;
      case "us" -> 1e3;
      case "ns" -> 1;
      default -> 0;
    };
  }
}
