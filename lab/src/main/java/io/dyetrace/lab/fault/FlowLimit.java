package io.dyetrace.lab.fault;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.Readiness;
import io.dyetrace.lab.system.ControlSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One node has room for a few sessions only, whatever their VIP, and ordinary clients of two VIPs
 * come through it. Its siblings have room, and see nothing of it.
 */
final class FlowLimit implements Fault {
  /** Less than the clients of one second want. */
  private static final int SESSIONS = 8;

  private static final int RATE = 40;
  private static final double LEAST_DROPS_PER_SECOND = 20;

  private final Lab lab;
  private final Host node;
  private final Host sibling;
  private final List<Vip> vips;
  private final Duration limit;
  private final ControlSocket control;
  private final DropCounts here;
  private final DropCounts beside;
  private long before;
  private long besideBefore;
  private long beforeNs;

  FlowLimit(Lab lab, Host node, Duration limit) {
    this.lab = lab;
    this.node = node;
    this.sibling = Siblings.of(lab.plan().balancers(), node);
    this.vips = List.of(lab.plan().vip("vip-web"), lab.plan().vip("vip-api"));
    this.limit = limit;
    this.control = new ControlSocket(lab.paths().controlSocket(node));
    this.here = new DropCounts(control);
    this.beside = new DropCounts(new ControlSocket(lab.paths().controlSocket(sibling)));
  }

  private String helperName(Vip vip) {
    return "fault-limit-" + node.name() + "-" + vip.name();
  }

  @Override
  public void measureBefore() {
    before = here.of(DropReason.FLOW_LIMIT);
    besideBefore = beside.of(DropReason.FLOW_LIMIT);
    beforeNs = System.nanoTime();
  }

  @Override
  public void inject() {
    control.ask(limit(SESSIONS));
    for (Vip vip : vips) {
      lab.supervisor().start(clients(vip));
    }
  }

  /** Gives the node room for so many sessions of all VIPs together; 0: for all. */
  static ObjectNode limit(int sessions) {
    return ControlSocket.request("node-limits-set").put("sessions", sessions);
  }

  /** Ordinary clients whose way leads through the node. */
  private Component clients(Vip vip) {
    return new Component(
        helperName(vip),
        lab.plan().client().namespace(),
        List.of(
            lab.paths().home().resolve("dyetrace").toString(),
            "lab",
            "flood",
            "--to",
            lab.plan().addressThrough(node, vip) + ":" + vip.port(),
            "--from",
            lab.plan().pinnedClientAddress(node),
            "--rate",
            Integer.toString(RATE),
            "--seconds",
            Long.toString(limit.toSeconds())),
        Map.of("DYETRACE_JAVA_OPTS", "-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
        Component.Scheduling.NORMAL,
        new Readiness.Ends(),
        List.of(),
        List.of(),
        false);
  }

  @Override
  public Optional<String> prove() {
    long now = here.of(DropReason.FLOW_LIMIT);
    double perSecond = (now - before) / ((System.nanoTime() - beforeNs) / 1e9);
    long besideDrops = beside.of(DropReason.FLOW_LIMIT) - besideBefore;
    measureBefore();
    if (perSecond < LEAST_DROPS_PER_SECOND) {
      return Optional.empty();
    }
    return Optional.of(
        "%s has room for %d sessions of all VIPs together, clients of %s come, and it drops %.0f packets a second for FLOW_LIMIT; %s dropped %d"
            .formatted(
                node.name(),
                SESSIONS,
                vips.stream().map(Vip::name).toList(),
                perSecond,
                sibling.name(),
                besideDrops));
  }

  @Override
  public void heal() {
    for (Vip vip : vips) {
      lab.supervisor().stop(helperName(vip));
    }
    control.ask(limit(0));
  }

  @Override
  public String whyNotHealed() {
    long first = here.of(DropReason.FLOW_LIMIT);
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
    return here.of(DropReason.FLOW_LIMIT) == first ? "" : "sessions are still refused";
  }
}
