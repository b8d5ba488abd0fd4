package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.TreeSet;

/** A rack or a zone, and who stands in it. */
final class Place {
  final ComponentKind kind;
  final String name;

  /** The zone that it is, or stands in. */
  final String zone;

  /** A zone's; a rack's own name. */
  final NavigableSet<String> racks = new TreeSet<>();

  final NavigableSet<String> nodes = new TreeSet<>();
  final NavigableSet<String> probers = new TreeSet<>();
  final NavigableSet<String> hosts = new TreeSet<>();

  Place(ComponentKind kind, String name, String zone) {
    this.kind = kind;
    this.name = name;
    this.zone = zone;
  }

  /** As sentences call it: {@code rack rack-7}. */
  String words() {
    return (kind == ComponentKind.RACK ? "rack " : "zone ") + name;
  }

  /** How many of some nodes stand in it. */
  int count(Collection<String> some) {
    int count = 0;
    for (String node : some) {
      count += nodes.contains(node) ? 1 : 0;
    }
    return count;
  }

  /** Whether what is accused stands in it, or is itself a part of it. */
  boolean holds(Hypothesis other) {
    String component = other.component();
    return switch (other.kind()) {
      case RACK -> kind == ComponentKind.ZONE && racks.contains(component);
      case VIP_ON_NODE -> nodes.contains(component.substring(component.lastIndexOf('@') + 1));
      case NODE -> nodes.contains(component);
      case PROBER -> probers.contains(component);
      case BACKEND -> hosts.contains(component);
      case TELEMETRY -> nodes.contains(component) || probers.contains(component);
      case LINK ->
          LossSide.ends(component).stream()
              .anyMatch(e -> nodes.contains(e) || probers.contains(e) || hosts.contains(e));
      default -> false;
    };
  }
}
