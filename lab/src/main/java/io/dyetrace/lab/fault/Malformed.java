package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.packet.FrameSender;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Packets to a VIP that no TCP sends, from many ports, so that they meet every node. */
final class Malformed implements Fault {
  private static final int RATE = 500;
  private static final double LEAST_DROPS_PER_SECOND = 20;

  private final Lab lab;
  private final Vip vip;
  private final Duration limit;
  private final DropRates drops;
  private final Traffic traffic;

  Malformed(Lab lab, Vip vip, Duration limit) {
    this.lab = lab;
    this.vip = vip;
    this.limit = limit;
    this.drops = DropRates.of(lab, lab.plan().firstTier(), DropReason.MALFORMED_TCP);
    this.traffic = new Traffic(lab, "fault-malformed-" + vip.name());
  }

  @Override
  public void measureBefore() {
    drops.begin(System.nanoTime());
  }

  @Override
  public void inject() {
    Host client = lab.plan().client();
    FrameSender frames = new FrameSender(lab);
    HexFormat mac = HexFormat.ofDelimiter(":");
    traffic.start(
        "malformed",
        RATE,
        limit,
        List.of(
            "--interface",
            "eth0",
            "--mac",
            mac.formatHex(frames.macOf(client)),
            "--next-hop",
            mac.formatHex(frames.routerMac(client)),
            "--from",
            client.address(),
            "--to",
            vip.address() + ":" + vip.probedPort()));
  }

  @Override
  public Optional<String> prove() {
    List<Double> perSecond = drops.perSecond(System.nanoTime());
    if (perSecond.stream().anyMatch(d -> d < LEAST_DROPS_PER_SECOND)) {
      return Optional.empty();
    }
    return Optional.of(
        "%d malformed packets a second are sent to %s; drops for MALFORMED_TCP a second: %s"
            .formatted(RATE, vip.name(), DropRates.rounded(perSecond)));
  }

  @Override
  public void heal() {
    traffic.stop();
  }

  @Override
  public String whyNotHealed() {
    return drops.atRest() ? "" : "malformed packets still come";
  }
}
