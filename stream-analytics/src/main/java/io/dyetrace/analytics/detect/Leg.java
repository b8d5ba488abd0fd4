package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;

/** Where a packet is stamped on its way and back: each tier in each direction, in this order. */
enum Leg {
  EIP_FORWARD(Tier.EIP, true),
  CLB_FORWARD(Tier.CLB, true),
  CLB_REPLY(Tier.CLB, false),
  EIP_REPLY(Tier.EIP, false);

  static final int COUNT = values().length;

  private final Tier tier;
  private final boolean forward;

  Leg(Tier tier, boolean forward) {
    this.tier = tier;
    this.forward = forward;
  }

  Tier tier() {
    return tier;
  }

  boolean isForward() {
    return forward;
  }

  /**
   * The leg whose port map tells the node: a stateful tier's replies come back to the node that has
   * the session, a stateless tier's go over any.
   */
  Leg mapped() {
    return this == CLB_REPLY ? CLB_FORWARD : this;
  }

  static Leg of(Tier tier, int direction) {
    boolean forward = direction == Direction.FORWARD.code();
    return switch (tier) {
      case EIP -> forward ? EIP_FORWARD : EIP_REPLY;
      case CLB -> forward ? CLB_FORWARD : CLB_REPLY;
    };
  }
}
