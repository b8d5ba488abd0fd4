package io.dyetrace.analytics.detect;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What detection knows of the network: names and who serves what. Immutable. */
public record NetworkModel(Map<String, Place> places, Map<Integer, String> probersById, List<Vip> vips) {

  /** Where a component stands. */
  public record Place(String name, Kind kind, String region, String zone, String rack, String cluster) {}

  /** What a component is. */
  public enum Kind {
    GATEWAY,
    PROBER,
    BACKEND_HOST
  }

  /** A service address: who forwards it and which backend (by name) runs on which host. */
  public record Vip(String name, List<Byte> address, int port, List<String> nodes, Map<String, String> hostByBackend) {}

  public NetworkModel {
    places = new TreeMap<>(places);
    probersById = new TreeMap<>(probersById);
    vips = List.copyOf(vips);
  }

  /** Where the component stands, when the topology names it. */
  public Optional<Place> place(String component) {
    return Optional.ofNullable(places.get(component));
  }
}
