package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashSet;
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
    long[] members = members(topology, code);
    int[] components = new int[members.length];
    int[][] pathsOf = new int[members.length][];
    int[] shared = new int[members.length];
    int some = 0;
    int every = 0;
    int end;
    for (int start = 0; start < members.length; start = end) {
      int c = (int) (members[start] >> 32);
      end = start;
      while (end < members.length && (int) (members[end] >> 32) == c) {
        if (c < topology.links()) {
          hops[(int) members[end]]++;
        }
        end++;
      }
      if (elsewhere.contains(c)) {
        continue;
      }
      if (end - start == paths) {
        shared[every++] = c;
        continue;
      }
      components[some] = c;
      pathsOf[some] = new int[end - start];
      for (int i = start; i < end; i++) {
        pathsOf[some][i - start] = (int) members[i];
      }
      some++;
    }
    return new PathSet(
        paths,
        Arrays.copyOf(components, some),
        Arrays.copyOf(pathsOf, some),
        Arrays.copyOf(shared, every),
        hops);
  }

  /** Which component is on which path: the component in the upper half, ascending, each once. */
  private static long[] members(Topology topology, int[] code) {
    long[] members = new long[3 * code.length];
    int count = 0;
    int path = 0;
    for (int link : code) {
      if (link < -1) {
        break;
      }
      if (link < 0) {
        path++;
        continue;
      }
      members[count++] = (long) link << 32 | path;
      members[count++] = (long) (topology.links() + topology.from(link)) << 32 | path;
      members[count++] = (long) (topology.links() + topology.to(link)) << 32 | path;
    }
    Arrays.sort(members, 0, count);
    int distinct = 0;
    for (int i = 0; i < count; i++) {
      if (i == 0 || members[i] != members[i - 1]) {
        members[distinct++] = members[i];
      }
    }
    return Arrays.copyOf(members, distinct);
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

  /** Exact up to 16 packets, then steps of at most 1/8: the likelihood is smooth in the size. */
  static int bin(long sent) {
    if (sent < 16) {
      return (int) sent;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(sent);
    return (exponent - 2) * 8 + (int) ((sent >>> (exponent - 3)) & 7);
  }
}
