package io.dyetrace.analytics.detect;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Queries over ClickHouse's tables that show what a verdict is made from. Names are those of
 * storage's migrations.
 */
final class EvidenceSql {
  private static final long MARGIN_NS = 5_000_000_000L;

  private EvidenceSql() {}

  /** Second by second: heartbeats and stamps of the node, and the probes no node stamped. */
  static String probesOfNode(Network network, String node, long fromNs, long toNs) {
    return "SELECT toStartOfSecond(p.time) AS second, count() AS probes, countIf(p.outcome IN ('TIMEOUT', 'ICMP_UNREACHABLE')) AS lost,"
        + " countIf(t.node = "
        + quote(node)
        + ") AS stamped_by_node FROM probes AS p LEFT JOIN (SELECT prober_id, probe_sequence, any(node) AS node FROM trace_points WHERE "
        + within("time", fromNs, toNs)
        + " AND key_state = 'KEY_VERIFIED'"
        + ofTier(network, node)
        + " AND point = 'RX' AND direction = 'FORWARD' AND NOT reset GROUP BY prober_id, probe_sequence)"
        + " AS t ON t.prober_id = p.prober_id AND t.probe_sequence = p.probe_sequence WHERE "
        + within("p.time", fromNs, toNs)
        + " GROUP BY second ORDER BY second";
  }

  /** Round trips through the node and through the others, second by second. */
  static String roundTripsOfNode(Network network, String node, long fromNs, long toNs) {
    return "SELECT toStartOfSecond(p.time) AS second, countIf(t.node = "
        + quote(node)
        + ") AS probes, round(quantileIf(0.5)(p.rtt_ns, t.node = "
        + quote(node)
        + ") / 1e6, 1) AS p50_ms, round(maxIf(p.rtt_ns, t.node = "
        + quote(node)
        + ") / 1e6, 1) AS max_ms, round(maxIf(p.rtt_ns, t.node != "
        + quote(node)
        + ") / 1e6, 1) AS others_max_ms FROM probes AS p JOIN (SELECT prober_id, probe_sequence, any(node) AS node FROM trace_points"
        + " WHERE "
        + within("time", fromNs, toNs)
        + " AND key_state = 'KEY_VERIFIED'"
        + ofTier(network, node)
        + " AND point = 'RX' AND direction = 'FORWARD' AND NOT reset GROUP BY prober_id, probe_sequence)"
        + " AS t ON t.prober_id = p.prober_id AND t.probe_sequence = p.probe_sequence WHERE "
        + within("p.time", fromNs, toNs)
        + " AND p.outcome = 'SYN_ACK' GROUP BY second ORDER BY second";
  }

  static String probesOfProber(String prober, long fromNs, long toNs) {
    return "SELECT prober, target, outcome, count() AS probes FROM probes WHERE "
        + within("time", fromNs, toNs)
        + " GROUP BY prober, target, outcome ORDER BY prober = "
        + quote(prober)
        + " DESC, prober, target, outcome";
  }

  /** What became of a VIP's probes over each source port. */
  static String portsOfVip(String vip, long fromNs, long toNs) {
    return "SELECT prober, source_port, count() AS probes, countIf(outcome IN ('TIMEOUT', 'ICMP_UNREACHABLE')) AS lost FROM probes WHERE "
        + within("time", fromNs, toNs)
        + " AND target = "
        + quote(vip)
        + " GROUP BY prober, source_port HAVING lost > 0 ORDER BY lost DESC, prober, source_port";
  }

  static String pointsOfBackends(Collection<String> backends, long fromNs, long toNs) {
    return "SELECT backend, node, countIf(direction = 'FORWARD' AND point = 'TX') AS sent, countIf(direction = 'REPLY' AND point = 'RX')"
        + " AS replies FROM trace_points WHERE "
        + within("time", fromNs, toNs)
        + " AND key_state = 'KEY_VERIFIED' AND NOT reset AND backend IN ("
        + quote(backends)
        + ") GROUP BY backend, node ORDER BY backend, node";
  }

