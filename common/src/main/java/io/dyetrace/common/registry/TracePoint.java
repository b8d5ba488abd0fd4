// Generated from common/src/main/registry/trace_points.tsv by 'make registry'.
package io.dyetrace.common.registry;

import org.jspecify.annotations.Nullable;

/** Where in the gateway a coloured packet was stamped. Codes never change meaning. */
public enum TracePoint {
  /** Received from the port. */
  RX(1, "always", "received from the port"),
  /** The colour was verified. */
  COLOUR(2, "detail", "the colour was verified"),
  /** The destination was found to be a VIP. */
  VIP_LOOKUP(3, "detail", "the destination was found to be a VIP"),
  /** Handed to the worker that owns the flow. */
  DISPATCH(4, "detail", "handed to the worker that owns the flow"),
  /** A session was found or made. */
  SESSION(5, "detail", "a session was found or made"),
  /** A backend was chosen. */
  BACKEND(6, "detail", "a backend was chosen"),
  /** Addresses and ports were rewritten. */
  NAT(7, "detail", "addresses and ports were rewritten"),
  /** Encapsulated for the next hop. */
  ENCAP(8, "detail", "encapsulated for the next hop"),
  /** Handed to the port for sending. */
  TX(9, "always", "handed to the port for sending");

  private static final @Nullable TracePoint[] BY_CODE = byCode();

  private final int code;
  private final String stamped;
  private final String description;

  TracePoint(int code, String stamped, String description) {
    this.code = code;
    this.stamped = stamped;
    this.description = description;
  }

  /** The number that records, the telemetry file and ClickHouse carry. */
  public int code() {
    return code;
  }

  /** {@code always}, or {@code detail}: only when the colour asks for it. */
  public String stamped() {
    return stamped;
  }

  /** What it means, in words an operator can read. */
  public String description() {
    return description;
  }

  /**
   * Returns the constant with a code, or null when there is none: a record may come from a newer
   * version.
   */
  public static @Nullable TracePoint fromCode(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
  public static String nameOf(int code) {
    TracePoint known = fromCode(code);
    return known == null ? "CODE_" + code : known.name();
  }

  private static @Nullable TracePoint[] byCode() {
    @Nullable TracePoint[] all = new @Nullable TracePoint[10];
    for (TracePoint value : values()) {
      all[value.code] = value;
    }
    return all;
  }
}
