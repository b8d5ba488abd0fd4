package io.dyetrace.lab.fault;

/**
 * A fault that is in force.
 *
 * @param fault as the command line has it
 * @param target the component
 * @param injectedNs Unix time at the injecting call: from here time to verdict is measured
 * @param provenNs Unix time at which the lab itself had measured its effect
 * @param proof what was measured
 */
public record InjectedFault(
    String fault, String target, long injectedNs, long provenNs, String proof) {
  public FaultKind kind() {
    return FaultKind.of(fault);
  }

  /** What a verdict about it names as the component. */
  public String expectedComponent() {
    return kind() == FaultKind.CONFIG_ERROR && !target.contains("@") ? "vip-web@" + target : target;
  }
}
