package io.dyetrace.analytics.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.KafkaTestClient;
import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PastVerdictsIT {
  @TempDir Path directory;

  @Test
  void shouldReadWhatTheTopicHoldsAndPassOverWhatIsNoVerdict() throws Exception {
    try (EmbeddedBroker broker =
        new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")))) {
      broker.start();
      KafkaConnectors connectors = new KafkaConnectors(broker.bootstrapServers());
      assertThat(connectors.pastVerdicts().read()).isEmpty();

      List<Verdict> told =
          IntStream.rangeClosed(1, 1000)
              .mapToObj(
                  i -> Verdict.newBuilder().setFaultId("NODE_CRASH/gw-2").setRevision(i).build())
              .toList();
      try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
        for (Verdict v : told) {
          kafka.send(Schema.TOPIC_VERDICTS, v.toByteArray());
          kafka.send(Schema.TOPIC_VERDICTS, new byte[] {-1, 7});
        }
        kafka.flush();
      }
      assertThat(connectors.pastVerdicts().read()).containsExactlyElementsOf(told);
    }
  }
}
