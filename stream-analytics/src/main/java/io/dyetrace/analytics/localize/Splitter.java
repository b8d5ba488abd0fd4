package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Splits an observation into what all of its candidate paths share and the {@link PathSet} in which
 * they differ. With one path, all is shared and there is no set.
 */
public final class Splitter {
  private final Topology topology;
  private final IntInterner setCodes = new IntInterner();
  private final List<PathSet> sets = new ArrayList<>();

  /** What the observation at hand shares: links and the nodes they touch. */
  private final int[] list;

  private int listed;
  private int sharedLinks;
  private int set;
  private double hops;
  private final int[] stamp;
  private int now;
  private final int[] linkSeen;
  private final int[] linkCount;
  private final int[] nodeSeen;
  private final int[] nodeCount;
  private int[] code = new int[1024];

  /** For observations over this graph. */
  public Splitter(Topology topology) {
    this.topology = topology;
    list = new int[topology.components()];
    stamp = new int[topology.components()];
    linkSeen = new int[topology.links()];
    linkCount = new int[topology.links()];
    nodeSeen = new int[topology.nodes()];
    nodeCount = new int[topology.nodes()];
  }

  /**
   * Splits one observation.
   *
   * @param paths links by position, first hop first, each path ended by -1
   * @param length how much of {@code paths} counts
   */
  public void split(int[] paths, int length) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += paths[i] < 0 ? 1 : 0;
    }
    listed = 0;
    now++;
    if (count == 1) {
      markKnown(paths, length - 1);
    } else {
      splitSet(paths, length, count);
    }
  }

  /** Components that all paths share: valid up to {@link #shared}, until the next split. */
  public int[] sharedComponents() {
    return list;
  }

  /** How many components all paths share. */
  public int shared() {
    return listed;
  }

  /** How many of them are links. */
  int sharedLinks() {
    return sharedLinks;
  }

  /** The number of the set in which the paths differ, or -1 if there is one path. */
  public int set() {
    return set;
  }

  /** The sets so far, by number. */
  public List<PathSet> sets() {
    return sets;
  }

  /** Links of a path, on average. */
  double hops() {
    return hops;
  }

  /** The components that these links are and touch, ascending. */
  int[] componentsOf(int[] links) {
    listed = 0;
    now++;
    for (int link : links) {
      mark(link);
    }
    int[] sorted = Arrays.copyOf(list, listed);
    Arrays.sort(sorted);
    return sorted;
  }

  private void markKnown(int[] links, int length) {
    set = -1;
    sharedLinks = 0;
    for (int i = 0; i < length; i++) {
      sharedLinks += stamp[links[i]] == now ? 0 : 1;
      mark(links[i]);
    }
    hops = sharedLinks;
  }

  private void splitSet(int[] paths, int length, int count) {
    hops = (double) countLinks(paths, length) / count;
    int coded = 0;
    code = reserve(code, length + topology.nodes() + 1);
    sharedLinks = 0;
    for (int i = 0; i < length; i++) {
      int link = paths[i];
      if (link < 0) {
        code[coded++] = -1;
      } else if (linkCount[link] == count) {
        sharedLinks += stamp[link] == now ? 0 : 1;
        mark(link);
      } else {
        code[coded++] = link;
      }
    }
    if (coded == count) {
      // All the paths have the same links: the path is known.
      set = -1;
      return;
    }
    coded = excludeNodes(coded, count);
    set = setCodes.intern(code, coded);
    if (set == sets.size()) {
      sets.add(PathSet.decode(topology, setCodes.get(set)));
    }
    for (int node : sets.get(set).shared) {
      markComponent(node);
    }
  }

  /** In how many paths each link is; returns the links of all paths together. */
  private int countLinks(int[] paths, int length) {
    int hops = 0;
    for (int i = 0; i < length; i++) {
      if (paths[i] >= 0) {
        linkCount[paths[i]] = 0;
        linkSeen[paths[i]] = -1;
      }
    }
    int path = 0;
    for (int i = 0; i < length; i++) {
      if (paths[i] < 0) {
        path++;
      } else if (linkSeen[paths[i]] != path) {
        linkSeen[paths[i]] = path;
        linkCount[paths[i]]++;
        hops++;
      }
    }
    return hops;
  }

  /** Nodes that a shared link names, and that only some of the remaining paths name too. */
  private int excludeNodes(int coded, int count) {
    for (int i = 0; i < coded; i++) {
      if (code[i] >= 0) {
        nodeSeen[topology.from(code[i])] = -1;
        nodeSeen[topology.to(code[i])] = -1;
        nodeCount[topology.from(code[i])] = 0;
        nodeCount[topology.to(code[i])] = 0;
      }
    }
    int path = 0;
    for (int i = 0; i < coded; i++) {
      if (code[i] < 0) {
        path++;
        continue;
      }
      for (int end = 0; end < 2; end++) {
        int node = end == 0 ? topology.from(code[i]) : topology.to(code[i]);
        if (nodeSeen[node] != path) {
          nodeSeen[node] = path;
          nodeCount[node]++;
        }
      }
    }
    int end = coded;
    for (int i = 0; i < coded; i++) {
      if (code[i] < 0) {
        continue;
      }
      for (int side = 0; side < 2; side++) {
        int node = side == 0 ? topology.from(code[i]) : topology.to(code[i]);
        if (nodeCount[node] < count && stamp[topology.links() + node] == now) {
          code[end++] = -2 - node;
          nodeCount[node] = count;
        }
      }
    }
    return end;
  }

  private static int[] reserve(int[] array, int length) {
    return length <= array.length ? array : Arrays.copyOf(array, 2 * length);
  }

  /** Adds a link and its ends to the list, each once. */
  private void mark(int link) {
    markComponent(link);
    markComponent(topology.links() + topology.from(link));
    markComponent(topology.links() + topology.to(link));
  }

  private void markComponent(int c) {
    if (stamp[c] != now) {
      stamp[c] = now;
      list[listed++] = c;
    }
  }
}
