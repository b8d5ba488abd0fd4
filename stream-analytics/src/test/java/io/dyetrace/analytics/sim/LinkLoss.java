package io.dyetrace.analytics.sim;

/**
 * Packets that a link loses: those of a share, on one of the ways a probe takes, of whoever is
 * named. An empty name means everybody.
 *
 * @param way between whom
 * @param node the gateway at the end that is meant
 * @param buckets how many ECMP buckets the ports fall into; 1 means all are hit
 * @param bucket the one that is hit
 * @param share of the packets that are lost, 0 to 1
 */
public record LinkLoss(
    Way way,
    String prober,
    String vip,
    String node,
    int buckets,
    int bucket,
    double share,
    long fromNs,
    long toNs) {
  /** The links of a probe's way. */
  public enum Way {
    TO_NODE,
    TO_BACKEND,
    FROM_BACKEND,
    FROM_NODE
  }

  /** All packets on one link of a node. */
  public static LinkLoss of(Way way, String node, double share, long fromNs, long toNs) {
    return new LinkLoss(way, "", "", node, 1, 0, share, fromNs, toNs);
  }

  /** What one bucket of the router in front of a VIP's nodes loses: some source ports, always. */
  public static LinkLoss ofBucket(String vip, int buckets, int bucket, long fromNs, long toNs) {
    return new LinkLoss(Way.TO_NODE, "", vip, "", buckets, bucket, 1, fromNs, toNs);
  }

  boolean hits(Way on, String byProber, String ofVip, String atNode, int port, long atNs) {
    return way == on
        && atNs >= fromNs
        && atNs < toNs
        && (prober.isEmpty() || prober.equals(byProber))
        && (vip.isEmpty() || vip.equals(ofVip))
        && (node.isEmpty() || node.equals(atNode))
        && (buckets == 1 || Math.floorMod(World.mix(port), buckets) == bucket);
  }
}
