package io.dyetrace.lab.plan;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What the lab can be. */
public enum LabTopology {
  /** Probers, a router, four load balancers, real servers. */
  ONE_TIER("one-tier"),
  /** Probers, a router, two elastic IP nodes, VXLAN, three load balancers, real servers. */
  TWO_TIER("two-tier");

  private final String label;

  LabTopology(String label) {
    this.label = label;
  }

  /** As the command line has it. */
  public String label() {
    return label;
  }

  /** The one of this label. */
  public static LabTopology of(String label) {
    return Arrays.stream(values())
        .filter(t -> t.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no topology '%s'; known: %s"
                        .formatted(
                            label,
                            Arrays.stream(values())
                                .map(LabTopology::label)
                                .collect(Collectors.joining(", ")))));
  }
}
