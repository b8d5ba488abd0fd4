package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A graph while it is being built, and its loss rates. */
final class Network {
  private final boolean undirected;
  private final List<String> kinds = new ArrayList<>();
  private final List<int[]> links = new ArrayList<>();
  private final Map<Long, Integer> between = new HashMap<>();

  Network(boolean undirected) {
    this.undirected = undirected;
  }

  int node(String kind) {
    kinds.add(kind);
    return kinds.size() - 1;
  }

  /** Connects two nodes: a link each way, or one for both. */
  void connect(int a, int b) {
    between.put(key(a, b), links.size());
    if (undirected) {
      between.put(key(b, a), links.size());
    }
    links.add(new int[] {a, b});
    if (!undirected) {
      between.put(key(b, a), links.size());
      links.add(new int[] {b, a});
    }
  }

  int link(int from, int to) {
    Integer link = between.get(key(from, to));
    if (link == null) {
      throw new IllegalArgumentException("no link from " + from + " to " + to);
    }
    return link;
  }

  /** The links along these nodes, ended by -1. */
  int[] path(int... nodes) {
    int[] path = new int[nodes.length];
    for (int i = 0; i + 1 < nodes.length; i++) {
      path[i] = link(nodes[i], nodes[i + 1]);
    }
    path[nodes.length - 1] = -1;
    return path;
  }

  Topology topology() {
    int[] nodeIds = new int[kinds.size()];
    for (int v = 0; v < nodeIds.length; v++) {
      nodeIds[v] = v;
    }
    int[] ids = new int[links.size()];
    int[] from = new int[ids.length];
    int[] to = new int[ids.length];
    for (int l = 0; l < ids.length; l++) {
      ids[l] = l;
      from[l] = links.get(l)[0];
      to[l] = links.get(l)[1];
    }
    return new Topology(nodeIds, kinds.toArray(new String[0]), ids, from, to, undirected);
  }

  /** The first links of a path, ended by -1. */
  static int[] begin(int[] path, int links) {
    int[] begin = Arrays.copyOf(path, links + 1);
    begin[links] = -1;
    return begin;
  }

  /** Paths one after the other. */
  static int[] join(List<int[]> paths) {
    int length = 0;
    for (int[] path : paths) {
      length += path.length;
    }
    int[] joined = new int[length];
    int at = 0;
    for (int[] path : paths) {
      System.arraycopy(path, 0, joined, at, path.length);
      at += path.length;
    }
    return joined;
  }

  private static long key(int a, int b) {
    return ((long) a << 32) | b;
  }
}
