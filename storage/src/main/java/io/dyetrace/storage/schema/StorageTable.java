package io.dyetrace.storage.schema;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.Alternative;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.ProbeKey;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.storage.row.DropCounterRow;
import io.dyetrace.storage.row.MeshLatencyRow;
import io.dyetrace.storage.row.NodeCounterRow;
import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.row.VerdictRow;
import io.dyetrace.storage.row.VipCounterRow;
import io.dyetrace.storage.row.WorkerCounterRow;
import io.dyetrace.storage.wire.RowBinary;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tables that rows go into: columns, how a row becomes a line of RowBinary, and the natural key
 * that no two rows of a table share.
 *
 * <p>Ordered by how urgent their rows are.
 */
public enum StorageTable {
  VERDICTS(
      "verdicts",
      List.of("occurrence_id", "revision"),
      new Columns<VerdictRow>()
          .time(StorageRow::timeNs)
          .string("fault_id", r -> r.verdict().getFaultId())
          .string("occurrence_id", r -> r.verdict().getOccurrenceId())
          .int32("revision", r -> r.verdict().getRevision())
          .enumeration("class", "fault_class", r -> r.verdict().getFaultClass())
          .enumeration("component_kind", "ComponentKind", r -> r.verdict().getComponentKindValue())
          .string("component", r -> r.verdict().getComponent())
          .enumeration("state", "VerdictState", r -> r.verdict().getStateValue())
          .time("first_bad_time", r -> r.verdict().getFirstBadNs())
          .time("detected_time", r -> r.verdict().getDetectedNs())
          .add("resolved_time", "Nullable(DateTime64(9, 'UTC'))", StorageTable::writeResolved)
          .float64("confidence", r -> r.verdict().getConfidence())
          .add(
              "alternatives",
              "Array(Tuple(String, String, String, Float64))",
              StorageTable::writeAlternatives)
          .add(
              "evidence",
              "Array(Tuple(String, String, Float64, Float64, UInt64))",
              StorageTable::writeEvidence)
          .add("sample_probes", "Array(Tuple(UInt16, UInt32))", StorageTable::writeSampleProbes)
          .string("evidence_sql", r -> r.verdict().getEvidenceSql())
          .strings("affected_vips", r -> r.verdict().getAffectedVipsList())
          .float64("affected_probe_share", r -> r.verdict().getAffectedProbeShare())
          .strings("healthy_siblings", r -> r.verdict().getHealthySiblingsList())
          .string("region", r -> r.verdict().getRegion())
          .string("zone", r -> r.verdict().getZone())
          .string("rack", r -> r.verdict().getRack())
          .string("cluster", r -> r.verdict().getCluster())),
  NODE_COUNTERS(
      "node_counters",
      List.of("node", "boot_id", "ring_sequence"),
      new Columns<NodeCounterRow>()
          .time(StorageRow::timeNs)
          .sender(NodeCounterRow::location, NodeCounterRow::bootId)
          .int64("ring_sequence", r -> r.counters().getRingSequence())
          .enumeration("state", "NodeState", r -> r.counters().getStateValue())
          .int32("config_version", r -> r.counters().getConfigVersion())
          .int32("topology_version", r -> r.counters().getTopologyVersion())
          .int64("sessions", r -> r.counters().getSessions())
          .int64("session_capacity", r -> r.counters().getSessionCapacity())
          .int64("mempool_used", r -> r.counters().getMempoolUsed())
          .int64("mempool_size", r -> r.counters().getMempoolSize())
          .int64("points_lost", r -> r.counters().getPointsLost())
          .int64("rx_missed", r -> r.counters().getRxMissed())
          .int64("rx_packets", r -> r.counters().getRxPackets())
          .int64("tx_packets", r -> r.counters().getTxPackets())
          .int64("colour_verified", r -> r.counters().getColourVerified())
          .int64("colour_forged", r -> r.counters().getColourForged())
          .int64("colour_replayed", r -> r.counters().getColourReplayed())
          .int64("colour_capped", r -> r.counters().getColourCapped())
          .int64("colour_other_epoch", r -> r.counters().getColourOtherEpoch())
          .nullableInt64("colour_recognised", r -> action(r, NodeActions::getColourRecognised))
          .nullableInt64("handed_over", r -> action(r, NodeActions::getHandedOver))
          .nullableInt64("icmp_errors_sent", r -> action(r, NodeActions::getIcmpErrorsSent))
          .nullableInt64("packets_made", r -> action(r, NodeActions::getPacketsMade))
          .nullableInt64("packets_consumed", r -> action(r, NodeActions::getPacketsConsumed))
          .nullableInt64("toa_told", r -> action(r, NodeActions::getToaTold))
          .nullableInt64("toa_late", r -> action(r, NodeActions::getToaLate))
          .nullableInt64("toa_untold", r -> action(r, NodeActions::getToaUntold))),
  PROBES(
      "probes",
      List.of("prober_id", "boot_id", "probe_sequence", "outcome"),
      new Columns<ProbeRow>()
          .time(StorageRow::timeNs)
          .string("prober", r -> r.location().getNode())
          .int16("prober_id", ProbeRow::proberId)
          .int64("boot_id", ProbeRow::bootId)
          .int32("probe_sequence", r -> r.result().getProbeSequence())
          .int64("round", r -> r.result().getRound())
          .place(ProbeRow::location)
          .string("target", r -> r.result().getTarget())
          .address("target_address", r -> r.result().getTargetAddress())
          .int16("target_port", r -> r.result().getTargetPort())
          .address("source_address", r -> r.result().getSourceAddress())
          .int16("source_port", r -> r.result().getSourcePort())
          .enumeration("outcome", "ProbeOutcome", r -> r.result().getOutcomeValue())
          .int64("rtt_ns", r -> rttNs(r.result()))
          .bool("reset_sent", r -> r.result().getResetSent())
          .address("icmp_sender", r -> r.result().getIcmpSender())
          .int8("icmp_type", r -> r.result().getIcmpType())
          .int8("icmp_code", r -> r.result().getIcmpCode())
          .int16("padding_bytes", r -> r.result().getPaddingBytes())
          .string("error", r -> r.result().getError())),
  TRACE_POINTS(
      "trace_points",
      List.of("node", "boot_id", "worker", "ring_sequence"),
      new Columns<PointRow>()
          .time(StorageRow::timeNs)
          .sender(PointRow::location, PointRow::bootId)
          .int16("worker", r -> r.point().getWorker())
          .int64("ring_sequence", r -> r.point().getRingSequence())
          .enumeration("tier", "tier", r -> r.point().getTier())
          .enumeration("point", "trace_point", r -> r.point().getPoint())
          .enumeration("reason", "drop_reason", r -> r.point().getReason())
          .enumeration("direction", "direction", r -> r.point().getDirection())
          .string("vip", r -> r.point().getVip())
          .string("backend", r -> r.point().getBackend())
          .address("source_address", r -> r.point().getSourceAddress())
          .address("destination_address", r -> r.point().getDestinationAddress())
          .int16("source_port", r -> r.point().getSourcePort())
          .int16("destination_port", r -> r.point().getDestinationPort())
          .int8("protocol", r -> r.point().getProtocol())
          .int8("tcp_flags", r -> r.point().getTcpFlags())
          .int32("packet_bytes", r -> r.point().getPacketBytes())
          .enumeration("key_state", "ProbeKeyState", r -> r.point().getKeyStateValue())
          .int16("prober_id", r -> r.point().getProberId())
          .int32("probe_sequence", r -> r.point().getProbeSequence())
          .bool("reset", r -> r.point().getReset())
          .int64("dwell_ns", r -> r.point().getDwellNs())
          .int32("sample_weight", r -> Math.max(1, r.point().getSampleWeight()))),
  VIP_COUNTERS(
      "vip_counters",
      List.of("node", "boot_id", "ring_sequence", "vip", "direction"),
      new Columns<VipCounterRow>()
          .time(StorageRow::timeNs)
          .sender(VipCounterRow::location, VipCounterRow::bootId)
          .int64("ring_sequence", r -> r.counters().getRingSequence())
          .string("vip", r -> r.counters().getVip())
          .enumeration("direction", "direction", r -> r.counters().getDirection())
          .int64("packets", r -> r.counters().getPackets())
          .int64("bytes", r -> r.counters().getBytes())
          .int64("new_sessions", r -> r.counters().getNewSessions())
          .int64("sessions", r -> r.counters().getSessions())),
  DROP_COUNTERS(
      "drop_counters",
      List.of("node", "boot_id", "ring_sequence", "vip", "reason"),
      new Columns<DropCounterRow>()
          .time(StorageRow::timeNs)
          .sender(DropCounterRow::location, DropCounterRow::bootId)
          .int64("ring_sequence", r -> r.counters().getRingSequence())
          .string("vip", r -> r.counters().getVip())
          .enumeration("reason", "drop_reason", r -> r.counters().getReason())
          .int64("packets", r -> r.counters().getPackets())
          .int64("bytes", r -> r.counters().getBytes())),
  WORKER_COUNTERS(
      "worker_counters",
      List.of("node", "boot_id", "ring_sequence", "worker"),
      new Columns<WorkerCounterRow>()
          .time(StorageRow::timeNs)
          .sender(WorkerCounterRow::location, WorkerCounterRow::bootId)
          .int64("ring_sequence", r -> r.counters().getRingSequence())
          .int16("worker", r -> r.counters().getWorker())
          .int64("longest_poll_gap_ns", r -> r.counters().getLongestPollGapNs())
          .int64("rx_packets", r -> r.counters().getRxPackets())
          .int64("tx_packets", r -> r.counters().getTxPackets())
          .int32("ring_used", r -> r.counters().getRingUsed())
          .int32("ring_capacity", r -> r.counters().getRingCapacity())
          .int64("points_written", r -> r.counters().getPointsWritten())
          .int64("points_lost", r -> r.counters().getPointsLost())),
  MESH_LATENCY(
      "mesh_latency",
      List.of("series_id", "time"),
      new Columns<MeshLatencyRow>()
          .time(StorageRow::timeNs)
          .time("start_time", r -> r.latency().getStartTimeNs())
          .int64("series_id", r -> r.latency().getSeriesId())
          .string("region", r -> r.latency().getRegion())
          .string("zone", r -> r.latency().getZone())
          .string("instance", r -> r.latency().getInstance())
          .string("source_service", r -> r.latency().getSourceService())
          .string("destination_service", r -> r.latency().getDestinationService())
          .string("protocol", r -> r.latency().getProtocol())
          .string("metric", r -> r.latency().getMetric())
          .string("side", r -> r.latency().getSide())
          .string("operation", r -> r.latency().getOperation())
          .string("status", r -> r.latency().getStatus())
          .string("scenario", r -> r.latency().getScenario())
          .int64("count", r -> r.latency().getCount())
          .int64("sum_ns", r -> r.latency().getSumNs())
          .int64s("bucket_bounds_ns", r -> r.latency().getBucketBoundsNsList())
          .int64s("bucket_counts", r -> r.latency().getBucketCountsList()));

