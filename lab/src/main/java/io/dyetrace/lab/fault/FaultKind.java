package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.FaultClass;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The faults that can be injected. */
public enum FaultKind {
  NODE_CRASH("node-crash", "gw-N, eip-N or clb-N", FaultClass.NODE_CRASH),
  NODE_JITTER("node-jitter", "gw-N, eip-N or clb-N", FaultClass.NODE_JITTER),
  BACKEND_DOWN("backend-down", "rs-N", FaultClass.BACKEND_DOWN),
  CONFIG_ERROR("config-error", "gw-N or vip-NAME@gw-N, clb-N for gw-N", FaultClass.CONFIG_ERROR),
  PROBER_FAULT("prober-fault", "prober-N", FaultClass.PROBER_FAULT),
  VIP_OVERLOAD("vip-overload", "vip-api", FaultClass.VIP_OVERLOAD),
  FLOW_LIMIT("flow-limit", "gw-N or clb-N", FaultClass.NODE_OVERLOAD),
  MALFORMED("malformed", "vip-NAME", FaultClass.VIP_ATTACK);

  private final String label;
  private final String targets;
  private final FaultClass expected;

  FaultKind(String label, String targets, FaultClass expected) {
    this.label = label;
    this.targets = targets;
    this.expected = expected;
  }

  /** As the command line has it. */
  public String label() {
    return label;
  }

  public String targets() {
    return targets;
  }

  /** The class of the verdict that should follow. */
  public FaultClass expected() {
    return expected;
  }

  /** The kind of this label. */
  public static FaultKind of(String label) {
    return Arrays.stream(values())
        .filter(k -> k.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no fault '%s'; known: %s"
                        .formatted(
                            label,
                            Arrays.stream(values())
                                .map(FaultKind::label)
                                .collect(Collectors.joining(", ")))));
  }
}
