package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Injects faults and heals them. A fault counts as injected only when the lab itself has measured
 * its effect; one without effect is undone and reported.
 */
public final class Injector {
  private static final Duration PROOF_LIMIT = Duration.ofSeconds(20);
  private static final Duration HEAL_LIMIT = Duration.ofSeconds(30);

  private final Lab lab;

  public Injector(Lab lab) {
    this.lab = lab;
  }

  /**
   * Injects one and proves it.
   *
   * @param limit the longest that faults which need a helper last when nobody heals them
   */
  public InjectedFault inject(FaultKind kind, String target, Duration limit) {
    Fault fault = fault(kind, target, limit);
    if (lab.faults().all().stream().anyMatch(f -> f.target().equals(target))) {
      throw LabException.usage(target + " already has a fault; heal it first");
    }
    fault.measureBefore();
    long injectedNs = nowNs();
    // Known before it acts: whatever breaks off from here, heal finds it.
    lab.faults().add(new InjectedFault(kind.label(), target, injectedNs, 0, "not proven"));
    fault.inject();
    lab.console().say("%s %s injected; measuring its effect", kind.label(), target);
    long deadlineNs = System.nanoTime() + PROOF_LIMIT.toNanos();
    Optional<String> proof = fault.prove();
    while (proof.isEmpty() && System.nanoTime() < deadlineNs) {
      Pause.seconds(0.2);
      proof = fault.prove();
    }
    if (proof.isEmpty()) {
      heal(kind, target);
      throw LabException.failed(
          "%s %s had no measurable effect within %d s; it is undone"
              .formatted(kind.label(), target, PROOF_LIMIT.toSeconds()));
    }
    InjectedFault injected =
        new InjectedFault(kind.label(), target, injectedNs, nowNs(), proof.get());
    lab.faults().add(injected);
    lab.console().say("it is real: %s", injected.proof());
    return injected;
  }

  /** Undoes one, and waits until the lab measures that the target is as before. */
  public void heal(FaultKind kind, String target) {
    Fault fault = fault(kind, target, Duration.ofSeconds(1));
    fault.heal();
    long deadlineNs = System.nanoTime() + HEAL_LIMIT.toNanos();
    String why = fault.whyNotHealed();
    while (!why.isEmpty()) {
      if (System.nanoTime() > deadlineNs) {
        throw LabException.failed("%s %s is undone, but: %s".formatted(kind.label(), target, why));
      }
      Pause.seconds(0.2);
      why = fault.whyNotHealed();
    }
    lab.faults().remove(kind.label(), target);
    lab.console().say("%s %s healed", kind.label(), target);
  }

  /**
   * Undoes all; returns what there was. Those that took a process away come first, because others
   * may need the process to be undone. One that cannot be undone does not keep the others.
   */
  public List<InjectedFault> healAll() {
    List<InjectedFault> all =
        lab.faults().all().stream().sorted(Comparator.comparing(Injector::needsProcess)).toList();
    LabException failed = null;
    for (InjectedFault fault : all) {
      try {
        heal(fault.kind(), fault.target());
      } catch (LabException e) {
        lab.console().say("%s %s: %s", fault.kind().label(), fault.target(), e.text());
        failed = e;
      }
    }
    if (failed != null) {
      throw failed;
    }
    return all;
  }

  private static boolean needsProcess(InjectedFault f) {
    return f.kind() == FaultKind.CONFIG_ERROR || f.kind() == FaultKind.FLOW_LIMIT;
  }

  private Fault fault(FaultKind kind, String target, Duration limit) {
    try {
      return switch (kind) {
        case NODE_CRASH -> new NodeCrash(lab, lab.plan().node(target));
        case NODE_JITTER -> new NodeJitter(lab, lab.plan().node(target), limit);
        case BACKEND_DOWN -> new BackendDown(lab, lab.plan().server(target));
        case PROBER_FAULT -> new ProberFault(lab, lab.plan().prober(target));
        case VIP_OVERLOAD -> new VipOverload(lab, lab.plan().vip(target), limit);
        case CONFIG_ERROR -> configError(target);
        case FLOW_LIMIT -> new FlowLimit(lab, balancer(target), limit);
        case MALFORMED -> new Malformed(lab, lab.plan().vip(target), limit);
      };
    } catch (IllegalArgumentException e) {
      throw LabException.usage(kind.label() + ": " + e.getMessage());
    }
  }

  private Fault configError(String target) {
    String[] parts = target.split("@", 2);
    Host node = balancer(parts[parts.length - 1]);
    Vip vip = lab.plan().vip(parts.length == 2 ? parts[0] : "vip-web");
    return new ConfigError(lab, node, vip);
  }

  /** Elastic IP nodes have neither VIPs nor sessions. */
  private Host balancer(String name) {
    Host node = lab.plan().node(name);
    if (lab.plan().isEdge(node)) {
      throw new IllegalArgumentException(
          name + " is no load balancer; try " + lab.plan().balancers().get(0).name());
    }
    return node;
  }

  private static long nowNs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
