package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.registry.FaultClass;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A part of the way that all probes share, as a verdict names it when nothing smaller explains. */
enum Stretch {
  FORWARD("probers->gateways", "got no stamp of any gateway"),
  INNER("eips<->clbs", "were stamped by one tier and never by the next"),
  BEHIND("gateways<->backends", "were sent on to a backend, and no gateway saw a reply"),
  REPLY("gateways->probers", "were answered, and the reply left its gateway");

  private final String component;

  /** What the stamps say of those that were lost on it. */
  final String fate;

  Stretch(String component, String fate) {
    this.component = component;
    this.fate = fate;
  }

  Hypothesis hypothesis() {
    return new Hypothesis(FaultClass.LINK_LOSS, ComponentKind.LINK, component);
  }

  static boolean is(String component) {
    return Arrays.stream(values()).anyMatch(s -> s.component.equals(component));
  }

  /** Where a probe was lost; nowhere when it was answered, dropped, or nobody can tell. */
  static @Nullable Stretch of(JudgedProbe p) {
    return switch (p.fate()) {
      case LOST_AFTER -> REPLY;
      case BACKEND_SILENT -> BEHIND;
      case LOST_BEFORE -> p.stamped() ? INNER : FORWARD;
      default -> null;
    };
  }
}