  private final String tableName;
  private final List<String> key;
  private final Columns<? extends StorageRow> columns;

  StorageTable(String tableName, List<String> key, Columns<? extends StorageRow> columns) {
    this.tableName = tableName;
    this.key = key;
    this.columns = columns;
  }

  /** The table that a row belongs into. */
  public static StorageTable of(StorageRow row) {
    if (row instanceof ProbeRow) {
      return PROBES;
    } else if (row instanceof PointRow) {
      return TRACE_POINTS;
    } else if (row instanceof NodeCounterRow) {
      return NODE_COUNTERS;
    } else if (row instanceof VipCounterRow) {
      return VIP_COUNTERS;
    } else if (row instanceof DropCounterRow) {
      return DROP_COUNTERS;
    } else if (row instanceof WorkerCounterRow) {
      return WORKER_COUNTERS;
    } else if (row instanceof VerdictRow) {
      return VERDICTS;
    }
    return MESH_LATENCY;
  }

  /** Its name in ClickHouse. */
  public String tableName() {
    return tableName;
  }

  /** The columns that no two rows share. */
  public List<String> key() {
    return key;
  }

  /** Appends a row of this table. */
  public void write(StorageRow row, RowBinary out) {
    columns.write(row, out);
  }

  /** The statement before the rows' bytes. */
  public String insertSql() {
    return "INSERT INTO " + tableName + " (" + columns.names() + ") FORMAT RowBinary";
  }

