package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.ProcessRecord;
import io.dyetrace.lab.process.Readiness;
import io.dyetrace.lab.system.Signals;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The gateway process is stopped for 300 ms of every 500 ms. */
final class NodeJitter implements Fault {
  private static final int REQUESTS = 24;

  /** Not a divisor of the bursts' 500 ms, so that the requests meet every phase of them. */
  private static final Duration PACE = Duration.ofMillis(103);

  private static final double DELAYED_MS = 50;
  private static final double LEAST_SHARE = 0.3;

  private final Lab lab;
  private final Host node;
  private final Duration limit;
  private final Vip vip;
  private final PathProbe probe;
  private double normalMs;

  NodeJitter(Lab lab, Host node, Duration limit) {
    this.lab = lab;
    this.node = node;
    this.limit = limit;
    this.vip = lab.plan().vip("vip-web");
    this.probe = new PathProbe(lab.plan());
  }

  private String helperName() {
    return "fault-jitter-" + node.name();
  }

  @Override
  public void measureBefore() {
    List<PathProbe.Outcome> outcomes =
        probe.paced(node, vip, 7, Duration.ofMillis(20), Duration.ofSeconds(2));
    if (outcomes.stream().anyMatch(o -> !o.answered())) {
      throw LabException.failed(node.name() + " is not healthy before the fault");
    }
    normalMs = median(outcomes);
  }

  @Override
  public void inject() {
    ProcessRecord gateway =
        lab.supervisor()
            .find(node.name())
            .orElseThrow(() -> LabException.failed(node.name() + " does not run"));
    lab.supervisor()
        .start(
            new Component(
                helperName(),
                null,
                List.of(
                    "bash",
                    lab.paths().home().resolve("lab/src/main/sh/jitter.sh").toString(),
                    Long.toString(gateway.pid()),
                    Long.toString(gateway.startTicks()),
                    Long.toString(limit.toSeconds())),
                Map.of(),
                Component.Scheduling.IMPORTANT,
                new Readiness.Ends(),
                List.of(),
                List.of(),
                false));
  }

  @Override
  public Optional<String> prove() {
    if (lab.supervisor().find(helperName()).isEmpty()) {
      return Optional.empty();
    }
    List<PathProbe.Outcome> outcomes =
        probe.paced(node, vip, REQUESTS, PACE, Duration.ofSeconds(3));
    long delayed =
        outcomes.stream()
            .filter(o -> !o.connected() || o.connectMs() >= Math.max(DELAYED_MS, 5 * normalMs))
            .count();
    if (delayed < REQUESTS * LEAST_SHARE) {
      return Optional.empty();
    }
    return Optional.of(
        "of %d connections through %s %d took at least %.0f ms, the slowest %.0f ms; %.1f ms is normal"
            .formatted(
                REQUESTS,
                node.name(),
                delayed,
                DELAYED_MS,
                outcomes.stream().mapToDouble(PathProbe.Outcome::connectMs).max().orElse(0),
                normalMs));
  }

  private static double median(List<PathProbe.Outcome> outcomes) {
    return outcomes.stream()
        .map(PathProbe.Outcome::connectMs)
        .sorted(Comparator.naturalOrder())
        .skip(outcomes.size() / 2)
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void heal() {
    lab.supervisor().stop(helperName());
    lab.supervisor().find(node.name()).ifPresent(p -> Signals.send("CONT", p.pid()));
  }

  @Override
  public String whyNotHealed() {
    List<PathProbe.Outcome> outcomes = probe.paced(node, vip, 8, PACE, Duration.ofSeconds(2));
    long bad = outcomes.stream().filter(o -> !o.answered() || o.connectMs() >= DELAYED_MS).count();
    return bad == 0
        ? ""
        : bad + " of " + outcomes.size() + " connections through it are slow or fail";
  }
}
