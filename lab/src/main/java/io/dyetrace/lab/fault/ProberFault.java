package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import java.time.Duration;
import java.util.Optional;

/**
 * Everything that one prober sends dies on its own access link. It is dropped where it enters the
 * router: an output rule on the prober's host would not meet what leaves through a capture handle.
 */
final class ProberFault implements Fault {
  private static final long LEAST_DROPPED = 3;

  private final Host prober;
  private final Host sibling;
  private final Vip vip;
  private final PathProbe probe;
  private final NftTable drop;

  ProberFault(Lab lab, Host prober) {
    this.prober = prober;
    this.sibling = Siblings.of(lab.plan().probers(), prober);
    this.vip = lab.plan().vip("vip-web");
    this.probe = new PathProbe(lab.plan());
    this.drop =
        new NftTable(
            lab.plan().routerNamespace(),
            "dyetrace-fault-" + prober.name(),
            "iifname \"" + prober.name() + "\"");
  }

  @Override
  public void measureBefore() {
    String why = whyNotHealed();
    if (!why.isEmpty()) {
      throw LabException.failed(prober.name() + " is not healthy before the fault: " + why);
    }
  }

  @Override
  public void inject() {
    drop.add();
  }

  @Override
  public Optional<String> prove() {
    PathProbe.Outcome here = request(prober, Duration.ofMillis(500));
    PathProbe.Outcome beside = request(sibling, Duration.ofSeconds(2));
    long dropped = drop.droppedPackets();
    if (here.connected() || !beside.answered() || dropped < LEAST_DROPPED) {
      return Optional.empty();
    }
    return Optional.of(
        "%d packets from %s were dropped, a connection from its host fails (%s), one from %s takes %.1f ms"
            .formatted(dropped, prober.name(), here.error(), sibling.name(), beside.connectMs()));
  }

  private PathProbe.Outcome request(Host from, Duration limit) {
    return probe.from(from, vip.address(), vip.port(), limit);
  }

  @Override
  public void heal() {
    drop.remove();
  }

  @Override
  public String whyNotHealed() {
    PathProbe.Outcome here = request(prober, Duration.ofSeconds(2));
    return here.answered() ? "" : "a connection from its host fails: " + here.error();
  }
}