  /**
   * A whole statement that inserts the rows whose key the table does not hold.
   *
   * <p>The rows stand in it as a literal: the table function {@code format} is what the embedded
   * engine and a server both have.
   *
   * @param rows in RowBinary
   * @param leastTimeNs no row is earlier
   * @param mostTimeNs no row is later
   */
  public byte[] insertMissingSql(byte[] rows, long leastTimeNs, long mostTimeNs) {
    List<Column<? extends StorageRow>> keyColumns =
        columns.list.stream()
            .filter(c -> key.contains(c.name()))
            .collect(Collectors.toUnmodifiableList());
    String keyOfRow = keyColumns.stream().map(Column::name).collect(Collectors.joining(", "));
    String keyInTable =
        keyColumns.stream().map(Column::asWireType).collect(Collectors.joining(", "));
    String before =
        "INSERT INTO %s (%s) WITH batch AS (SELECT * FROM format(RowBinary, '%s', '"
            .formatted(tableName, columns.names(), columns.structure().replace("'", "\\'"));
    // Only keys of the batch's own rows are held, however many the time range has.
    String after =
        """
        ')) SELECT %1$s FROM batch WHERE (%2$s) NOT IN (SELECT %3$s FROM %4$s \
        WHERE time >= fromUnixTimestamp64Nano(%5$d, 'UTC') AND time <= fromUnixTimestamp64Nano(%6$d, 'UTC') \
        AND (%3$s) IN (SELECT %2$s FROM batch))"""
            .formatted(columns.names(), keyOfRow, keyInTable, tableName, leastTimeNs, mostTimeNs);
    ByteArrayOutputStream sql =
        new ByteArrayOutputStream(before.length() + rows.length * 9 / 8 + after.length());
    sql.writeBytes(before.getBytes(StandardCharsets.UTF_8));
    for (byte b : rows) {
      switch (b) {
        case '\\', '\'' -> {
          sql.write('\\');
          sql.write(b);
        }
        case 0 -> {
          sql.write('\\');
          sql.write('0');
        }
        default -> sql.write(b);
      }
    }
    sql.writeBytes(after.getBytes(StandardCharsets.UTF_8));
    return sql.toByteArray();
  }

