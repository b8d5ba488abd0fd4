package io.dyetrace.lab.fault;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.ControlSocket;
import java.time.Duration;
import java.util.List;
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
  private final DropRates here;
  private final DropRates beside;

  FlowLimit(Lab lab, Host node, Duration limit) {
    this.lab = lab;
    this.node = node;
    this.sibling = Siblings.of(lab.plan().balancers(), node);
    this.vips = List.of(lab.plan().vip("vip-web"), lab.plan().vip("vip-api"));
    this.limit = limit;
    this.control = new ControlSocket(lab.paths().controlSocket(node));
    this.here = DropRates.of(lab, List.of(node), DropReason.FLOW_LIMIT);
    this.beside = DropRates.of(lab, List.of(sibling), DropReason.FLOW_LIMIT);
  }

  /** Ordinary clients whose way leads through the node. */
  private Traffic clients(Vip vip) {
    return new Traffic(lab, "fault-limit-" + node.name() + "-" + vip.name());
  }

  @Override
  public void measureBefore() {
    here.begin(System.nanoTime());
    beside.begin(System.nanoTime());
  }

  @Override
  public void inject() {
    control.ask(limit(SESSIONS));
    for (Vip vip : vips) {
      clients(vip)
          .start(
              "flood",
              RATE,
              limit,
              List.of(
                  "--to",
                  lab.plan().addressThrough(node, vip) + ":" + vip.port(),
                  "--from",
                  lab.plan().pinnedClientAddress(node)));
    }
  }

  /** Gives the node room for so many sessions of all VIPs together; 0: for all. */
  static ObjectNode limit(int sessions) {
    return ControlSocket.request("node-limits-set").put("sessions", sessions);
  }

  @Override
  public Optional<String> prove() {
    double perSecond = here.perSecond(System.nanoTime()).get(0);
    double besidePerSecond = beside.perSecond(System.nanoTime()).get(0);
    if (perSecond < LEAST_DROPS_PER_SECOND) {
      return Optional.empty();
    }
    return Optional.of(
        "%s has room for %d sessions of all VIPs together, clients of %s come, and it drops %.0f packets a second for FLOW_LIMIT (%s: %.0f)"
            .formatted(
                node.name(),
                SESSIONS,
                vips.stream().map(Vip::name).toList(),
                perSecond,
                sibling.name(),
                besidePerSecond));
  }

  @Override
  public void heal() {
    for (Vip vip : vips) {
      clients(vip).stop();
    }
    control.ask(limit(0));
  }

  @Override
  public String whyNotHealed() {
    return here.atRest() ? "" : "sessions are still refused";
  }
}
