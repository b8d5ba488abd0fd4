package io.dyetrace.analytics.localize;

import java.util.List;

/**
 * What failed, as far as the observations tell.
 *
 * @param links ids of the links that are accused
 * @param devices ids of the devices that are accused
 * @param ranked what may have failed, most probable first, the accused included
 * @param background the estimated loss rate of healthy links, per packet
 */
public record Localization(
    List<Integer> links, List<Integer> devices, List<Ranked> ranked, double background) {
  /** How many components {@link #ranked} names at most. */
  public static final int MAX_RANKED = 20;

  /** What a component is. */
  public enum Kind {
    /** A link, one direction unless the topology is undirected. */
    LINK,
    /** A node with all its links. */
    DEVICE
  }

  /**
   * A component that may have failed.
   *
   * @param loss the share of packets it loses if it failed
   * @param alike how many components, it included, nobody can tell apart by these observations
   */
  public record Ranked(Kind kind, int id, double posterior, double loss, int alike) {}
}
