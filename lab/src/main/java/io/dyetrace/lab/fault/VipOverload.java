package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Vip;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Clients open connections to a VIP twice as fast as its nodes let through. */
final class VipOverload implements Fault {
  private static final int TIMES_THE_LIMIT = 2;
  private static final double LEAST_DROPS_PER_SECOND = 20;

  private final Lab lab;
  private final Vip vip;
  private final Duration limit;
  private final DropRates drops;
  private final Traffic traffic;

  VipOverload(Lab lab, Vip vip, Duration limit) {
    if (vip.newConnectionLimit() == 0) {
      throw LabException.usage(vip.name() + " has no limit to exceed; vip-api has one");
    }
    this.lab = lab;
    this.vip = vip;
    this.limit = limit;
    this.drops = DropRates.of(lab, lab.plan().balancers(), DropReason.NEW_CONNECTION_LIMIT);
    this.traffic = new Traffic(lab, "fault-flood-" + vip.name());
  }

  private int offeredPerSecond() {
    return TIMES_THE_LIMIT * vip.newConnectionLimit() * lab.plan().balancers().size();
  }

  @Override
  public void measureBefore() {
    drops.begin(System.nanoTime());
  }

  @Override
  public void inject() {
    traffic.start(
        "flood", offeredPerSecond(), limit, List.of("--to", vip.address() + ":" + vip.port()));
  }

  @Override
  public Optional<String> prove() {
    // Two readings after the flood began, so that its own start-up does not count.
    List<Double> perSecond = drops.perSecond(System.nanoTime());
    if (perSecond.stream().anyMatch(d -> d < LEAST_DROPS_PER_SECOND)) {
      return Optional.empty();
    }
    return Optional.of(
        "%d connections a second offered where %d nodes let %d through each; drops for NEW_CONNECTION_LIMIT a second: %s"
            .formatted(
                offeredPerSecond(),
                perSecond.size(),
                vip.newConnectionLimit(),
                DropRates.rounded(perSecond)));
  }

  @Override
  public void heal() {
    traffic.stop();
  }

  @Override
  public String whyNotHealed() {
    return drops.atRest() ? "" : "connections are still refused";
  }
}
