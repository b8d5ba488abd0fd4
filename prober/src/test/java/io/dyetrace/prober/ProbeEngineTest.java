package io.dyetrace.prober;

import static io.dyetrace.common.record.ProbeOutcome.ABANDONED;
import static io.dyetrace.common.record.ProbeOutcome.CHALLENGE_ACK;
import static io.dyetrace.common.record.ProbeOutcome.ICMP_UNREACHABLE;
import static io.dyetrace.common.record.ProbeOutcome.LATE_SYN_ACK;
import static io.dyetrace.common.record.ProbeOutcome.SEND_ERROR;
import static io.dyetrace.common.record.ProbeOutcome.SYN_ACK;
import static io.dyetrace.common.record.ProbeOutcome.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.colour.Epochs;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeEngineTest {
  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

  @TempDir private Path directory;
  private final FakeClock clock = new FakeClock();
  private final FakeWire wire = new FakeWire(clock);
  private byte @Nullable [] nextHop = {2, 0, 0, 0, 0, 9};
  private ProberConfig config = TestConfigs.slow("");
  private Journal journal;
  private ResultLog log;
  private ProbeEngine engine;

  @BeforeEach
  void start() throws IOException {
    start(config);
  }

  private void start(ProberConfig with) throws IOException {
    config = with;
    journal = new Journal(directory, clock, 1 << 30);
    log = new ResultLog(journal, 10_000);
    ProberMetrics metrics = new ProberMetrics(with, new PrometheusRegistry());
    engine =
        new ProbeEngine(with, MAC, clock, wire, address -> nextHop, log, metrics, new Random(1));
  }

  private void restart(ProberConfig with) throws IOException {
    journal.close();
    start(with);
  }

  @AfterEach
  void stop() {
    journal.close();
  }

  /** Lets time pass and the engine work, a millisecond at a time. */
  private void run(Duration time) {
    for (long i = time.toMillis(); i > 0; i--) {
      clock.advance(MILLISECOND);
      work();
    }
  }

  private void work() {
    do {
      engine.doWork();
    } while (!wire.empty());
    engine.doWork();
  }

  private byte[] sendOne() {
    int before = wire.syns().size();
    while (wire.syns().size() == before) {
      run(MILLISECOND);
    }
    engine.stopSending();
    return wire.syns().get(before);
  }

  private List<ProbeResult> results() {
    return log.take(100_000).entries().stream().map(Journal.Entry::result).toList();
  }

  private static List<ProbeOutcome> outcomes(List<ProbeResult> results) {
    return results.stream().map(ProbeResult::getOutcome).toList();
  }

  private Colour colour(byte[] frame) {
    return Objects.requireNonNull(Colour.decode(TestFrames.colour(frame)));
  }

  @Test
  void shouldSendAColouredSynThatVerifies() {
    byte[] syn = sendOne();
    Colour colour = colour(syn);
    byte[] source = {(byte) 198, 18, 11, 2};
    long epoch = Epochs.of(clock.realtimeNs());
    assertThat(colour.proberId()).isEqualTo(1);
    assertThat(colour.reset()).isFalse();
    assertThat(colour.stampEveryStage()).isFalse();
    assertThat(
            colour.verifies(
                config.colour().colourKey(),
                epoch,
                source,
                TestFrames.sourcePort(syn),
                TestFrames.sequence(syn)))
        .isTrue();
    assertThat(TestFrames.sequence(syn))
        .isEqualTo(
            config
                .colour()
                .colourKey()
                .isn(
                    source,
                    TestFrames.sourcePort(syn),
                    new byte[] {(byte) 198, 19, 0, 1},
                    80,
                    epoch));
  }

  @Test
  void shouldReportASynAckWithItsRoundTripTimeAndResetIt() {
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(7));
    wire.capture(TestFrames.synAck(syn));
    work();

    ProbeResult result = only(results(), SYN_ACK);
    assertThat(result.getRttNs()).isEqualTo(7_000_000);
    assertThat(result.getReceivedTimeNs() - result.getSentTimeNs()).isEqualTo(7_000_000);
    assertThat(result.getResetSent()).isTrue();
    assertThat(result.getTarget()).isEqualTo("vip-web");
    assertThat(result.getSourcePort()).isEqualTo(TestFrames.sourcePort(syn));
    byte[] reset = wire.resets().get(0);
    assertThat(TestFrames.sequence(reset)).isEqualTo(TestFrames.sequence(syn) + 1);
    assertThat(colour(reset).reset()).isTrue();
    assertThat(colour(reset).probeSequence())
        .isEqualTo(colour(syn).probeSequence())
        .isEqualTo(result.getProbeSequence());
    assertThat(
            colour(reset)
                .verifies(
                    config.colour().colourKey(),
                    Epochs.of(clock.realtimeNs()),
                    new byte[] {(byte) 198, 18, 11, 2},
                    TestFrames.sourcePort(syn),
                    TestFrames.sequence(syn)))
        .isTrue();
    assertThat(engine.idle()).isTrue();
  }

  @Test
  void shouldTimeOutOnceAndResetWhatTheServerMayHoldOpen() {
    byte[] syn = sendOne();
    run(Duration.ofMillis(999));
    assertThat(results()).isEmpty();
    run(Duration.ofMillis(2));
    ProbeResult result = only(results(), TIMEOUT);
    assertThat(result.getReceivedTimeNs()).isZero();
    assertThat(result.getResetSent()).isTrue();
    assertThat(wire.resets()).hasSize(1);
    assertThat(TestFrames.sequence(wire.resets().get(0))).isEqualTo(TestFrames.sequence(syn) + 1);
    run(Duration.ofSeconds(5));
    assertThat(results()).isEmpty();
    assertThat(wire.resets()).hasSize(1);
  }

  @Test
  void shouldReportALateSynAckBesideItsTimeoutAndResetWithoutASecondColour() {
    byte[] syn = sendOne();
    run(Duration.ofMillis(1_001));
    only(results(), TIMEOUT);
    run(Duration.ofMillis(499));
    wire.capture(TestFrames.synAck(syn));
    work();
    ProbeResult late = only(results(), LATE_SYN_ACK);
    assertThat(late.getRttNs()).isEqualTo(1_500_000_000L);
    assertThat(late.getProbeSequence()).isEqualTo(colour(syn).probeSequence());
    assertThat(wire.resets()).hasSize(2);
    assertThat(TestFrames.colour(wire.resets().get(1))).isEmpty();

    wire.capture(TestFrames.synAck(syn));
    work();
    assertThat(results()).isEmpty();
    assertThat(wire.resets()).hasSize(3);
  }

  @Test
  void shouldCallASynAckInTimeWhenItWasReadLateAfterAPause() {
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(20));
    wire.capture(TestFrames.synAck(syn));
    clock.advance(Duration.ofMinutes(3));
    work();
    assertThat(only(results(), SYN_ACK).getRttNs()).isEqualTo(20_000_000);
  }

  @Test
  void shouldCallASynAckLateThatCameLateDuringAPause() {
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(1_500));
    wire.capture(TestFrames.synAck(syn));
    clock.advance(Duration.ofSeconds(3));
    work();
    assertThat(outcomes(results())).containsExactly(TIMEOUT, LATE_SYN_ACK);
  }

  @Test
  void shouldCountTheTimeoutFromWhenTheSynLeftNotFromWhenItsTurnBegan() {
    wire.seesOwnFrames = false;
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(600));
    wire.capture(syn);
    work();
    clock.advance(Duration.ofMillis(900));
    wire.capture(TestFrames.synAck(syn));
    work();
    assertThat(only(results(), SYN_ACK).getRttNs()).isEqualTo(900_000_000);
  }

  @Test
  void shouldReportARefusal() {
    byte[] syn = sendOne();
    wire.capture(
        TestFrames.answer(syn, TestFrames.RST | TestFrames.ACK, TestFrames.sequence(syn) + 1));
    work();
    ProbeResult result = only(results(), ProbeOutcome.RST);
    assertThat(result.getResetSent()).isFalse();
    assertThat(wire.resets()).isEmpty();
  }

  @Test
  void shouldIgnoreResetsThatAcknowledgeSomethingElse() {
    byte[] syn = sendOne();
    wire.capture(TestFrames.answer(syn, TestFrames.RST, 0));
    wire.capture(TestFrames.answer(syn, TestFrames.RST | TestFrames.ACK, 17));
    work();
    assertThat(results()).isEmpty();
    wire.capture(TestFrames.synAck(syn));
    work();
    only(results(), SYN_ACK);
  }

  @Test
  void shouldTellAChallengeAndResetWhatTheOtherSideHoldsOpen() {
    byte[] syn = sendOne();
    wire.capture(TestFrames.answer(syn, TestFrames.ACK, 4_711));
    work();
    ProbeResult result = only(results(), CHALLENGE_ACK);
    assertThat(result.getResetSent()).isTrue();
    assertThat(TestFrames.sequence(wire.resets().get(0))).isEqualTo(4_711);
  }

  @Test
  void shouldTakeASynAckForSomethingElseForAChallenge() {
    byte[] syn = sendOne();
    wire.capture(TestFrames.answer(syn, TestFrames.SYN | TestFrames.ACK, 4_711));
    work();
    only(results(), CHALLENGE_ACK);
  }

  @Test
  void shouldReportWhoSaidUnreachable() {
    byte[] syn = sendOne();
    clock.advance(MILLISECOND);
    wire.capture(TestFrames.icmp(syn, 0xc612_1501, 3, 1));
    work();
    ProbeResult result = only(results(), ICMP_UNREACHABLE);
    assertThat(result.getIcmpSender().toByteArray()).isEqualTo(Ipv4.bytes(0xc612_1501));
    assertThat(result.getIcmpType()).isEqualTo(3);
    assertThat(result.getIcmpCode()).isEqualTo(1);
    assertThat(result.getRttNs()).isPositive();
  }

  @Test
  void shouldNotTakeAnErrorAboutItsResetForAnOutcome() {
    byte[] syn = sendOne();
    run(Duration.ofMillis(1_001));
    only(results(), TIMEOUT);
    wire.capture(TestFrames.icmp(wire.resets().get(0), 0xc612_1501, 3, 1));
    wire.capture(TestFrames.icmp(syn, 0xc612_1501, 3, 1));
    work();
    assertThat(results()).isEmpty();
  }

  @Test
  void shouldSayWhatTheInterfaceSaid() {
    wire.refusal = "eth0: send: Network is down";
    while (engine.probesSent() == 0) {
      run(MILLISECOND);
    }
    ProbeResult result = only(results(), SEND_ERROR);
    assertThat(result.getError()).isEqualTo("eth0: send: Network is down");
    assertThat(engine.idle()).isTrue();
  }

  @Test
  void shouldSayThatTheNextHopIsNotKnown() {
    nextHop = null;
    while (engine.probesSent() == 0) {
      run(MILLISECOND);
    }
    assertThat(only(results(), SEND_ERROR).getError()).contains("198.19.0.1");
    assertThat(wire.sent).isEmpty();
  }

  @Test
  void shouldAbandonWhatWasOpenWhenTheCaptureWentBlind() {
    sendOne();
    wire.captureFailure = "capture on eth0 broke down";
    work();
    assertThat(only(results(), ABANDONED).getError()).contains("broke down");
    run(Duration.ofSeconds(2));
    assertThat(results()).isEmpty();
  }

  @Test
  void shouldSurviveAClockThatSteps() {
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(30));
    clock.step(Duration.ofHours(1));
    wire.capture(TestFrames.synAck(syn));
    work();
    assertThat(only(results(), SYN_ACK).getRttNs()).isBetween(30_000_000L, 32_000_000L);
  }

  @Test
  void shouldNotTimeOutEarlyWhenTheClockStepsForward() {
    byte[] syn = sendOne();
    clock.step(Duration.ofHours(1));
    run(Duration.ofMillis(500));
    assertThat(results()).isEmpty();
    wire.capture(TestFrames.synAck(syn));
    work();
    only(results(), SYN_ACK);
  }

  @Test
  void shouldIgnoreHostileFrames() {
    byte[] syn = sendOne();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] frame = new byte[random.nextInt(120)];
      random.nextBytes(frame);
      wire.capture(frame);
    }
    byte[] cut = TestFrames.synAck(syn);
    wire.capture(Arrays.copyOf(cut, 40));
    cut[50] ^= 1;
    wire.capture(cut);
    work();
    assertThat(results()).as("seed %d", seed).isEmpty();
  }

  @Test
  void shouldNotBeMadeToSendResetsForEver() {
    byte[] syn = sendOne();
    for (int i = 0; i < 1_000; i++) {
      wire.capture(TestFrames.synAck(syn));
    }
    work();
    assertThat(wire.resets()).hasSize(ProbeFlow.MOST_RESETS);
  }

  @Test
  void shouldAlternatePaddingAndAskForEveryStage() throws IOException {
    restart(TestConfigs.slow("padding_bytes: [0, 100]\nstamp_every_stage: true\n"));
    run(Duration.ofMillis(4_200));
    List<Integer> lengths = wire.syns().stream().map(f -> f.length).distinct().sorted().toList();
    assertThat(lengths).containsExactly(78, 178);
    assertThat(colour(wire.syns().get(0)).stampEveryStage()).isTrue();
    assertThat(results().stream().map(ProbeResult::getPaddingBytes).distinct())
        .containsExactlyInAnyOrder(0, 100);
  }

  @Test
  void shouldMeetEveryPortSpreadOverTimeAndNeverWithinTwoMinutes() {
    List<Long> sentAtMs = new ArrayList<>();
    Map<Integer, Long> lastUseMs = new HashMap<>();
    Set<Integer> ports = new HashSet<>();
    int seen = 0;
    for (long ms = 0; ms < 330_000; ms++) {
      run(MILLISECOND);
      List<byte[]> syns = wire.sent;
      for (; seen < syns.size(); seen++) {
        byte[] frame = syns.get(seen);
        if (TestFrames.flags(frame) != TestFrames.SYN) {
          continue;
        }
        sentAtMs.add(ms);
        int port = TestFrames.sourcePort(frame);
        Long last = lastUseMs.put(port, ms);
        assertThat(last == null || ms - last >= 120_000).as("port %d", port).isTrue();
        ports.add(port);
      }
    }
    assertThat(ports).hasSize(200);
    for (int i = 1; i < sentAtMs.size(); i++) {
      assertThat(sentAtMs.get(i) - sentAtMs.get(i - 1)).isBetween(998L, 1_002L);
    }
  }

  @Test
  void shouldNotSendABurstAfterAPause() {
    run(Duration.ofSeconds(3));
    int before = wire.syns().size();
    clock.advance(Duration.ofSeconds(30));
    work();
    run(Duration.ofMillis(10));
    assertThat(wire.syns().size() - before).isLessThanOrEqualTo(1);
  }

  @Test
  void shouldSayCompleteOnlyUpToTheOldestOpenProbe() {
    byte[] syn = sendOne();
    long startedNs = clock.realtimeNs();
    run(Duration.ofMillis(500));
    assertThat(log.take(10).completeUntilNs()).isEqualTo(startedNs);
    wire.capture(TestFrames.synAck(syn));
    run(MILLISECOND);
    assertThat(log.take(10).completeUntilNs()).isEqualTo(clock.realtimeNs());
  }

  @Test
  void shouldReportAndResetWhatAKilledProberLeft() throws IOException {
    byte[] syn = sendOne();
    clock.advance(Duration.ofMillis(300));
    int resetsBefore = wire.resets().size();
    restart(config);
    engine.stopSending();
    work();
    ProbeResult result = only(results(), ABANDONED);
    assertThat(result.getProbeSequence()).isEqualTo(colour(syn).probeSequence());
    assertThat(result.getResetSent()).isTrue();
    assertThat(result.getError()).contains("killed");
    byte[] reset = wire.resets().get(resetsBefore);
    assertThat(TestFrames.sequence(reset)).isEqualTo(TestFrames.sequence(syn) + 1);

    wire.capture(TestFrames.synAck(syn));
    work();
    assertThat(results()).isEmpty();
    assertThat(wire.resets()).hasSize(resetsBefore + 2);
  }

  @Test
  void shouldLetPortsRestAcrossARestart() throws IOException {
    run(Duration.ofSeconds(150));
    Set<Integer> recent = new HashSet<>();
    List<byte[]> before = wire.syns();
    before
        .subList(before.size() - 115, before.size())
        .forEach(f -> recent.add(TestFrames.sourcePort(f)));
    restart(config);
    run(Duration.ofSeconds(5));
    List<byte[]> after = wire.syns().subList(before.size(), wire.syns().size());
    assertThat(after).hasSizeGreaterThanOrEqualTo(4);
    assertThat(after.stream().map(TestFrames::sourcePort)).doesNotContainAnyElementsOf(recent);
  }

  @Test
  void shouldNeverUseAProbeSequenceTwiceEvenIfTheClockStepsBack() throws IOException {
    run(Duration.ofSeconds(20));
    int last = colour(wire.syns().get(wire.syns().size() - 1)).probeSequence();
    clock.step(Duration.ofMinutes(-1));
    int before = wire.syns().size();
    restart(config);
    run(Duration.ofSeconds(2));
    assertThat(colour(wire.syns().get(before)).probeSequence()).isEqualTo(last + 1);
  }

  private static ProbeResult only(List<ProbeResult> results, ProbeOutcome outcome) {
    assertThat(outcomes(results)).containsExactly(outcome);
    return results.get(0);
  }
}
