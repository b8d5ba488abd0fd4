// Generated from common/src/main/registry/tiers.tsv by 'make registry'.
package io.dyetrace.common.registry;

import org.jspecify.annotations.Nullable;

/** A stage of the gateway a packet passes. Codes never change meaning. */
public enum Tier {
  /** Stateless address translation at the edge. */
  EIP(1, "stateless address translation at the edge"),
  /** Stateful load balancing. */
  CLB(2, "stateful load balancing");

  private static final @Nullable Tier[] BY_CODE = byCode();

  private final int code;
  private final String description;

  Tier(int code, String description) {
    this.code = code;
    this.description = description;
  }

  /** The number that records, the telemetry file and ClickHouse carry. */
  public int code() {
    return code;
  }

  /** What it means, in words an operator can read. */
  public String description() {
    return description;
  }

  /**
   * Returns the constant with a code, or null when there is none: a record may come from a newer
   * version.
   */
  public static @Nullable Tier fromCode(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
  public static String nameOf(int code) {
    Tier known = fromCode(code);
    return known == null ? "CODE_" + code : known.name();
  }

  private static @Nullable Tier[] byCode() {
    @Nullable Tier[] all = new @Nullable Tier[3];
    for (Tier value : values()) {
      all[value.code] = value;
    }
    return all;
  }
}
