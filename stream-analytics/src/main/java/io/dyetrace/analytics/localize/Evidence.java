package io.dyetrace.analytics.localize;

import java.util.Arrays;

/**
 * What the observations of one trace say, in the form the likelihood needs and no more. Packets
 * that arrived over a known path enter the likelihood as a sum per component; only losses, and
 * observations whose path is unknown, keep more: one row per lossy path, a histogram of sizes per
 * set of paths, one row per distinct lossy observation of a set. Memory grows with distinct lossy
 * paths and sets, not with observations.
 */
public final class Evidence {
  private static final int BINS = 8 * 62;

  /**
   * An observation that lost everything counts as so many packets: they met one fate (a black hole
   * for that flow, a dead node) and are not independent evidence.
   */
  private static final long LOST_TOGETHER = 3;

  final Topology topology;

  /** Packets that passed each component for certain and were not lost. */
  final double[] passed;

  /** Lossy known paths: their components, ascending. */
  final int[][] rowComponents;

  /** Links of each lossy known path. */
  final int[] rowHops;

  /** Packets lost on each. */
  final double[] rowLost;

  final PathSet[] sets;

  /** Lossy observations of a set: which set. */
  final int[] lossySet;

  /** What all of its paths share: a list of components, ascending. */
  final int[][] lossyShared;

  /** Links among them. */
  final int[] lossySharedHops;

  final double[] lossySent;
  final double[] lossyLost;

  /** How many observations were equal. */
  final double[] lossyCount;

  /** The mean size of the lossless observations in a bin of {@link PathSet#bin}. */
  final double[] binSize;

  /** Packets times links. */
  final double linkPackets;

  final double lost;
  final long observations;

  private Evidence(Builder b) {
    topology = b.topology;
    passed = b.passed;
    int rows = b.knownPaths.size();
    rowComponents = new int[rows][];
    rowHops = new int[rows];
    rowLost = Arrays.copyOf(b.knownLost, rows);
    for (int r = 0; r < rows; r++) {
      rowComponents[r] = b.knownPaths.get(r);
      rowHops[r] = linksAmong(rowComponents[r]);
    }
    sets = b.splitter.sets().toArray(new PathSet[0]);
    int lossy = b.lossy.size();
    lossySet = new int[lossy];
    lossyShared = new int[lossy][];
    lossySharedHops = new int[lossy];
    lossySent = new double[lossy];
    lossyLost = new double[lossy];
    lossyCount = Arrays.copyOf(b.lossyCount, lossy);
    for (int o = 0; o < lossy; o++) {
      int[] key = b.lossy.get(o);
      lossySet[o] = key[0];
      lossyShared[o] = b.shared.get(key[1]);
      lossySharedHops[o] = linksAmong(lossyShared[o]);
      lossySent[o] = join(key[2], key[3]);
      lossyLost[o] = join(key[4], key[5]);
    }
    binSize = new double[BINS];
    for (int i = 0; i < BINS; i++) {
      binSize[i] = b.binCount[i] == 0 ? 0 : b.binSum[i] / b.binCount[i];
    }
    linkPackets = b.linkPackets;
    lost = b.lost;
    observations = b.observations;
  }

  private int linksAmong(int[] components) {
    int links = 0;
    for (int c : components) {
      links += c < topology.links() ? 1 : 0;
    }
    return links;
  }

  /** How many observations there were. */
  public long observations() {
    return observations;
  }

  /** How many packets were lost. */
  public double lost() {
    return lost;
  }

  /** The graph. */
  public Topology topology() {
    return topology;
  }

  private static double join(int high, int low) {
    return (double) (((long) high << 32) | (low & 0xFFFFFFFFL));
  }

  /** Takes observations one by one. */
  public static final class Builder {
    private final Topology topology;
    private final Splitter splitter;
    private final double[] passed;
    private final IntInterner knownPaths = new IntInterner();
    private double[] knownLost = new double[1024];
    private final IntInterner shared = new IntInterner();
    private final IntInterner lossy = new IntInterner();
    private double[] lossyCount = new double[1024];
    private final double[] binSum = new double[BINS];
    private final double[] binCount = new double[BINS];
    private double linkPackets;
    private double lost;
    private long observations;
    private final int[] key = new int[6];

    /** For a trace over this graph. */
    public Builder(Topology topology) {
      this.topology = topology;
      splitter = new Splitter(topology);
      passed = new double[topology.components()];
    }

    /**
     * Takes one observation.
     *
     * @param paths links by position, first hop first, each path ended by -1
     * @param length how much of {@code paths} counts
     */
    public void add(int[] paths, int length, long sentPackets, long allLost) {
      observations++;
      lost += allLost;
      boolean together = allLost == sentPackets && allLost > LOST_TOGETHER;
      long sent = together ? LOST_TOGETHER : sentPackets;
      long lostPackets = together ? LOST_TOGETHER : allLost;
      splitter.split(paths, length);
      linkPackets += sent * splitter.hops();
      int[] components = splitter.sharedComponents();
      int count = splitter.shared();
      if (splitter.set() < 0) {
        pass(components, count, sent - lostPackets);
        if (lostPackets > 0) {
          Arrays.sort(components, 0, count);
          int row = knownPaths.intern(components, count);
          knownLost = reserve(knownLost, row);
          knownLost[row] += lostPackets;
        }
      } else if (lostPackets == 0) {
        pass(components, count, sent);
        int bin = PathSet.bin(sent);
        binSum[bin] += sent;
        binCount[bin]++;
        splitter.sets().get(splitter.set()).addLossless(bin);
      } else {
        Arrays.sort(components, 0, count);
        key[0] = splitter.set();
        key[1] = shared.intern(components, count);
        key[2] = (int) (sent >>> 32);
        key[3] = (int) sent;
        key[4] = (int) (lostPackets >>> 32);
        key[5] = (int) lostPackets;
        int row = lossy.intern(key, key.length);
        lossyCount = reserve(lossyCount, row);
        lossyCount[row]++;
      }
    }

    /** The evidence so far; the builder must not be used afterwards. */
    public Evidence build() {
      return new Evidence(this);
    }

    private void pass(int[] components, int count, double packets) {
      for (int i = 0; i < count; i++) {
        passed[components[i]] += packets;
      }
    }

    private static double[] reserve(double[] array, int index) {
      return index < array.length ? array : Arrays.copyOf(array, 2 * index);
    }
  }
}
