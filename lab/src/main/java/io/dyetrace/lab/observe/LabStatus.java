package io.dyetrace.lab.observe;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.InjectedFault;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.ProcessRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;

/**
 * How the lab is at this moment.
 *
 * @param up whether it was brought up
 * @param networkComplete whether all namespaces are there
 * @param heartbeatAgeSeconds per node and prober; one not heard of is missing
 * @param problem why heartbeats and verdicts could not be read, or empty
 */
public record LabStatus(
    boolean up,
    boolean networkComplete,
    List<ComponentStatus> components,
    Map<String, Double> heartbeatAgeSeconds,
    List<InjectedFault> faults,
    List<SeenVerdict> openVerdicts,
    String problem) {
  private static final double STALE_SECONDS = 5;

  /**
   * One process.
   *
   * @param pid 0 when it does not run
   * @param problem why it is not ready, or empty
   * @param faulted an injected fault is the reason
   */
  public record ComponentStatus(String name, long pid, String problem, boolean faulted) {
    public boolean healthy() {
      return pid != 0 && problem.isEmpty();
    }
  }

  /** Looks. */
  public static LabStatus of(Lab lab) {
    List<InjectedFault> faults = lab.faults().all();
    List<ComponentStatus> components =
        lab.wantedComponents().parallelStream()
            .filter(c -> !c.once())
            .map(c -> look(lab, c, faults))
            .toList();
    Map<String, Double> ages = new TreeMap<>();
    List<SeenVerdict> open = new ArrayList<>();
    String problem = "";
    try (VerdictLog log = new VerdictLog()) {
      open.addAll(log.readToEnd().open());
      Instant now = Instant.now();
      double nowSeconds = now.getEpochSecond() + now.getNano() / 1e9;
      Heartbeats.newestNs().forEach((name, ns) -> ages.put(name, nowSeconds - ns / 1e9));
    } catch (KafkaException | LabException e) {
      problem = "Kafka: " + e.getMessage();
    }
    return new LabStatus(
        lab.isUp(), lab.networkComplete(), components, ages, faults, List.copyOf(open), problem);
  }

  private static ComponentStatus look(Lab lab, Component component, List<InjectedFault> faults) {
    Optional<ProcessRecord> process = lab.supervisor().find(component.name());
    boolean faulted = faults.stream().anyMatch(f -> f.target().endsWith(component.name()));
    if (process.isEmpty()) {
      return new ComponentStatus(component.name(), 0, "does not run", faulted);
    }
    return new ComponentStatus(
        component.name(), process.get().pid(), component.readiness().whyNot(), faulted);
  }

  /** Everything that is not as it should be, injected faults and their effects included. */
  public List<String> complaints(Lab lab) {
    List<String> complaints = new ArrayList<>();
    if (!up) {
      complaints.add("the lab is not up");
    }
    if (!networkComplete) {
      complaints.add("namespaces are missing");
    }
    components.stream()
        .filter(c -> !c.healthy())
        .forEach(c -> complaints.add(c.name() + ": " + c.problem()));
    if (!problem.isEmpty()) {
      complaints.add(problem);
    } else {
      Stream.concat(lab.plan().nodes().stream(), lab.plan().probers().stream())
          .map(Host::name)
          .filter(name -> components.stream().anyMatch(c -> c.name().equals(name)))
          .forEach(
              name -> {
                Double age = heartbeatAgeSeconds.get(name);
                if (age == null || age > STALE_SECONDS) {
                  complaints.add(
                      name
                          + ": "
                          + (age == null
                              ? "no heartbeat"
                              : "last heartbeat %.1f s ago".formatted(age)));
                }
              });
    }
    openVerdicts.forEach(
        v -> complaints.add("open verdict: " + v.faultClass() + " " + v.component()));
    return complaints;
  }
}
