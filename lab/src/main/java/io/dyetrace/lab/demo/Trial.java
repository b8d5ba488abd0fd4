package io.dyetrace.lab.demo;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.fault.InjectedFault;
import io.dyetrace.lab.fault.Injector;
import io.dyetrace.lab.observe.SeenVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Injects faults one after the other, and judges every verdict that comes meanwhile. */
public final class Trial {
  /**
   * How long a verdict or a resolution is waited for, right or not, so that late ones are seen too.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Lab lab;
  private final VerdictWatch watch;
  private final Injector injector;
  private final Set<String> expectedOccurrences = new HashSet<>();
  private final List<FaultOutcome> outcomes = new ArrayList<>();

  public Trial(Lab lab, VerdictWatch watch) {
    this.lab = lab;
    this.watch = watch;
    this.injector = new Injector(lab);
  }

  /** One fault, from injection to resolution. */
  public FaultOutcome run(FaultKind kind, String target, Duration limit) {
    watch.injectedAt(Instant.now().toEpochMilli());
    InjectedFault injected = injector.inject(kind, target, Duration.ofMinutes(5));
    long injectedMs = injected.injectedNs() / 1_000_000;
    watch.injectedAt(injectedMs);
    // One that was there before the fault is a false one, however well it fits.
    Set<String> earlier =
        watch.seen().stream()
            .filter(v -> v.appendedMs() < injectedMs)
            .map(v -> v.verdict().getOccurrenceId())
            .collect(Collectors.toSet());
    Optional<SeenVerdict> verdict =
        watch.await(
            v ->
                v.appendedMs() >= injectedMs
                    && !v.resolved()
                    && !earlier.contains(v.verdict().getOccurrenceId())
                    && fits(v, injected),
            PATIENCE);
    long healedMs = Instant.now().toEpochMilli();
    injector.heal(kind, target);
    if (verdict.isEmpty()) {
      lab.console().say("no %s for %s came", kind.expected(), injected.expectedComponent());
      return record(new FaultOutcome(kind.label(), target, null, null, null, null, false));
    }
    String occurrence = verdict.get().verdict().getOccurrenceId();
    expectedOccurrences.add(occurrence);
    Optional<SeenVerdict> resolution =
        watch.await(
            v -> v.resolved() && v.verdict().getOccurrenceId().equals(occurrence), PATIENCE);
    watch.injectedAt(0);
    double seconds = (verdict.get().appendedMs() - injectedMs) / 1e3;
    Double resolvedSeconds = resolution.map(v -> (v.appendedMs() - healedMs) / 1e3).orElse(null);
    boolean right =
        seconds <= limit.toMillis() / 1e3 && resolvedSeconds != null && resolvedSeconds >= 0;
    lab.console()
        .say(
            "%s %s: %s after %.1f s (limit %d s), %s",
            kind.label(),
            target,
            verdict.get().faultClass(),
            seconds,
            limit.toSeconds(),
            resolvedSeconds == null
                ? "not resolved"
                : "resolved %.1f s after the healing".formatted(resolvedSeconds));
    return record(
        new FaultOutcome(
            kind.label(),
            target,
            verdict.get().faultClass(),
            verdict.get().component(),
            seconds,
            resolvedSeconds,
            right));
  }

  private FaultOutcome record(FaultOutcome outcome) {
    outcomes.add(outcome);
    return outcome;
  }

  private static boolean fits(SeenVerdict v, InjectedFault fault) {
    return v.verdict().getFaultClass() == fault.kind().expected().code()
        && v.component().equals(fault.expectedComponent());
  }

  public List<FaultOutcome> outcomes() {
    return List.copyOf(outcomes);
  }

  /**
   * Occurrences that accuse anything but an injected fault's component of anything but its class.
   */
  public List<SeenVerdict> falseVerdicts() {
    Set<String> counted = new HashSet<>(expectedOccurrences);
    return watch.seen().stream().filter(v -> counted.add(v.verdict().getOccurrenceId())).toList();
  }
}
