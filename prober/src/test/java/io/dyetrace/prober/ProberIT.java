package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;

/** The prober on real packets, against a kernel's own listener in a network namespace. */
@Timeout(60)
class ProberIT {
  private static final String CONFIG =
      """
      location: {region: r, zone: z, rack: k, cluster: c, node: prober-1}
      prober_id: 1
      interface: eth0
      source_address: 198.18.11.2
      colour: {key: 000102030405060708090a0b0c0d0e0f}
      kafka: {bootstrap_servers: "127.0.0.1:9092"}
      metrics: {listen: "127.0.0.1:0"}
      state_directory: %s
      probe:
        - name: web
          targets: {host_names: [{name: open, address: 198.19.0.1}]}
          port: 80
          interval: 1s
          timeout: 500ms
          probes_per_round: 4
          padding_bytes: [0, 500]
        - name: others
          targets:
            host_names:
              - {name: closed, address: 198.18.11.1}
              - {name: unreachable, address: 198.19.0.9}
              - {name: silent, address: 198.19.0.8}
          port: 81
          interval: 1s
          timeout: 500ms
          probes_per_round: 4
      """;

  @TempDir private Path directory;
  private final List<Process> processes = new ArrayList<>();
  private Namespaces net;
  private Path config;
  private Path results;
  private Path packets;

  @BeforeEach
  void build() throws IOException, InterruptedException {
    Prerequisites.require("ip", "nft", "tcpdump", "ss", "ethtool", "sysctl");
    net = new Namespaces();
    config = directory.resolve("prober.yaml");
    results = directory.resolve("results");
    packets = directory.resolve("server.pcap");
    Files.writeString(config, CONFIG.formatted(directory.resolve("state")));
    processes.add(Namespaces.java(net.server, ListenerMain.class, "80").start());
    processes.add(
        Namespaces.command(
                net.server, "tcpdump", "-i", "eth0", "-U", "-w", packets.toString(), "tcp")
            .start());
    await("the listener", () -> Namespaces.in(net.server, "ss -tln").contains(":80"));
    await("tcpdump", () -> Files.exists(packets) && Files.size(packets) > 0);
  }

