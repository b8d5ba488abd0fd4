package io.dyetrace.analytics.kafka;

import io.dyetrace.analytics.detection.EndOffsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/** Asks Kafka. Belongs to one thread. */
final class KafkaEndOffsets implements EndOffsets {
  private static final int TIMEOUT_MS = 2_000;
  private static final long PARTITIONS_INTERVAL_NS = 30_000_000_000L;

  private final Admin admin;
  private final List<String> topics;
  private final Map<TopicPartition, OffsetSpec> firsts = new HashMap<>();
  private final Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
  private long partitionsNs;

  KafkaEndOffsets(String bootstrapServers, List<String> topics) {
    this.topics = topics;
    this.admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "client.id",
                "dyetrace-analytics-lag",
                "request.timeout.ms",
                TIMEOUT_MS,
                "default.api.timeout.ms",
                TIMEOUT_MS,
                "reconnect.backoff.max.ms",
                "1000"));
  }

  @Override
  public Map<String, Range> fetch() throws Exception {
    long nowNs = System.nanoTime();
    if (ends.isEmpty() || nowNs - partitionsNs > PARTITIONS_INTERVAL_NS) {
      findPartitions();
      partitionsNs = nowNs;
    }
    ListOffsetsResult first = admin.listOffsets(firsts);
    ListOffsetsResult end = admin.listOffsets(ends);
    Map<String, Range> ranges = new HashMap<>();
    for (TopicPartition partition : ends.keySet()) {
      ranges.put(partition.toString(), new Range(offset(first, partition), offset(end, partition)));
    }
    return ranges;
  }

  private void findPartitions() throws Exception {
    Map<String, TopicDescription> described =
        admin.describeTopics(topics).allTopicNames().get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
    firsts.clear();
    ends.clear();
    described.forEach(
        (topic, description) -> {
          for (TopicPartitionInfo info : description.partitions()) {
            firsts.put(new TopicPartition(topic, info.partition()), OffsetSpec.earliest());
            ends.put(new TopicPartition(topic, info.partition()), OffsetSpec.latest());
          }
        });
  }

  private static long offset(ListOffsetsResult result, TopicPartition partition) throws Exception {
    return result.partitionResult(partition).get(TIMEOUT_MS, TimeUnit.MILLISECONDS).offset();
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
