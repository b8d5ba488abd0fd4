package io.dyetrace.analytics.detect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Judged probes by the components they met, or may have met; each list oldest first. */
final class ProbeIndex {
  private final Map<String, List<JudgedProbe>> byNode = new HashMap<>();
  private final Map<String, List<JudgedProbe>> byProber = new HashMap<>();
  private final Map<String, List<JudgedProbe>> byVip = new HashMap<>();
  private final Map<String, List<JudgedProbe>> byHost = new HashMap<>();
  private final List<JudgedProbe> strays = new ArrayList<>();

  ProbeIndex(List<JudgedProbe> probes, Network network) {
    for (JudgedProbe p : probes) {
      boolean stray = false;
      List<Hop> hops = p.hops();
      for (int i = 0; i < hops.size(); i++) {
        String node = hops.get(i).node();
        if (node.isEmpty()) {
          stray = true;
        } else if (!metBefore(hops, i, node)) {
          add(byNode, node, p);
        }
      }
      if (stray) {
        strays.add(p);
      }
      add(byProber, p.prober(), p);
      add(byVip, p.vip(), p);
      String host = network.hostOf(p.trace().backend);
      if (!host.isEmpty()) {
        add(byHost, host, p);
      } else {
        network.hostsOf(p.vip()).forEach(h -> add(byHost, h, p));
      }
    }
  }

  private static boolean metBefore(List<Hop> hops, int index, String node) {
    for (int i = 0; i < index; i++) {
      if (hops.get(i).node().equals(node)) {
        return true;
      }
    }
    return false;
  }

  private static void add(Map<String, List<JudgedProbe>> lists, String key, JudgedProbe p) {
    lists.computeIfAbsent(key, k -> new ArrayList<>()).add(p);
  }

  /** The node is on their way. */
  List<JudgedProbe> passing(String node) {
    return byNode.getOrDefault(node, List.of());
  }

  /** The node is on their way, or a node on their way is not known. */
  List<JudgedProbe> mayPass(String node) {
    List<JudgedProbe> passing = passing(node);
    if (strays.isEmpty()) {
      return passing;
    }
    List<JudgedProbe> all = new ArrayList<>(passing.size() + strays.size());
    int next = 0;
    for (JudgedProbe p : passing) {
      while (next < strays.size() && isBefore(strays.get(next), p)) {
        add(all, strays.get(next++), node);
      }
      all.add(p);
    }
    while (next < strays.size()) {
      add(all, strays.get(next++), node);
    }
    return all;
  }

  /** One of the nodes is on their way, or a node on their way is not known; in no order. */
  Collection<JudgedProbe> mayPassAny(Collection<String> nodes) {
    Set<JudgedProbe> all = Collections.newSetFromMap(new IdentityHashMap<>());
    nodes.forEach(n -> all.addAll(passing(n)));
    all.addAll(strays);
    return all;
  }

  private static void add(List<JudgedProbe> all, JudgedProbe stray, String node) {
    if (!stray.passes(node)) {
      all.add(stray);
    }
  }

  private static boolean isBefore(JudgedProbe a, JudgedProbe b) {
    return a.sentNs() != b.sentNs() ? a.sentNs() < b.sentNs() : a.key() < b.key();
  }

  List<JudgedProbe> ofProber(String prober) {
    return byProber.getOrDefault(prober, List.of());
  }

  List<JudgedProbe> ofVip(String vip) {
    return byVip.getOrDefault(vip, List.of());
  }

  /** Sent on to the host, or to a VIP that has backends on it as far as is known. */
  List<JudgedProbe> toHost(String host) {
    return byHost.getOrDefault(host, List.of());
  }
}
