package io.dyetrace.gateway.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.gateway.agent.Publisher.State;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class KafkaPublisherTest {
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  private final List<FakeProducer> producers = new ArrayList<>();
  private final List<String> acknowledged = new ArrayList<>();
  private final KafkaPublisher publisher =
      new KafkaPublisher(
          () -> {
            FakeProducer made = new FakeProducer();
            producers.add(made);
            return made;
          },
          new AgentMetrics(new PrometheusRegistry(), () -> 0));
  private boolean brokerAway;

  private final class FakeProducer extends MockProducer<byte[], byte[]> {
    FakeProducer() {
      super(
          false, new RoundRobinPartitioner(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public List<PartitionInfo> partitionsFor(String topic) {
      if (brokerAway) {
        throw new TimeoutException("no broker");
      }
      return super.partitionsFor(topic);
    }
  }

  @Test
  void shouldWaitForABrokerThatIsNotThereYet() {
    brokerAway = true;
    assertThat(publisher.poll(0)).isEqualTo(State.WAITING);
    assertThat(publisher.poll(1)).isEqualTo(State.WAITING);
    brokerAway = false;
    assertThat(publisher.poll(2)).isEqualTo(State.CONNECTED);
    assertThat(producers).hasSize(1);
  }

  @Test
  void shouldTellAcknowledgementsAtTheNextPoll() {
    publisher.poll(7);
    publish("a");
    publish("b");
    assertThat(publisher.inFlightBytes()).isPositive();
    assertThat(publisher.oldestInFlightNs()).isEqualTo(7);

    producers.get(0).completeNext();
    assertThat(acknowledged).isEmpty();
    assertThat(publisher.poll(8)).isEqualTo(State.CONNECTED);
    assertThat(acknowledged).containsExactly("a");

    producers.get(0).completeNext();
    publisher.poll(9);
    assertThat(acknowledged).containsExactly("a", "b");
    assertThat(publisher.inFlightBytes()).isZero();
    assertThat(publisher.oldestInFlightNs()).isZero();
  }

  @Test
  void shouldStartAnewWhenTheProducerGivesAMessageUp() {
    publisher.poll(0);
    publish("a");
    publish("b");
    FakeProducer old = producers.get(0);
    old.completeNext();
    old.errorNext(new TimeoutException("gave up"));

    assertThat(publisher.poll(1)).isEqualTo(State.RESTARTED);
    assertThat(acknowledged).containsExactly("a");
    assertThat(old.closed()).isTrue();
    assertThat(publisher.inFlightBytes()).isZero();

    assertThat(publisher.poll(2)).isEqualTo(State.WAITING);
    assertThat(publisher.poll(1 + SECOND_NS)).isEqualTo(State.CONNECTED);
    assertThat(producers).hasSize(2);
  }

  @Test
  void shouldForgetWhatAnEarlierProducerSays() {
    publisher.poll(0);
    publish("a");
    publish("b");
    FakeProducer old = producers.get(0);
    old.errorNext(new TimeoutException("gave up"));
    publisher.poll(1);
    old.completeNext(); // b, after all
    publisher.poll(1 + SECOND_NS);

    assertThat(acknowledged).isEmpty();
    assertThat(publisher.inFlightBytes()).isZero();
  }

  private void publish(String text) {
    publisher.publish("topic", "gw-1", text.getBytes(UTF_8), () -> acknowledged.add(text));
  }
}
