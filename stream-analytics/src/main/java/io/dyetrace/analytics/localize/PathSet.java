package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The part in which the candidate paths of an observation differ. What all of them share (a host's
 * own link, the switch it hangs on) is kept with the observation, so that observations between many
 * hosts of two racks share one set.
 */
public final class PathSet {
  /** Numbers of paths, each path once (a path given twice counts twice). */
  public final int paths;

  /** Components that some paths have and others do not, ascending. */
  public final int[] components;

  /** The paths that have {@code components[i]}. */
  public final int[][] pathsOf;

  /** Nodes that every path of the set has although no shared link names them. */
  final int[] shared;

  /** Links of each path that are not shared. */
  final int[] hops;

  /** Lossless observations by size: see {@link #bin}. */
  private double[] losslessByBin = new double[0];

  private PathSet(int paths, int[] components, int[][] pathsOf, int[] shared, int[] hops) {
    this.paths = paths;
    this.components = components;
    this.pathsOf = pathsOf;
    this.shared = shared;
    this.hops = hops;
  }

  /**
   * From the encoding that {@link Splitter} interns.
   *
   * @param code the links of the paths, shared ones left out, each path ended by -1; then nodes
   *     that are shared through a shared link and are therefore not the set's, coded as -2 - node
   */
  static PathSet decode(Topology topology, int[] code) {
    int paths = 0;
    Set<Integer> elsewhere = new HashSet<>();
    for (int link : code) {
      paths += link == -1 ? 1 : 0;
      if (link < -1) {
        elsewhere.add(topology.links() - 2 - link);
      }
    }
    int[] hops = new int[paths];
    Map<Integer, int[]> members = new HashMap<>();
    Map<Integer, Integer> counts = new HashMap<>();
    int path = 0;
    for (int link : code) {
      if (link < -1) {
        break;
      }
      if (link < 0) {
        path++;
        continue;
      }
      if (note(members, counts, link, path, paths)) {
        hops[path]++;
      }
      note(members, counts, topology.links() + topology.from(link), path, paths);
      note(members, counts, topology.links() + topology.to(link), path, paths);
    }
    int[] all = members.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    int[] components = new int[all.length];
    int[][] pathsOf = new int[all.length][];
    int[] shared = new int[all.length];
    int some = 0;
    int every = 0;
    for (int c : all) {
      if (elsewhere.contains(c)) {
        continue;
      }
      int count = counts.getOrDefault(c, 0);
      if (count == paths) {
        shared[every++] = c;
      } else {
        components[some] = c;
        pathsOf[some++] = Arrays.copyOf(members.getOrDefault(c, new int[0]), count);
      }
    }
    return new PathSet(
        paths,
        Arrays.copyOf(components, some),
        Arrays.copyOf(pathsOf, some),
        Arrays.copyOf(shared, every),
        hops);
  }

  private static boolean note(
      Map<Integer, int[]> members, Map<Integer, Integer> counts, int c, int path, int paths) {
    int[] of = members.computeIfAbsent(c, key -> new int[paths]);
    int count = counts.getOrDefault(c, 0);
    if (count > 0 && of[count - 1] == path) {
      return false;
    }
    of[count] = path;
    counts.put(c, count + 1);
    return true;
  }

  /** Counts an observation that lost nothing. */
  void addLossless(int bin) {
    if (bin >= losslessByBin.length) {
      losslessByBin = Arrays.copyOf(losslessByBin, bin + 1);
    }
    losslessByBin[bin]++;
  }

  /** How many observations lost nothing, by the bin of their size. */
  double[] losslessByBin() {
    return losslessByBin;
  }

  /** Exact up to 32 packets, then steps of at most 1/16: the likelihood is smooth in the size. */
  static int bin(long sent) {
    if (sent < 32) {
      return (int) sent;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(sent);
    return (exponent - 3) * 16 + (int) ((sent >>> (exponent - 4)) & 15);
  }
}
