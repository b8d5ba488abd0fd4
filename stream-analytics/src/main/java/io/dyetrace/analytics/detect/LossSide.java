package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.Tier;
import java.util.List;

/**
 * What may lose packets between two stamps, and how it is called: {@code probers->gw-3} is the way
 * from the probers into gw-3.
 */
enum LossSide {
  /** Into a node, on the way to the backends. */
  FORWARD_IN,
  /** Out of a node, on the way back. */
  REPLY_OUT,
  /** Both: the node's link to where probes come from. */
  OUTER,
  /** Out of a node of the first tier, towards the second. */
  FORWARD_OUT,
  /** Into a node of the first tier, on the way back. */
  REPLY_IN,
  /** Behind the node, both ways: no stamp tells which. */
  INNER,
  /** Between the stamps of one node. */
  INSIDE,
  /** Into a node, large packets only. */
  PADDED,
  /** From a prober to whichever node. */
  FROM_PROBER,
  /** From whichever node to a prober. */
  TO_PROBER,
  /** To a VIP, before the first stamp: a bucket of the router in front of its nodes. */
  VIP,
  /** Between any node and a backend host. */
  HOST;

  static final int COUNT = values().length;

  /** The tests of each node. */
  static final int OF_NODE = PADDED.ordinal() + 1;

  /**
   * A wider explanation has to be better by so much: what is shared by many is watched by many, and
   * seldom breaks in part.
   */
  double priorNats() {
    return switch (this) {
      case OUTER, INNER -> -2;
      case VIP, FROM_PROBER, TO_PROBER -> -3;
      default -> 0;
    };
  }

  /** Of both directions together: each. */
  List<LossSide> parts(Tier tier) {
    return switch (this) {
      case OUTER -> List.of(FORWARD_IN, REPLY_OUT);
      case INNER -> tier == Tier.EIP ? List.of(FORWARD_OUT, REPLY_IN) : List.of();
      default -> List.of();
    };
  }

  /** It can lose everything: then another class of fault says so, and this one nothing. */
  boolean totalIsAnotherFault() {
    return this == FROM_PROBER || this == TO_PROBER || this == HOST;
  }

  /** The component's name in verdicts. */
  String component(String name, Network network) {
    boolean edge = network.hasTiers() && network.tierOf(name) == Tier.EIP;
    String outer = network.hasTiers() && !edge ? "eips" : "probers";
    String inner = edge ? "clbs" : "backends";
    return switch (this) {
      case FORWARD_IN -> outer + "->" + name;
      case REPLY_OUT -> name + "->" + outer;
      case OUTER -> outer + "<->" + name;
      case FORWARD_OUT -> name + "->" + inner;
      case REPLY_IN -> inner + "->" + name;
      case INNER -> name + "<->" + inner;
      case INSIDE -> name;
      case PADDED -> outer + "->" + name + " (padded)";
      case FROM_PROBER -> name + "->gateways";
      case TO_PROBER -> "gateways->" + name;
      case VIP -> "probers->" + name;
      case HOST -> "gateways<->" + name;
    };
  }

  /** The names at the two ends of a component. */
  static List<String> ends(String component) {
    String bare =
        component.endsWith(" (padded)")
            ? component.substring(0, component.length() - 9)
            : component;
    int at = bare.indexOf("->");
    if (at < 0) {
      return List.of(bare);
    }
    boolean both = at > 0 && bare.charAt(at - 1) == '<';
    return List.of(bare.substring(0, both ? at - 1 : at), bare.substring(at + 2));
  }
}
