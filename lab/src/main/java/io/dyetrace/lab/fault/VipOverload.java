package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.Readiness;
import io.dyetrace.lab.system.ControlSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Clients open connections to a VIP twice as fast as its nodes let through. */
final class VipOverload implements Fault {
  private static final int TIMES_THE_LIMIT = 2;
  private static final double LEAST_DROPS_PER_SECOND = 20;

  private final Lab lab;
  private final Vip vip;
  private final Duration limit;
  private List<Long> before = List.of();
  private long beforeNs;

  VipOverload(Lab lab, Vip vip, Duration limit) {
    if (vip.newConnectionLimit() == 0) {
      throw LabException.usage(vip.name() + " has no limit to exceed; vip-api has one");
    }
    this.lab = lab;
    this.vip = vip;
    this.limit = limit;
  }

  private String helperName() {
    return "fault-flood-" + vip.name();
  }

  private int offeredPerSecond() {
    return TIMES_THE_LIMIT * vip.newConnectionLimit() * lab.plan().balancers().size();
  }

  @Override
  public void measureBefore() {
    before = drops();
    beforeNs = System.nanoTime();
  }

  private List<Long> drops() {
    List<Long> counts = new ArrayList<>();
    for (Host node : lab.plan().balancers()) {
      counts.add(
          new DropCounts(new ControlSocket(lab.paths().controlSocket(node)))
              .of(DropReason.NEW_CONNECTION_LIMIT));
    }
    return counts;
  }

  @Override
  public void inject() {
    lab.supervisor()
        .start(
            new Component(
                helperName(),
                lab.plan().client().namespace(),
                List.of(
                    lab.paths().home().resolve("dyetrace").toString(),
                    "lab",
                    "flood",
                    "--to",
                    vip.address() + ":" + vip.port(),
                    "--rate",
                    Integer.toString(offeredPerSecond()),
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
    // Two readings after the flood began, so that its own start-up does not count.
    List<Long> now = drops();
    double seconds = (System.nanoTime() - beforeNs) / 1e9;
    List<Double> perSecond = new ArrayList<>();
    for (int i = 0; i < now.size(); i++) {
      perSecond.add((now.get(i) - before.get(i)) / seconds);
    }
    before = now;
    beforeNs = System.nanoTime();
    if (perSecond.stream().anyMatch(d -> d < LEAST_DROPS_PER_SECOND)) {
      return Optional.empty();
    }
    return Optional.of(
        "%d connections a second offered where %d nodes let %d through each; drops for NEW_CONNECTION_LIMIT a second: %s"
            .formatted(
                offeredPerSecond(),
                now.size(),
                vip.newConnectionLimit(),
                perSecond.stream().map(d -> String.format("%.0f", d)).toList()));
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
    }
    return drops().equals(first) ? "" : "connections are still refused";
  }
}
