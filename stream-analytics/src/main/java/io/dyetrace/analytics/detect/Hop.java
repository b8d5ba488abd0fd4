package io.dyetrace.analytics.detect;

/**
 * A node on a probe's way.
 *
 * @param leg as port maps have it: a stateful tier is one hop for both directions
 * @param node the one that stamped it, or that its port leads to; empty when unknown
 * @param stamped the node is known by a stamp, not by the port map
 */
record Hop(Leg leg, String node, boolean stamped) {}
