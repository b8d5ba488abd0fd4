package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.packet.FrameSender;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.Readiness;
import io.dyetrace.lab.system.ControlSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Packets to a VIP that no TCP sends, from many ports, so that they meet every node. */
final class Malformed implements Fault {
  private static final int RATE = 500;
  private static final double LEAST_DROPS_PER_SECOND = 20;

  private final Lab lab;
  private final Vip vip;
  private final Duration limit;
  private List<Long> before = List.of();
  private long beforeNs;

  Malformed(Lab lab, Vip vip, Duration limit) {
    this.lab = lab;
    this.vip = vip;
    this.limit = limit;
  }

  private String helperName() {
    return "fault-malformed-" + vip.name();
  }

  @Override
  public void measureBefore() {
    before = drops();
    beforeNs = System.nanoTime();
  }

  private List<Long> drops() {
    List<Long> counts = new ArrayList<>();
    for (Host node : lab.plan().firstTier()) {
      counts.add(
          new DropCounts(new ControlSocket(lab.paths().controlSocket(node)))
              .of(DropReason.MALFORMED_TCP));
    }
    return counts;
  }

  @Override
  public void inject() {
    Host client = lab.plan().client();
    FrameSender frames = new FrameSender(lab);
    HexFormat mac = HexFormat.ofDelimiter(":");
    lab.supervisor()
        .start(
            new Component(
                helperName(),
                client.namespace(),
                List.of(
                    lab.paths().home().resolve("dyetrace").toString(),
                    "lab",
                    "malformed",
                    "--interface",
                    "eth0",
                    "--mac",
                    mac.formatHex(frames.macOf(client)),
                    "--next-hop",
                    mac.formatHex(frames.routerMac(client)),
                    "--from",
                    client.address(),
                    "--to",
                    vip.address() + ":" + vip.probedPort(),
                    "--rate",
                    Integer.toString(RATE),
                    "--seconds",
                    Long.toString(limit.toSeconds())),
                Map.of("DYETRACE_JAVA_OPTS", "-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
                Component.Scheduling.NORMAL,
                new Readiness.Ends(),
                List.of(),
                List.of(),
                false));
  }

  @Override
  public Optional<String> prove() {
    List<Long> now = drops();
    double seconds = (System.nanoTime() - beforeNs) / 1e9;
    List<Double> perSecond = new ArrayList<>();
    for (int i = 0; i < now.size(); i++) {
      perSecond.add((now.get(i) - before.get(i)) / seconds);
    }
    measureBefore();
    if (perSecond.stream().anyMatch(d -> d < LEAST_DROPS_PER_SECOND)) {
      return Optional.empty();
    }
    return Optional.of(
        "%d malformed packets a second are sent to %s; drops for MALFORMED_TCP a second: %s"
            .formatted(
                RATE, vip.name(), perSecond.stream().map(d -> String.format("%.0f", d)).toList()));
  }

  @Override
  public void heal() {
    lab.supervisor().stop(helperName());
  }

  @Override
  public String whyNotHealed() {
    List<Long> first = drops();
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
    return drops().equals(first) ? "" : "malformed packets still come";
  }
}
