// Generated from common/src/main/registry/directions.tsv by 'make registry'.
package io.dyetrace.common.registry;

import org.jspecify.annotations.Nullable;

/** Which way a packet travelled. Codes never change meaning. */
public enum Direction {
  /** From the client towards the backend. */
  FORWARD(1, "from the client towards the backend"),
  /** From the backend towards the client. */
  REPLY(2, "from the backend towards the client");

  private static final @Nullable Direction[] BY_CODE = byCode();

  private final int code;
  private final String description;

  Direction(int code, String description) {
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
  public static @Nullable Direction fromCode(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
  public static String nameOf(int code) {
    Direction known = fromCode(code);
    return known == null ? "CODE_" + code : known.name();
  }

  private static @Nullable Direction[] byCode() {
    @Nullable Direction[] all = new @Nullable Direction[3];
    for (Direction value : values()) {
      all[value.code] = value;
    }
    return all;
  }
}