  /** The columns that hold an enumeration, with its type. */
  Map<String, Enumerations.Enumeration> enumerations() {
    return columns.list.stream()
        .filter(c -> c.enumeration() != null)
        .collect(
            Collectors.toMap(
                Column::name, c -> Enumerations.named(Objects.requireNonNull(c.enumeration()))));
  }

  private static long rttNs(ProbeResult result) {
    if (result.getRttNs() != 0 || result.getReceivedTimeNs() == 0) {
      return result.getRttNs();
    }
    return Math.max(0, result.getReceivedTimeNs() - result.getSentTimeNs());
  }

  private static @Nullable Long action(NodeCounterRow row, ToLongFunction<NodeActions> count) {
    return row.counters().hasActions() ? count.applyAsLong(row.counters().getActions()) : null;
  }

  private static void writeResolved(VerdictRow row, RowBinary out) {
    Verdict verdict = row.verdict();
    boolean resolved = verdict.getState() == VerdictState.RESOLVED && verdict.getResolvedNs() != 0;
    out.bool(!resolved);
    if (resolved) {
      out.int64(verdict.getResolvedNs());
    }
  }

  private static void writeAlternatives(VerdictRow row, RowBinary out) {
    out.count(row.verdict().getAlternativesCount());
    for (Alternative alternative : row.verdict().getAlternativesList()) {
      out.string(Enumerations.named("fault_class").nameOf(alternative.getFaultClass()));
      out.string(Enumerations.named("ComponentKind").nameOf(alternative.getComponentKindValue()));
      out.string(alternative.getComponent());
      out.float64(alternative.getConfidence());
    }
  }

  private static void writeEvidence(VerdictRow row, RowBinary out) {
    out.count(row.verdict().getEvidenceCount());
    for (Evidence evidence : row.verdict().getEvidenceList()) {
      out.string(evidence.getSummary());
      out.string(evidence.getMeasure());
      out.float64(evidence.getValue());
      out.float64(evidence.getBaseline());
      out.int64(evidence.getObservations());
    }
  }

  private static void writeSampleProbes(VerdictRow row, RowBinary out) {
    out.count(row.verdict().getSampleProbesCount());
    for (ProbeKey probe : row.verdict().getSampleProbesList()) {
      out.int16(probe.getProberId());
      out.int32(probe.getProbeSequence());
    }
  }

