package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.observe.LabStatus;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Console;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code lab status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "What runs, how it is, which faults are injected, which verdicts are open.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:everything is healthy", "1:something is not", "2:there is no lab"})
public final class StatusCommand extends LabCommand {
  @Override
  boolean changes() {
    return false;
  }

  @Override
  int run(Lab lab) {
    if (!lab.isUp()) {
      lab.console().say("there is no lab");
      lab.console().result(Map.of("up", false, "healthy", false));
      return LabException.EXIT_USAGE;
    }
    LabStatus status = LabStatus.of(lab);
    List<String> complaints = status.complaints(lab);
    print(lab.console(), lab.plan(), status, complaints);
    Map<String, Object> json = json(status, complaints);
    json.put("topology", lab.plan().topology().label());
    json.put(
        "covered_by_tcp_probe",
        lab.plan().vips().stream().filter(v -> v.probePort() != 0).map(Vip::name).toList());
    lab.console().result(json);
    return complaints.isEmpty() ? 0 : 1;
  }

  private static void print(
      Console console, LabPlan plan, LabStatus status, List<String> complaints) {
    console.line("%-14s %8s  %-10s %s", "COMPONENT", "PID", "HEARTBEAT", "STATE");
    for (LabStatus.ComponentStatus c : status.components()) {
      Double age = status.heartbeatAgeSeconds().get(c.name());
      console.line(
          "%-14s %8s  %-10s %s",
          c.name(),
          c.pid() == 0 ? "-" : c.pid(),
          age == null ? "" : "%.1f s".formatted(age),
          c.healthy()
              ? (c.faulted() ? "ready, faulted" : "ready")
              : c.problem() + (c.faulted() ? " (injected)" : ""));
    }
    console.line("");
    for (Vip vip : plan.vips()) {
      if (vip.probePort() != 0) {
        console.line("coverage: %s", vip.coverage());
      }
    }
    status
        .faults()
        .forEach(
            f ->
                console.line(
                    "injected: %s %s, %d s ago: %s",
                    f.fault(),
                    f.target(),
                    Instant.now().getEpochSecond() - f.injectedNs() / 1_000_000_000L,
                    f.proof()));
    status.openVerdicts().forEach(v -> console.line("verdict:  %s", v.describe()));
    console.line(
        complaints.isEmpty() ? "healthy" : "not healthy: %s", String.join("; ", complaints));
  }

  private static Map<String, Object> json(LabStatus status, List<String> complaints) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("up", status.up());
    json.put("healthy", complaints.isEmpty());
    json.put("complaints", complaints);
    List<Object> components = new ArrayList<>();
    for (LabStatus.ComponentStatus c : status.components()) {
      Map<String, Object> component = new LinkedHashMap<>();
      component.put("name", c.name());
      component.put("pid", c.pid());
      component.put("healthy", c.healthy());
      component.put("problem", c.problem());
      Double age = status.heartbeatAgeSeconds().get(c.name());
      if (age != null) {
        component.put("heartbeat_age_seconds", age);
      }
      components.add(component);
    }
    json.put("components", components);
    json.put("faults", status.faults());
    json.put("open_verdicts", status.openVerdicts().stream().map(StatusCommand::json).toList());
    return json;
  }

  private static Map<String, Object> json(SeenVerdict v) {
    return Map.of(
        "verdict", v.faultClass(),
        "component", v.component(),
        "confidence", v.verdict().getConfidence(),
        "first_bad_ns", v.verdict().getFirstBadNs(),
        "occurrence", v.verdict().getOccurrenceId());
  }
}
