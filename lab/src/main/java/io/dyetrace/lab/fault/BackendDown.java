package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import java.time.Duration;
import java.util.Optional;

/**
 * A real server dies and its host falls silent: nothing that arrives on its data link is answered.
 */
final class BackendDown implements Fault {
  private final Lab lab;
  private final Host server;
  private final Host sibling;
  private final Vip vip;
  private final PathProbe probe;
  private final NftTable drop;

  BackendDown(Lab lab, Host server) {
    this.lab = lab;
    this.server = server;
    this.sibling = Siblings.of(lab.plan().servers(), server);
    this.vip = lab.plan().vip("vip-web");
    this.probe = new PathProbe(lab.plan());
    this.drop = new NftTable(server.namespace(), "dyetrace-fault", "iifname \"eth0\"");
  }

  @Override
  public void measureBefore() {
    String why = whyNotHealed();
    if (!why.isEmpty()) {
      throw LabException.failed(server.name() + " is not healthy before the fault: " + why);
    }
  }

  @Override
  public void inject() {
    drop.add();
    lab.supervisor().kill(server.name());
  }

  @Override
  public Optional<String> prove() {
    PathProbe.Outcome there = direct(server, Duration.ofMillis(500));
    PathProbe.Outcome beside = direct(sibling, Duration.ofSeconds(2));
    if (there.connected() || !beside.answered()) {
      return Optional.empty();
    }
    return Optional.of(
        "the process is gone and the host silent (%s); %s answers in %.1f ms; both asked directly, not through a gateway"
            .formatted(there.error(), sibling.name(), beside.connectMs()));
  }

  private PathProbe.Outcome direct(Host host, Duration limit) {
    return probe.from(lab.plan().client(), host.address(), vip.port(), limit);
  }

  @Override
  public void heal() {
    drop.remove();
    Component component = lab.components().get(server.name());
    lab.supervisor().start(component);
    lab.supervisor().awaitReady(component, Duration.ofSeconds(30));
  }

  @Override
  public String whyNotHealed() {
    PathProbe.Outcome there = direct(server, Duration.ofSeconds(2));
    return there.answered() ? "" : "it does not answer: " + there.error();
  }
}