  @AfterEach
  void tearDown() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    if (net != null) {
      net.close();
    }
  }

  private interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  private static void await(String what, Condition condition)
      throws IOException, InterruptedException {
    long deadlineNs = System.nanoTime() + Duration.ofSeconds(25).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime() - deadlineNs).as(what).isNegative();
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private Process startProber() throws IOException {
    Process process =
        Namespaces.java(net.prober, FileProberMain.class, config.toString(), results.toString())
            .start();
    processes.add(process);
    return process;
  }

  private List<ProbeResult> results() throws IOException {
    return FileProberMain.read(results).stream().flatMap(b -> b.getResultsList().stream()).toList();
  }

  private long count(String target) throws IOException {
    return results().stream().filter(r -> r.getTarget().equals(target)).count();
  }

  /** Every frame the server's interface saw. */
  private List<byte[]> frames() throws PcapNativeException, NotOpenException {
    List<byte[]> frames = new ArrayList<>();
    PcapHandle file = Pcaps.openOffline(packets.toString());
    for (byte[] f = file.getNextRawPacket(); f != null; f = file.getNextRawPacket()) {
      frames.add(f);
    }
    file.close();
    return frames;
  }

  private String halfOpen() throws IOException, InterruptedException {
    return Namespaces.in(net.server, "ss -Htan state syn-recv").trim();
  }

  @Test
  void shouldTellOutcomesApartAndResetEverySynAckItselfWithColour() throws Exception {
    Process prober = startProber();
    for (String target : List.of("open", "closed", "unreachable", "silent")) {
      await(target, () -> count(target) >= 8);
    }
    String rules = Namespaces.in(net.prober, "nft list table inet dyetrace_prober_1");
    assertThat(rules).contains("20000-20511").doesNotContain("packets 0 ");
    prober.destroy();
    assertThat(prober.waitFor()).isZero();

    Map<String, Set<ProbeOutcome>> outcomes = new HashMap<>();
    for (ProbeResult r : results()) {
      outcomes.computeIfAbsent(r.getTarget(), t -> new HashSet<>()).add(r.getOutcome());
      if (r.getOutcome() == ProbeOutcome.ICMP_UNREACHABLE) {
        assertThat(r.getIcmpSender().toByteArray())
            .isEqualTo(Ipv4.bytes(Ipv4.parse("router", Namespaces.ROUTER_ADDRESS)));
        assertThat(r.getIcmpType()).isEqualTo(3);
      }
      if (r.getOutcome() == ProbeOutcome.SYN_ACK) {
        assertThat(r.getRttNs()).isBetween(1L, 400_000_000L);
        assertThat(r.getReceivedTimeNs() - r.getSentTimeNs()).isEqualTo(r.getRttNs());
      }
    }
    assertThat(outcomes)
        .containsEntry("open", Set.of(ProbeOutcome.SYN_ACK))
        .containsEntry("closed", Set.of(ProbeOutcome.RST))
        .containsEntry("silent", Set.of(ProbeOutcome.TIMEOUT));

    // A kernel that routes says so about once a second and sender, and is silent in between.
    assertThat(outcomes.get("unreachable"))
        .contains(ProbeOutcome.ICMP_UNREACHABLE)
        .isSubsetOf(ProbeOutcome.ICMP_UNREACHABLE, ProbeOutcome.TIMEOUT);

    assertThat(halfOpen()).isEmpty();
    assertThat(Namespaces.in(net.prober, "nft list ruleset")).isEmpty();
    everyHandshakeIsSynThenSynAckThenOneColouredReset();
    heartbeatsAreConsistent(FileProberMain.read(results));
  }

  private void everyHandshakeIsSynThenSynAckThenOneColouredReset() throws Exception {
    Map<Integer, List<Integer>> flows = new HashMap<>();
    int padded = 0;
    for (byte[] frame : frames()) {
      int flags = TestFrames.flags(frame);
      boolean toServer = TestFrames.sourcePort(frame) >= 20_000;
      int port = toServer ? TestFrames.sourcePort(frame) : TestFrames.destinationPort(frame);
      int serverPort = toServer ? TestFrames.destinationPort(frame) : TestFrames.sourcePort(frame);
      if (serverPort == 80) {
        flows.computeIfAbsent(port, p -> new ArrayList<>()).add(flags);
        padded += flags == TestFrames.SYN && frame.length == 78 + 500 ? 1 : 0;
      }
      if (toServer) {
        Colour colour = Objects.requireNonNull(Colour.decode(TestFrames.colour(frame)));
        assertThat(colour.reset()).isEqualTo(flags == TestFrames.RST);
      }
    }
    assertThat(flows).hasSizeGreaterThanOrEqualTo(8);
    assertThat(padded).isGreaterThanOrEqualTo(4);
    assertThat(flows.values())
        .allSatisfy(
            flags ->
                assertThat(flags)
                    .containsExactly(
                        TestFrames.SYN, TestFrames.SYN | TestFrames.ACK, TestFrames.RST));
  }

  private static void heartbeatsAreConsistent(List<ProbeBatch> batches) {
    long previous = 0;
    for (int i = 0; i < batches.size(); i++) {
      ProbeBatch batch = batches.get(i);
      assertThat(batch.getBatchSequence()).isEqualTo(i + 1);
      for (ProbeResult result : batch.getResultsList()) {
        assertThat(result.getSentTimeNs())
            .as("a result behind a claim of completeness")
            .isGreaterThanOrEqualTo(previous);
      }
      if (batch.hasHeartbeat()) {
        previous = batch.getHeartbeat().getCompleteUntilNs();
        assertThat(previous).isLessThanOrEqualTo(batch.getHeartbeat().getTimeNs());
      }
    }
    ProbeBatch last = batches.get(batches.size() - 1);
    assertThat(last.getHeartbeat().getInFlight()).isZero();
    assertThat(last.getHeartbeat().getResultsPublished())
        .isEqualTo(last.getHeartbeat().getProbesSent());
  }

  @Test
  void shouldLeaveNoHalfOpenSocketWhenTheReplyPathIsCut() throws Exception {
    Namespaces.in(
        net.server,
        "nft 'add table ip cut; add chain ip cut out { type filter hook output priority 0; };"
            + " add rule ip cut out tcp sport 80 tcp flags & (syn|ack) == (syn|ack) drop'");
    Process prober = startProber();
    await("a half-open socket while a probe is in flight", () -> !halfOpen().isEmpty());
    await("time-outs", () -> count("open") >= 8);
    prober.destroy();
    assertThat(prober.waitFor()).isZero();
    assertThat(results())
        .filteredOn(r -> r.getTarget().equals("open"))
        .allSatisfy(r -> assertThat(r.getOutcome()).isEqualTo(ProbeOutcome.TIMEOUT))
        .allSatisfy(r -> assertThat(r.getResetSent()).isTrue());
    await("no half-open socket", () -> halfOpen().isEmpty());
  }

  @Test
  void shouldAccountForEveryProbeOfAKilledProber() throws Exception {
    Process prober = startProber();
    await("results", () -> count("silent") >= 3);
    prober.destroyForcibly().waitFor();
    assertThat(Namespaces.in(net.prober, "nft list ruleset")).contains("dyetrace_prober_1");
    long before = results().size();
    Process successor = startProber();
    await("more results", () -> results().size() > before + 12);
    successor.destroy();
    assertThat(successor.waitFor()).isZero();

    Set<Integer> sent = new HashSet<>();
    for (byte[] frame : frames()) {
      if (TestFrames.flags(frame) == TestFrames.SYN) {
        Colour colour = Objects.requireNonNull(Colour.decode(TestFrames.colour(frame)));
        assertThat(sent.add(colour.probeSequence())).as("a sequence used twice").isTrue();
      }
    }
    Set<Integer> accounted = new HashSet<>();
    results().forEach(r -> accounted.add(r.getProbeSequence()));
    assertThat(accounted).containsAll(sent);
    assertThat(results()).extracting(ProbeResult::getOutcome).contains(ProbeOutcome.ABANDONED);
    assertThat(halfOpen()).isEmpty();
    assertThat(Namespaces.in(net.prober, "nft list ruleset")).isEmpty();
  }

  @Test
  void shouldSaySoWhenTheInterfaceIsDownAndGoOnWhenItIsBack() throws Exception {
    Process prober = startProber();
    await("answers", () -> count("open") >= 2);
    Namespaces.sh("ip -n " + net.prober + " link set eth0 down");
    await(
        "send errors",
        () -> results().stream().anyMatch(r -> r.getOutcome() == ProbeOutcome.SEND_ERROR));
    Namespaces.sh("ip -n " + net.prober + " link set eth0 up");
    Namespaces.sh(
        "ip -n " + net.prober + " route replace default via " + Namespaces.ROUTER_ADDRESS);
    long downResults = results().size();
    await(
        "answers again",
        () ->
            results().stream()
                .skip(downResults)
                .anyMatch(r -> r.getOutcome() == ProbeOutcome.SYN_ACK));
    prober.destroy();
    assertThat(prober.waitFor()).isZero();
    assertThat(results())
        .filteredOn(r -> r.getOutcome() == ProbeOutcome.SEND_ERROR)
        .allSatisfy(r -> assertThat(r.getError()).isNotEmpty());
  }
}
