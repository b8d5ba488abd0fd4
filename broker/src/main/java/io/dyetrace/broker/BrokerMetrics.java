package io.dyetrace.broker;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.management.ManagementFactory;
import java.util.function.BiConsumer;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Kafka's own numbers, read at each scrape. */
final class BrokerMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerMetrics.class);

  private BrokerMetrics() {}

  static void register(PrometheusRegistry registry) {
    counter(registry, "records_in", "MessagesInPerSec", "Records appended since the start.");
    counter(registry, "bytes_in", "BytesInPerSec", "Bytes appended since the start.");
    counter(registry, "bytes_out", "BytesOutPerSec", "Bytes read by consumers since the start.");
    gauge(registry, "log_end_offset", "LogEndOffset", "Offset of the next record.");
    gauge(registry, "log_start_offset", "LogStartOffset", "Offset of the oldest kept record.");
    gauge(registry, "log_size_bytes", "Size", "Bytes on disk.");
  }

  private static void counter(
      PrometheusRegistry registry, String name, String measure, String help) {
    String beans = "kafka.server:type=BrokerTopicMetrics,name=" + measure + ",topic=*";
    CounterWithCallback.builder()
        .name("dyetrace_broker_" + name + "_total")
        .help(help)
        .labelNames("topic")
        .callback(
            callback ->
                read(
                    beans,
                    "Count",
                    (bean, value) -> callback.call(value, bean.getKeyProperty("topic"))))
        .register(registry);
  }

  private static void gauge(PrometheusRegistry registry, String name, String measure, String help) {
    String beans = "kafka.log:type=Log,name=" + measure + ",topic=*,partition=*";
    GaugeWithCallback.builder()
        .name("dyetrace_broker_" + name)
        .help(help)
        .labelNames("topic", "partition")
        .callback(
            callback ->
                read(
                    beans,
                    "Value",
                    (bean, value) ->
                        callback.call(
                            value, bean.getKeyProperty("topic"), bean.getKeyProperty("partition"))))
        .register(registry);
  }

  private static void read(String pattern, String attribute, BiConsumer<ObjectName, Double> sink) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      for (ObjectName name : server.queryNames(new ObjectName(pattern), null)) {
        sink.accept(name, ((Number) server.getAttribute(name, attribute)).doubleValue());
      }
    } catch (JMException e) {
      LOG.debug("a Kafka metric went away while it was read: {}", e.toString());
    }
  }
}