  static String dropsOfProbes(List<JudgedProbe> dropped, long fromNs, long toNs) {
    List<String> nodes = dropped.stream().map(JudgedProbe::node).distinct().sorted().toList();
    return "SELECT node, reason, count() AS probes FROM trace_points WHERE "
        + within("time", fromNs, toNs)
        + " AND reason != 'NONE' AND key_state = 'KEY_VERIFIED' AND NOT reset AND node IN ("
        + quote(nodes)
        + ") GROUP BY node, reason ORDER BY probes DESC";
  }

  static String limitDropsOfVip(String vip, long fromNs, long toNs) {
    return "SELECT node, reason, max(packets) - min(packets) AS packets FROM drop_counters WHERE "
        + within("time", fromNs, toNs)
        + " AND vip = "
        + quote(vip)
        + " GROUP BY node, boot_id, reason ORDER BY packets DESC";
  }

  static String limitDropsOfNode(String node, long fromNs, long toNs) {
    return "SELECT vip, reason, max(packets) - min(packets) AS packets FROM drop_counters WHERE "
        + within("time", fromNs, toNs)
        + " AND node = "
        + quote(node)
        + " GROUP BY vip, boot_id, reason ORDER BY packets DESC";
  }

  /** What could be read of the malformed packets, sampled. */
  static String malformedDrops(Collection<String> nodes, long fromNs, long toNs) {
    return "SELECT node, reason, destination_address, destination_port, uniqExact(source_address) AS sources, sum(sample_weight) AS packets"
        + " FROM drop_points WHERE "
        + within("time", fromNs, toNs)
        + " AND node IN ("
        + quote(nodes)
        + ") AND (startsWith(toString(reason), 'MALFORMED_') OR reason = 'BAD_CHECKSUM')"
        + " GROUP BY node, reason, destination_address, destination_port ORDER BY packets DESC";
  }

  static String heartbeats(Collection<String> nodes, long fromNs, long toNs) {
    return "SELECT node, max(time) AS last_heartbeat, count() AS heartbeats FROM node_counters WHERE "
        + within("time", fromNs, toNs)
        + " AND node IN ("
        + quote(nodes)
        + ") GROUP BY node ORDER BY node";
  }

  /** Second by second: which members of a rack or zone beat, stamped or sent. */
  static String signsOfLife(Place place, long fromNs, long toNs) {
    String of = place.kind.name().toLowerCase(Locale.ROOT) + " = " + quote(place.name);
    return "SELECT toStartOfSecond(time) AS second, uniqExact(node) AS members, groupUniqArray(node) AS alive FROM"
        + " (SELECT time, node FROM node_counters WHERE "
        + within("time", fromNs, toNs)
        + " AND "
        + of
        + " UNION ALL SELECT time, node FROM trace_points WHERE "
        + within("time", fromNs, toNs)
        + " AND "
        + of
        + " UNION ALL SELECT time, prober AS node FROM probes WHERE "
        + within("time", fromNs, toNs)
        + " AND "
        + of
        + ") GROUP BY second ORDER BY second";
  }

  static String proberResults(String prober, long fromNs, long toNs) {
    return "SELECT prober, max(time) AS last_probe, count() AS probes FROM probes WHERE "
        + within("time", fromNs, toNs)
        + " GROUP BY prober ORDER BY prober = "
        + quote(prober)
        + " DESC, prober";
  }

  /** Where every tier stamps a probe: the node's own. */
  private static String ofTier(Network network, String node) {
    return network.hasTiers() ? " AND tier = " + quote(network.tierOf(node).name()) : "";
  }

  private static String within(String column, long fromNs, long toNs) {
    return column
        + " BETWEEN fromUnixTimestamp64Nano("
        + Math.max(0, fromNs - MARGIN_NS)
        + ", 'UTC') AND fromUnixTimestamp64Nano("
        + Math.max(0, toNs + MARGIN_NS)
        + ", 'UTC')";
  }

  private static String quote(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  private static String quote(Collection<String> texts) {
    return texts.stream().map(EvidenceSql::quote).collect(Collectors.joining(", "));
  }
}
