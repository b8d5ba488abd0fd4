package io.dyetrace.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class EmbeddedBrokerTest {
  @TempDir Path directory;

  @Test
  void shouldMakeTheTopicsAndKeepDataOverARestart() throws Exception {
    String address;
    try (EmbeddedBroker broker = new EmbeddedBroker(BrokerConfig.forTest(directory))) {
      broker.start();
      address = broker.bootstrapServers();
      try (Admin admin = Clients.admin(address)) {
        Set<String> topics = admin.listTopics().names().get();
        assertThat(topics)
            .containsAll(
                BrokerConfig.DEFAULT_TOPICS.stream().map(BrokerConfig.Topic::name).toList());
      }
      Clients.produce(address, "dyetrace.probes", 0, 100);
      assertThat(Clients.consume(address, "dyetrace.probes", 100, Duration.ofSeconds(20)))
          .isEqualTo(Clients.numbers(0, 100));
    }
    try (EmbeddedBroker broker = new EmbeddedBroker(BrokerConfig.forTest(directory, address))) {
      broker.start();
      Clients.produce(address, "dyetrace.probes", 100, 120);
      assertThat(Clients.consume(address, "dyetrace.probes", 120, Duration.ofSeconds(20)))
          .isEqualTo(Clients.numbers(0, 120));
    }
  }

  @Test
  void shouldServeTwoAddressesOnOnePortAndAdvertiseEachToItsOwnClients() throws Exception {
    int port;
    try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    List<String> listeners = List.of("127.0.0.1:" + port, "127.0.0.2:" + port);
    BrokerConfig config =
        new BrokerConfig(
            listeners,
            directory,
            0,
            Duration.ofHours(1),
            1 << 20,
            List.of(new BrokerConfig.Topic("one", 1, null, false)),
            null);
    try (EmbeddedBroker broker = new EmbeddedBroker(config)) {
      broker.start();
      for (String listener : listeners) {
        try (Admin admin = Clients.admin(listener)) {
          var node = admin.describeCluster().nodes().get().iterator().next();
          assertThat(node.host() + ":" + node.port()).isEqualTo(listener);
        }
      }
    }
  }
}
