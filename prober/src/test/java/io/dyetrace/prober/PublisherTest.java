package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublisherTest {
  @TempDir private Path directory;
  private final FakeClock clock = new FakeClock();
  private final ProberConfig config = TestConfigs.slow("");
  private final Sink sink = new Sink();
  private Journal journal;
  private ResultLog log;

  /** Fails as often as it is told to. */
  private static final class Sink implements BatchSink {
    final List<ProbeBatch> batches = new ArrayList<>();
    int failures;

    @Override
    public void publish(String key, byte[] batch) throws PublishException {
      assertThat(key).isEqualTo("prober-1");
      if (failures > 0) {
        failures--;
        throw new PublishException("away", new IOException("away"));
      }
      try {
        batches.add(ProbeBatch.parseFrom(batch));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {}
  }

  private static final class Vitals implements Publisher.Vitals {
    @Override
    public long probesSent() {
      return 7;
    }

    @Override
    public int inFlight() {
      return 2;
    }

    @Override
    public long captureDropped() {
      return 3;
    }
  }

  @BeforeEach
  void open() throws IOException {
    open(10_000);
  }

  private Publisher open(int capacity) throws IOException {
    journal = new Journal(directory, clock, 1 << 30);
    log = new ResultLog(journal, capacity);
    return publisher();
  }

  private Publisher publisher() {
    return new Publisher(config, clock, log, sink, new Vitals(), 42);
  }

  @AfterEach
  void close() {
    journal.close();
  }

  private static ProbeResult result(int sequence) {
    return ProbeResult.newBuilder()
        .setProbeSequence(sequence)
        .setOutcome(ProbeOutcome.SYN_ACK)
        .build();
  }

  @Test
  void shouldSendAHeartbeatEachSecondAlsoWhenNothingWasProbed() throws InterruptedException {
    Publisher publisher = publisher();
    log.completeUntil(99);
    publisher.publishOnce();
    publisher.publishOnce();
    clock.advance(Duration.ofMillis(999));
    publisher.publishOnce();
    assertThat(sink.batches).hasSize(1);
    clock.advance(Duration.ofMillis(1));
    publisher.publishOnce();
    assertThat(sink.batches).hasSize(2);
    ProbeBatch last = sink.batches.get(1);
    assertThat(last.getBatchSequence()).isEqualTo(2);
    assertThat(last.getBootId()).isEqualTo(42);
    assertThat(last.getSchemaVersion()).isEqualTo(Schema.VERSION);
    assertThat(last.getLocation().getNode()).isEqualTo("prober-1");
    assertThat(last.getHeartbeat().getCompleteUntilNs()).isEqualTo(99);
    assertThat(last.getHeartbeat().getTimeNs()).isEqualTo(clock.realtimeNs());
    assertThat(last.getHeartbeat().getProbesSent()).isEqualTo(7);
    assertThat(last.getHeartbeat().getInFlight()).isEqualTo(2);
    assertThat(last.getHeartbeat().getCaptureDropped()).isEqualTo(3);
  }

  @Test
  void shouldClaimCompletenessOnlyBehindTheResultsItSpeaksOf() throws InterruptedException {
    for (int i = 0; i < 1_200; i++) {
      log.add(result(i));
    }
    log.completeUntil(5);
    Publisher publisher = publisher();
    for (int i = 0; i < 3; i++) {
      publisher.publishOnce();
    }
    assertThat(sink.batches).extracting(ProbeBatch::getResultsCount).containsExactly(500, 500, 200);
    assertThat(sink.batches)
        .extracting(ProbeBatch::hasHeartbeat)
        .containsExactly(false, false, true);
    assertThat(sink.batches.get(2).getHeartbeat().getResultsPublished()).isEqualTo(1_200);
  }

  @Test
  void shouldTryABatchAgainUntilItIsTakenAndKeepTheOrder() throws InterruptedException {
    Publisher publisher = publisher();
    log.add(result(1));
    sink.failures = 1;
    publisher.publishOnce();
    log.add(result(2));
    publisher.publishOnce();
    assertThat(publisher.failures()).isEqualTo(1);
    assertThat(publisher.published()).isEqualTo(2);
    assertThat(sink.batches).extracting(ProbeBatch::getBatchSequence).containsExactly(1L, 2L);
    assertThat(sink.batches.get(0).getResults(0).getProbeSequence()).isEqualTo(1);
  }

  @Test
  void shouldDropTheOldestWhenTooManyWaitAndShowTheLossAsAGap()
      throws IOException, InterruptedException {
    journal.close();
    Publisher publisher = open(3);
    publisher.publishOnce();
    for (int i = 1; i <= 5; i++) {
      log.add(result(i));
    }
    assertThat(log.overflowed()).isEqualTo(2);
    publisher.publishOnce();
    ProbeBatch batch = sink.batches.get(1);
    assertThat(batch.getBatchSequence()).isEqualTo(3);
    assertThat(batch.getResultsList())
        .extracting(ProbeResult::getProbeSequence)
        .containsExactly(3, 4, 5);
  }

  @Test
  void shouldPublishWhatAKilledProberDidNotAndNothingTwice()
      throws IOException, InterruptedException {
    Publisher publisher = publisher();
    log.add(result(1));
    publisher.publishOnce();
    log.add(result(2));
    journal.close();
    Publisher successor = open(10_000);
    assertThat(log.unpublished()).isEqualTo(1);
    successor.publishOnce();
    assertThat(log.unpublished()).isZero();
    assertThat(sink.batches.stream().flatMap(b -> b.getResultsList().stream()))
        .extracting(ProbeResult::getProbeSequence)
        .containsExactly(1, 2);
  }

  @Test
  void shouldReplaceAProducerThatFailedForGood() throws Exception {
    List<MockProducer<byte[], byte[]>> made = new ArrayList<>();
    try (KafkaBatchSink kafka =
        new KafkaBatchSink(
            () -> {
              MockProducer<byte[], byte[]> producer =
                  new MockProducer<>(
                      true, null, new ByteArraySerializer(), new ByteArraySerializer());
              if (made.isEmpty()) {
                producer.sendException = new KafkaException("out of order");
              }
              made.add(producer);
              return producer;
            })) {
      try {
        kafka.publish("prober-1", new byte[] {1});
      } catch (BatchSink.PublishException e) {
        assertThat(e).hasMessageContaining("out of order");
      }
      kafka.publish("prober-1", new byte[] {1});
      assertThat(made).hasSize(2);
      assertThat(made.get(0).closed()).isTrue();
      ProducerRecord<byte[], byte[]> record = made.get(1).history().get(0);
      assertThat(record.topic()).isEqualTo("dyetrace.probes");
      assertThat(record.key())
          .isEqualTo("prober-1".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
  }
}
