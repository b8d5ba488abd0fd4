package io.dyetrace.lab.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.colour.ColourKey;
import io.dyetrace.common.colour.Epochs;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.observe.ColourCounts;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.observe.VerdictLog;
import io.dyetrace.lab.packet.Capture;
import io.dyetrace.lab.packet.FrameSender;
import io.dyetrace.lab.packet.TcpFrame;
import io.dyetrace.lab.plan.ConfigFiles;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Pause;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Colours that a prober did not just make itself. */
final class FalseColours implements Check {
  private static final int COPIES = 20;

  /**
   * Outside both the probe range and the kernel's own, so that the sender's kernel resets the
   * answers.
   */
  private static final int FIRST_PORT = 31_000;

  private static final long OLD_EPOCHS = 10;

  @Override
  public String name() {
    return "false-colours";
  }

  @Override
  public String claim() {
    return "a colour forged, old, replayed from another source or twice is forwarded, counted, not"
        + " stamped, and gives no verdict";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    int verdictsBefore;
    try (VerdictLog log = new VerdictLog()) {
      verdictsBefore = log.readToEnd().seen().size();
    }
    Host prober = lab.plan().probers().get(0);
    Host other = lab.plan().probers().get(1);
    FrameSender sender = new FrameSender(lab);
    byte[] proberMac = sender.macOf(prober);
    byte[] proberRouterMac = sender.routerMac(prober);
    Random random = new Random(253);
    ColourKey key = ColourKey.ofHex(ConfigFiles.COLOUR_KEY_HEX).derive(prober.index());

    List<TcpFrame> forged = new ArrayList<>();
    List<TcpFrame> old = new ArrayList<>();
    for (int i = 0; i < COPIES; i++) {
      int sequence = random.nextInt();
      Colour plain = Colour.of(0, prober.index(), random.nextInt());
      TcpFrame syn =
          syn(
              proberMac,
              proberRouterMac,
              prober,
              lab.plan().vip("vip-web"),
              FIRST_PORT + i,
              sequence);
      forged.add(
          withOption(
              syn,
              new Colour(
                  plain.flags(), plain.proberId(), plain.probeSequence(), random.nextLong())));
      long epoch = Epochs.of(System.currentTimeMillis() * 1_000_000L) - OLD_EPOCHS;
      TcpFrame oldSyn = syn.fromPort(FIRST_PORT + 100 + i);
      old.add(
          withOption(
              oldSyn, plain.sealed(key, epoch, oldSyn.source(), oldSyn.sourcePort(), sequence)));
    }
    judge(lab, result, "forged", prober, forged, 0);
    judge(lab, result, "old", prober, old, 0);

    List<TcpFrame> real = realProbes(lab, prober);
    byte[] otherMac = sender.macOf(other);
    byte[] otherRouterMac = sender.routerMac(other);
    List<TcpFrame> elsewhere = new ArrayList<>();
    for (int i = 0; i < real.size(); i++) {
      elsewhere.add(
          real.get(i)
              .fromHost(otherMac, otherRouterMac, address(other.address()))
              .fromPort(FIRST_PORT + 200 + i));
    }
    judge(lab, result, "replayed_from_another_source", other, elsewhere, 0);
    // The very frames again, port and all: the answers go to a port of the prober's own range.
    judge(lab, result, "sent_twice", prober, realProbes(lab, prober), 1);

    Pause.seconds(15);
    try (VerdictLog log = new VerdictLog()) {
      List<SeenVerdict> seen = log.readToEnd().seen();
      List<String> came =
          seen.subList(verdictsBefore, seen.size()).stream().map(SeenVerdict::describe).toList();
      result.measured("verdicts", came.size()).require(came.isEmpty(), "verdicts came: %s", came);
    }
    return result.build();
  }

