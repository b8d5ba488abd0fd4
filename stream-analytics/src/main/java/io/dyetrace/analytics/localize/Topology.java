package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The graph that observations speak of. Inside, links are numbered from 0 in the order of the
 * header, and a <em>component</em> is a link or a device: component {@code c} is link {@code c}
 * while {@code c < links()}, else node {@code c - links()}.
 */
public final class Topology {
  private final int[] nodeIds;
  private final String[] nodeKinds;
  private final int[] linkIds;
  private final int[] linkFrom;
  private final int[] linkTo;
  private final Map<Integer, Integer> linkIndex;
  private final int[][] nodeLinks;
  private final boolean undirected;

  /**
   * Links name their ends by position in {@code nodeIds}; ids are distinct.
   *
   * @param undirected a link stands for both directions
   */
  public Topology(
      int[] nodeIds,
      String[] nodeKinds,
      int[] linkIds,
      int[] linkFrom,
      int[] linkTo,
      boolean undirected) {
    this.nodeIds = nodeIds;
    this.nodeKinds = nodeKinds;
    this.linkIds = linkIds;
    this.linkFrom = linkFrom;
    this.linkTo = linkTo;
    this.undirected = undirected;
    linkIndex = new HashMap<>(2 * linkIds.length);
    int[] degree = new int[nodeIds.length];
    for (int l = 0; l < linkIds.length; l++) {
      linkIndex.put(linkIds[l], l);
      degree[linkFrom[l]]++;
      if (linkTo[l] != linkFrom[l]) {
        degree[linkTo[l]]++;
      }
    }
    nodeLinks = new int[nodeIds.length][];
    for (int v = 0; v < nodeIds.length; v++) {
      nodeLinks[v] = new int[degree[v]];
    }
    Arrays.fill(degree, 0);
    for (int l = 0; l < linkIds.length; l++) {
      nodeLinks[linkFrom[l]][degree[linkFrom[l]]++] = l;
      if (linkTo[l] != linkFrom[l]) {
        nodeLinks[linkTo[l]][degree[linkTo[l]]++] = l;
      }
    }
  }

  /** How many links there are. */
  public int links() {
    return linkIds.length;
  }

  /** How many nodes there are. */
  public int nodes() {
    return nodeIds.length;
  }

  /** Links and devices. */
  public int components() {
    return linkIds.length + nodeIds.length;
  }

  /** The position of the link with this id, or -1. */
  public int linkById(int id) {
    Integer index = linkIndex.get(id);
    return index == null ? -1 : index;
  }

  /** The id that the header gave a link. */
  public int linkId(int link) {
    return linkIds[link];
  }

  /** The id that the header gave a node. */
  public int nodeId(int node) {
    return nodeIds[node];
  }

  /** What the header calls a node. */
  public String nodeKind(int node) {
    return nodeKinds[node];
  }

  /** Where a link begins. */
  public int from(int link) {
    return linkFrom[link];
  }

  /** Where a link ends. */
  public int to(int link) {
    return linkTo[link];
  }

  /** The links that touch a node, both directions; not to be changed. */
  int[] linksOf(int node) {
    return nodeLinks[node];
  }

  /** How many links touch a node, both directions counted. */
  public int degree(int node) {
    return nodeLinks[node].length;
  }

  /** How many other nodes a node is linked with. */
  int neighbours(int node) {
    Set<Integer> others = new HashSet<>();
    for (int link : nodeLinks[node]) {
      others.add(linkFrom[link] == node ? linkTo[link] : linkFrom[link]);
    }
    others.remove(node);
    return others.size();
  }

  /** Whether a link stands for both directions. */
  public boolean undirected() {
    return undirected;
  }
}
