package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.system.Command;
import java.time.Duration;
import java.util.Optional;

/** The gateway process dies of SIGKILL; its link stays up. */
final class NodeCrash implements Fault {
  private final Lab lab;
  private final Host node;
  private final Host sibling;
  private final Vip vip;
  private final PathProbe probe;

  NodeCrash(Lab lab, Host node) {
    this.lab = lab;
    this.node = node;
    this.sibling = Siblings.of(lab.plan().tierOf(node), node);
    this.vip = lab.plan().vip("vip-web");
    this.probe = new PathProbe(lab.plan());
  }

  @Override
  public void measureBefore() {
    String why = whyNotHealed();
    if (!why.isEmpty()) {
      throw LabException.failed(node.name() + " is not healthy before the fault: " + why);
    }
  }

  @Override
  public void inject() {
    lab.supervisor().kill(node.name());
  }

  @Override
  public Optional<String> prove() {
    if (lab.supervisor().find(node.name()).isPresent()) {
      return Optional.empty();
    }
    String link =
        Command.of("ip", "-n", lab.plan().routerNamespace(), "-brief", "link", "show", node.name())
            .check()
            .output();
    PathProbe.Outcome through = probe.through(node, vip, Duration.ofMillis(500));
    PathProbe.Outcome beside = probe.through(sibling, vip, Duration.ofSeconds(2));
    if (through.connected() || !beside.answered() || !link.contains("LOWER_UP")) {
      return Optional.empty();
    }
    return Optional.of(
        "the process is gone, its link is up; a connection through %s fails (%s), one through %s takes %.1f ms"
            .formatted(
                node.name(),
                through.error().isEmpty() ? "no answer" : through.error(),
                sibling.name(),
                beside.connectMs()));
  }

  @Override
  public void heal() {
    Component component = lab.components().get(node.name());
    lab.supervisor().start(component);
    lab.supervisor().awaitReady(component, Duration.ofSeconds(30));
  }

  @Override
  public String whyNotHealed() {
    PathProbe.Outcome through = probe.through(node, vip, Duration.ofSeconds(2));
    return through.answered() ? "" : "no connection through it: " + through.error();
  }
}