  /**
   * Sends them and looks what became of them.
   *
   * @param own how many stamps of each frame are not ours: the probe's that it repeats
   */
  private static void judge(
      Lab lab,
      CheckResult.Builder result,
      String kind,
      Host from,
      List<TcpFrame> frames,
      long own) {
    ColourCounts before = ColourCounts.now();
    long answered;
    try (Capture answers =
        Capture.start(
            from.namespace(),
            "eth0",
            "tcp and src net " + LabPlan.VIP_PREFIX + " and dst " + from.address())) {
      new FrameSender(lab).send(from, frames.stream().map(TcpFrame::encode).toList());
      Pause.seconds(3);
      List<TcpFrame> seen =
          answers.stop().stream().flatMap(f -> TcpFrame.parse(f).stream()).toList();
      answered =
          frames.stream()
              .filter(
                  sent ->
                      seen.stream()
                          .anyMatch(
                              t ->
                                  t.destinationPort() == sent.sourcePort()
                                      && t.acknowledgement() == sent.sequence() + 1))
              .count();
    }
    Pause.seconds(8);
    ColourCounts after = ColourCounts.now();
    long counted = after.forged() - before.forged() + after.replayed() - before.replayed();
    long newlyStamped = stamps(frames).values().stream().filter(n -> n > own).count();
    result
        .measured(kind + "_sent", frames.size())
        .measured(kind + "_forwarded_and_answered", answered)
        .measured(kind + "_counted_forged", after.forged() - before.forged())
        .measured(kind + "_counted_replayed", after.replayed() - before.replayed())
        .measured(kind + "_stamped", newlyStamped)
        .require(
            answered == frames.size(),
            "%s: only %d of %d were forwarded",
            kind,
            answered,
            frames.size())
        .require(
            counted >= frames.size(),
            "%s: only %d of %d were counted",
            kind,
            counted,
            frames.size())
        .require(newlyStamped == 0, "%s: %d were stamped", kind, newlyStamped);
  }

  /** Forward RX points with the frame's own flow: source, port and probe key. */
  private static Map<String, Long> stamps(List<TcpFrame> frames) {
    Map<String, Long> stamps = new LinkedHashMap<>();
    ClickHouse clickhouse = new ClickHouse();
    for (TcpFrame frame : frames) {
      Colour colour = colourOf(frame);
      JsonNode row =
          clickhouse
              .rows(
                  """
                  SELECT count() AS n FROM trace_points
                  WHERE key_state = 'KEY_VERIFIED' AND direction = 'FORWARD' AND point = 'RX' AND NOT reset
                    AND source_port = %d AND prober_id = %d AND probe_sequence = %s
                  """
                      .formatted(
                          frame.sourcePort(),
                          colour.proberId(),
                          Integer.toUnsignedString(colour.probeSequence())))
              .get(0);
      stamps.put(frame.sourcePort() + "/" + colour.probeSequence(), row.path("n").asLong());
    }
    return stamps;
  }

  private static Colour colourOf(TcpFrame frame) {
    byte[] options = frame.options();
    for (int at = 0; at + Colour.OPTION_BYTES <= options.length; at++) {
      Colour colour = Colour.decode(Arrays.copyOfRange(options, at, at + Colour.OPTION_BYTES));
      if (colour != null) {
        return colour;
      }
    }
    throw LabException.failed("a frame without a colour");
  }

  /** Probes as they leave a prober, a few of each round. */
  private static List<TcpFrame> realProbes(Lab lab, Host prober) {
    try (Capture capture =
        Capture.start(
            lab.plan().routerNamespace(),
            prober.name(),
            "tcp[tcpflags] == tcp-syn and src " + prober.address())) {
      for (int waited = 0; waited < 20; waited++) {
        Pause.seconds(1);
        List<TcpFrame> seen =
            capture.soFar().stream()
                .flatMap(f -> TcpFrame.parse(f).stream())
                .filter(t -> t.hasOption(Colour.KIND))
                .toList();
        if (seen.size() >= COPIES) {
          return seen.subList(0, COPIES);
        }
      }
    }
    throw LabException.failed("too few probes leave " + prober.name());
  }

  private static TcpFrame syn(
      byte[] mac, byte[] nextHopMac, Host from, Vip vip, int port, int sequence) {
    return new TcpFrame(
        mac,
        nextHopMac,
        address(from.address()),
        address(vip.address()),
        port,
        vip.port(),
        sequence,
        0,
        TcpFrame.SYN,
        new byte[0]);
  }

  private static TcpFrame withOption(TcpFrame syn, Colour colour) {
    return new TcpFrame(
        syn.sourceMac(),
        syn.destinationMac(),
        syn.source(),
        syn.destination(),
        syn.sourcePort(),
        syn.destinationPort(),
        syn.sequence(),
        syn.acknowledgement(),
        syn.flags(),
        colour.encode());
  }

  private static byte[] address(String text) {
    try {
      return InetAddress.getByName(text).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