  private static final class Columns<R extends StorageRow> {
    private static final String TIME = "DateTime64(9, 'UTC')";

    private final List<Column<R>> list = new ArrayList<>();

    Columns<R> add(String name, String wireType, BiConsumer<R, RowBinary> write) {
      list.add(new Column<>(name, wireType, null, write));
      return this;
    }

    Columns<R> time(ToLongFunction<R> value) {
      return time("time", value);
    }

    Columns<R> time(String name, ToLongFunction<R> value) {
      return add(name, TIME, (r, out) -> out.int64(value.applyAsLong(r)));
    }

    Columns<R> string(String name, Function<R, String> value) {
      return add(name, "String", (r, out) -> out.string(value.apply(r)));
    }

    Columns<R> strings(String name, Function<R, List<String>> value) {
      return add(
          name,
          "Array(String)",
          (r, out) -> {
            List<String> strings = value.apply(r);
            out.count(strings.size());
            strings.forEach(out::string);
          });
    }

    Columns<R> int64s(String name, Function<R, List<Long>> value) {
      return add(
          name,
          "Array(UInt64)",
          (r, out) -> {
            List<Long> numbers = value.apply(r);
            out.count(numbers.size());
            numbers.forEach(out::int64);
          });
    }

    Columns<R> int8(String name, ToIntFunction<R> value) {
      return add(name, "UInt8", (r, out) -> out.int8(value.applyAsInt(r)));
    }

    Columns<R> int16(String name, ToIntFunction<R> value) {
      return add(name, "UInt16", (r, out) -> out.int16(value.applyAsInt(r)));
    }

    Columns<R> int32(String name, ToIntFunction<R> value) {
      return add(name, "UInt32", (r, out) -> out.int32(value.applyAsInt(r)));
    }

    Columns<R> int64(String name, ToLongFunction<R> value) {
      return add(name, "UInt64", (r, out) -> out.int64(value.applyAsLong(r)));
    }

    /** Null where the value is not known. */
    Columns<R> nullableInt64(String name, Function<R, @Nullable Long> value) {
      return add(
          name,
          "Nullable(UInt64)",
          (r, out) -> {
            Long known = value.apply(r);
            out.bool(known == null);
            if (known != null) {
              out.int64(known);
            }
          });
    }

    Columns<R> float64(String name, ToDoubleFunction<R> value) {
      return add(name, "Float64", (r, out) -> out.float64(value.applyAsDouble(r)));
    }

    Columns<R> bool(String name, Predicate<R> value) {
      return add(name, "Bool", (r, out) -> out.bool(value.test(r)));
    }

    Columns<R> address(String name, Function<R, ByteString> value) {
      return add(name, "IPv6", (r, out) -> out.address(value.apply(r)));
    }

    Columns<R> enumeration(String name, String enumeration, ToIntFunction<R> code) {
      Enumerations.Enumeration type = Enumerations.named(enumeration);
      boolean wide = type.type().startsWith("Enum16");
      list.add(
          new Column<>(
              name,
              wide ? "Int16" : "Int8",
              enumeration,
              (r, out) -> {
                int storable = type.storable(code.applyAsInt(r));
                if (wide) {
                  out.int16(storable);
                } else {
                  out.int8(storable);
                }
              }));
      return this;
    }

    Columns<R> sender(Function<R, Location> location, ToLongFunction<R> bootId) {
      return string("node", r -> location.apply(r).getNode())
          .int64("boot_id", bootId)
          .place(location);
    }

    Columns<R> place(Function<R, Location> location) {
      return string("region", r -> location.apply(r).getRegion())
          .string("zone", r -> location.apply(r).getZone())
          .string("rack", r -> location.apply(r).getRack())
          .string("cluster", r -> location.apply(r).getCluster());
    }

    String names() {
      return list.stream().map(Column::name).collect(Collectors.joining(", "));
    }

    String structure() {
      return list.stream()
          .map(c -> c.name() + " " + c.wireType())
          .collect(Collectors.joining(", "));
    }

    @SuppressWarnings("unchecked") // StorageTable.of chose the table by the row's class
    void write(StorageRow row, RowBinary out) {
      R typed = (R) row;
      for (Column<R> column : list) {
        column.write().accept(typed, out);
      }
    }
  }
}
