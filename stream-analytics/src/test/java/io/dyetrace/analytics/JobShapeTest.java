package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.cluster.FlinkSettings;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.runtime.partitioner.ForwardPartitioner;
import org.junit.jupiter.api.Test;

class JobShapeTest {
  private static StreamGraph graph(int parallelism) throws Exception {
    String text =
        """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        clickhouse: {url: "http://127.0.0.1:1"}
        topology: unused.yaml
        parallelism: %d
        checkpoints: {directory: /nowhere}
        """
            .formatted(parallelism);
    AnalyticsConfig config = StrictYaml.parse(text, "test", AnalyticsConfig.class);
    String topology = Files.readString(Path.of("src/test/resources/topology.yaml"));
    return AnalyticsMain.graph(
        FlinkSettings.job(config, Optional.empty()), config, new FaultDetectors(text, topology));
  }

  /** uid → name. */
  private static Map<String, String> operators(int parallelism) throws Exception {
    Map<String, String> operators = new TreeMap<>();
    for (StreamNode node : graph(parallelism).getStreamNodes()) {
      assertThat(node.getTransformationUID()).as(node.getOperatorName()).isNotNull();
      assertThat(operators.put(node.getTransformationUID(), node.getOperatorName())).isNull();
    }
    return operators;
  }

  @Test
  void shouldNameEveryOperatorAsSavepointsKnowIt() throws Exception {
    // A name that is missing here makes every savepoint unusable: operators are found by it.
    assertThat(operators(1).keySet())
        .contains(
            "detection-source",
            "detection-progress",
            "detector",
            "verdict-sink",
            "storage-source",
            "unreadable-split",
            "dead-letter-sink",
            "rows",
            "reply-keys")
        .anyMatch(uid -> uid.contains("exactly-once"));
    assertThat(operators(4)).as("the same at another parallelism").isEqualTo(operators(1));
  }

  @Test
  void shouldMoveNoRecordBetweenTasksWhenThereIsOneSubtask() throws Exception {
    for (StreamNode node : graph(1).getStreamNodes()) {
      assertThat(node.getOutEdges())
          .as(node.getOperatorName())
          .allMatch(edge -> edge.getPartitioner() instanceof ForwardPartitioner);
    }
    assertThat(graph(4).getStreamNodes().stream().flatMap(n -> n.getOutEdges().stream()))
        .as("by key otherwise")
        .anyMatch(edge -> !(edge.getPartitioner() instanceof ForwardPartitioner));
  }
}
