package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.registry.FaultClass;
import java.util.List;

/**
 * What a verdict should say of an injected fault.
 *
 * @param components names that are right: the component's own first
 * @param fromNs when it began, in simulated time
 * @param toNs when it was healed
 * @param severity what was injected, in words
 * @param share of the packets that it takes, where it takes only some; 1 otherwise
 */
record Label(
    FaultClass faultClass,
    List<String> components,
    long fromNs,
    long toNs,
    String severity,
    double share) {
  Label ofShare(double some) {
    return new Label(faultClass, components, fromNs, toNs, severity, some);
  }

  /** A link is named by its ends: one that is broken must be among them. */
  boolean accuses(String component) {
    return components.contains(component)
        || (faultClass == FaultClass.LINK_LOSS
            && components.stream().anyMatch(c -> ends(component).contains(c)));
  }

  private static List<String> ends(String component) {
    return List.of(component.split("[^A-Za-z0-9-]+|->|--"));
  }
}
