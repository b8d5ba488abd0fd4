package io.dyetrace.analytics.detect;

import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The racks and zones of a topology. */
final class Places {
  private final Map<String, Place> racks = new TreeMap<>();
  private final Map<String, Place> zones = new TreeMap<>();
  private final Map<String, String> rackByComponent = new HashMap<>();

  Places(Topology topology) {
    for (Component c : topology.components()) {
      topology.location(c.name()).ifPresent(at -> add(c, at));
    }
  }

  private void add(Component c, LocationConfig at) {
    rackByComponent.put(c.name(), at.rack());
    add(c, racks.computeIfAbsent(at.rack(), r -> new Place(ComponentKind.RACK, r, at.zone())), at);
    add(c, zones.computeIfAbsent(at.zone(), z -> new Place(ComponentKind.ZONE, z, z)), at);
  }

  private static void add(Component c, Place place, LocationConfig at) {
    place.racks.add(at.rack());
    switch (c.kind()) {
      case GATEWAY -> place.nodes.add(c.name());
      case PROBER -> place.probers.add(c.name());
      case BACKEND_HOST -> place.hosts.add(c.name());
    }
  }

  /** All of a kind. */
  Collection<Place> all(ComponentKind kind) {
    return kind == ComponentKind.ZONE ? zones.values() : racks.values();
  }

  /** The place that is accused; none when something else is, or it is not in the topology. */
  @Nullable Place of(Hypothesis h) {
    return switch (h.kind()) {
      case RACK -> racks.get(h.component());
      case ZONE -> zones.get(h.component());
      default -> null;
    };
  }

  /** The smallest place that holds all of some components; none when there is no such place. */
  @Nullable Place holding(Collection<String> components) {
    Set<String> inRacks = new HashSet<>();
    Set<String> inZones = new HashSet<>();
    for (String c : components) {
      inRacks.add(rackOf(c));
      inZones.add(zoneOf(c));
    }
    Place rack = inRacks.size() == 1 ? racks.get(inRacks.iterator().next()) : null;
    return rack != null || inZones.size() != 1 ? rack : zones.get(inZones.iterator().next());
  }

  /** The zone that a component stands in; empty when it is not in the topology. */
  String zoneOf(String component) {
    Place rack = racks.get(rackOf(component));
    return rack == null ? "" : rack.zone;
  }

  /** The rack that a component stands in; empty when it is not in the topology. */
  String rackOf(String component) {
    return rackByComponent.getOrDefault(component, "");
  }
}
