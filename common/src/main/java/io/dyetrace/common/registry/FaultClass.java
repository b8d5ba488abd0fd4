// Generated from common/src/main/registry/fault_classes.tsv by 'make registry'.
package io.dyetrace.common.registry;

import org.jspecify.annotations.Nullable;

/** What a verdict says is broken. Codes never change meaning. */
public enum FaultClass {
  /** The node's points and heartbeat stop while probes towards it still leave and die. */
  NODE_CRASH(
      1,
      "critical",
      "the node's points and heartbeat stop while probes towards it still leave and die"),
  /**
   * The node still stamps, but delays packets, stops polling for moments, or loses packets before
   * RX.
   */
  NODE_JITTER(
      2,
      "warning",
      "the node still stamps, but delays packets, stops polling for moments, or loses "
          + "packets before RX"),
  /** Limits surge on one node across VIPs. */
  NODE_OVERLOAD(3, "critical", "limits surge on one node across VIPs"),
  /** Limits surge on one VIP across nodes. */
  VIP_OVERLOAD(4, "warning", "limits surge on one VIP across nodes"),
  /** New-connection and malformed drops surge on one VIP across nodes. */
  VIP_ATTACK(5, "critical", "new-connection and malformed drops surge on one VIP across nodes"),
  /**
   * Verified probes meet no VIP, no backend or no tunnel on some nodes and not on their siblings.
   */
  CONFIG_ERROR(
      6,
      "critical",
      "verified probes meet no VIP, no backend or no tunnel on some nodes and not on "
          + "their siblings"),
  /** Packets sent towards one backend get no reply, or a RST, across nodes. */
  BACKEND_DOWN(
      7, "critical", "packets sent towards one backend get no reply, or a RST, across nodes"),
  /** Probes vanish between two stamps in proportion to one link or ECMP bucket. */
  LINK_LOSS(
      8, "warning", "probes vanish between two stamps in proportion to one link or ECMP bucket"),
  /** Everything one prober sends fails, nothing anyone else sends does. */
  PROBER_FAULT(9, "warning", "everything one prober sends fails, nothing anyone else sends does"),
  /**
   * Stamps, heartbeats or results stop although probes succeed: the telemetry is broken, not the
   * network.
   */
  NO_DATA(
      10,
      "warning",
      "stamps, heartbeats or results stop although probes succeed: the telemetry is "
          + "broken, not the network");

  private static final @Nullable FaultClass[] BY_CODE = byCode();

  private final int code;
  private final String severity;
  private final String description;

  FaultClass(int code, String severity, String description) {
    this.code = code;
    this.severity = severity;
    this.description = description;
  }

  /** The number that records, the telemetry file and ClickHouse carry. */
  public int code() {
    return code;
  }

  /** {@code critical} or {@code warning}. */
  public String severity() {
    return severity;
  }

  /** What it means, in words an operator can read. */
  public String description() {
    return description;
  }

  /**
   * Returns the constant with a code, or null when there is none: a record may come from a newer
   * version.
   */
  public static @Nullable FaultClass fromCode(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
  public static String nameOf(int code) {
    FaultClass known = fromCode(code);
    return known == null ? "CODE_" + code : known.name();
  }

  private static @Nullable FaultClass[] byCode() {
    @Nullable FaultClass[] all = new @Nullable FaultClass[11];
    for (FaultClass value : values()) {
      all[value.code] = value;
    }
    return all;
  }
}
