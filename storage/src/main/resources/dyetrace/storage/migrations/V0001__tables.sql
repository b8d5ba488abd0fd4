-- The tables of the first release. Names in ${…} are filled in by the migration runner: enumerations from the registry, so that an
-- older file makes the newest types, and the retention. Every statement may be run again.

CREATE TABLE IF NOT EXISTS probes
(
    time DateTime64(9, 'UTC') COMMENT 'when the SYN left, from the capture interface' CODEC(Delta, T64('bit'), ZSTD(3)),
    prober LowCardinality(String) COMMENT 'the prober''s name',
    prober_id UInt16 COMMENT 'the number in the colour; with probe_sequence the probe''s key' CODEC(ZSTD(3)),
    boot_id UInt64 COMMENT 'start of the prober''s process, milliseconds since the epoch' CODEC(ZSTD(3)),
    probe_sequence UInt32 COMMENT 'counts this prober''s probes' CODEC(Delta, ZSTD(3)),
    round UInt64 COMMENT 'cycle of the schedule since the prober started' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the prober',
    zone LowCardinality(String) COMMENT 'of the prober',
    rack LowCardinality(String) COMMENT 'of the prober',
    cluster LowCardinality(String) COMMENT 'of the prober',
    target LowCardinality(String) COMMENT 'the target''s name, usually a VIP''s',
    target_address IPv6 COMMENT 'as sent; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(3)),
    target_port UInt16 COMMENT 'as sent' CODEC(ZSTD(3)),
    source_address IPv6 COMMENT 'the prober''s' CODEC(ZSTD(3)),
    source_port UInt16 COMMENT 'another for each probe of a cycle: it picks the ECMP path' CODEC(ZSTD(3)),
    outcome ${enum:ProbeOutcome} COMMENT 'what came back' CODEC(ZSTD(3)),
    rtt_ns UInt64 COMMENT 'round-trip time in nanoseconds, from capture timestamps; 0: nothing came back' CODEC(T64, ZSTD(3)),
    received_time DateTime64(9, 'UTC') ALIAS if(rtt_ns = 0, toDateTime64(0, 9, 'UTC'), addNanoseconds(time, rtt_ns)) COMMENT 'when the answer came; 1970 when none did',
    reset_sent Bool COMMENT 'the prober sent its coloured RST' CODEC(ZSTD(3)),
    icmp_sender IPv6 COMMENT 'ICMP_UNREACHABLE: who said so' CODEC(ZSTD(3)),
    icmp_type UInt8 COMMENT 'ICMP_UNREACHABLE: the message''s type' CODEC(ZSTD(3)),
    icmp_code UInt8 COMMENT 'ICMP_UNREACHABLE: the message''s code' CODEC(ZSTD(3)),
    padding_bytes UInt16 COMMENT 'payload of the SYN in bytes' CODEC(ZSTD(3)),
    error LowCardinality(String) COMMENT 'SEND_ERROR and ABANDONED: why',
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (target, prober, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'One row a probe result. Key: (prober_id, boot_id, probe_sequence, outcome). A late SYN-ACK is a second row beside its TIMEOUT.';

CREATE TABLE IF NOT EXISTS trace_points
(
    time DateTime64(9, 'UTC') COMMENT 'when the packet passed, CLOCK_REALTIME of the gateway' CODEC(Delta, ZSTD(3)),
    node LowCardinality(String) COMMENT 'the gateway node''s name',
    boot_id UInt64 COMMENT 'start of the gateway''s process, nanoseconds since the epoch' CODEC(ZSTD(3)),
    worker UInt16 COMMENT 'number of the packet worker' CODEC(ZSTD(3)),
    ring_sequence UInt64 COMMENT 'counts this worker''s points; a gap is a lost point' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the node',
    zone LowCardinality(String) COMMENT 'of the node',
    rack LowCardinality(String) COMMENT 'of the node',
    cluster LowCardinality(String) COMMENT 'of the node',
    tier ${enum:tier} COMMENT 'which tier of the gateway' CODEC(ZSTD(3)),
    point ${enum:trace_point} COMMENT 'where in the gateway' CODEC(ZSTD(3)),
    reason ${enum:drop_reason} COMMENT 'why the packet died here; NONE: it passed' CODEC(ZSTD(3)),
    direction ${enum:direction} COMMENT 'FORWARD towards the backend, REPLY back' CODEC(ZSTD(3)),
    vip LowCardinality(String) COMMENT 'empty: the packet met none',
    backend LowCardinality(String) COMMENT 'empty: none was chosen',
    source_address IPv6 COMMENT 'as received; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(3)),
    destination_address IPv6 COMMENT 'as received' CODEC(ZSTD(3)),
    source_port UInt16 COMMENT 'as received' CODEC(ZSTD(3)),
    destination_port UInt16 COMMENT 'as received' CODEC(ZSTD(3)),
    protocol UInt8 COMMENT 'IANA protocol number' CODEC(ZSTD(3)),
    tcp_flags UInt8 COMMENT 'as received: 2 SYN, 4 RST, 16 ACK' CODEC(ZSTD(3)),
    packet_bytes UInt32 COMMENT 'size of the packet in bytes' CODEC(ZSTD(3)),
    key_state ${enum:ProbeKeyState} COMMENT 'KEY_VERIFIED: a probe; KEY_SAMPLED: an ordinary packet' CODEC(ZSTD(3)),
    prober_id UInt16 COMMENT 'with probe_sequence the probe''s key' CODEC(ZSTD(3)),
    probe_sequence UInt32 COMMENT 'with prober_id the probe''s key' CODEC(Delta, ZSTD(3)),
    reset Bool COMMENT 'the packet is a prober''s RST' CODEC(ZSTD(3)),
    dwell_ns UInt64 COMMENT 'time in the gateway so far, nanoseconds' CODEC(T64, ZSTD(3)),
    sample_weight UInt32 COMMENT 'the row stands for so many packets' CODEC(ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1,
    INDEX probe_sequence_range probe_sequence TYPE minmax GRANULARITY 1,
    PROJECTION drops_by_hour
    (
        SELECT toStartOfHour(time) AS hour, reason, vip, node, count() AS points, sum(sample_weight) AS packets
        GROUP BY hour, reason, vip, node
    )
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (reason, vip, node, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'One row a trace point (reason NONE) or drop point. Key: (node, boot_id, worker, ring_sequence).';

CREATE VIEW IF NOT EXISTS drop_points AS
SELECT * FROM trace_points WHERE reason != 'NONE'
COMMENT 'The drop points among trace_points.';

CREATE VIEW IF NOT EXISTS drops_hourly AS
SELECT toStartOfHour(time) AS hour, reason, vip, node, count() AS points, sum(sample_weight) AS packets
FROM trace_points
WHERE reason != 'NONE'
GROUP BY hour, reason, vip, node
COMMENT 'Drop points and the packets they stand for, by hour, reason, VIP and node; answered from a roll-up within trace_points.';

CREATE TABLE IF NOT EXISTS node_counters
(
    time DateTime64(9, 'UTC') COMMENT 'when the gateway wrote them' CODEC(DoubleDelta, ZSTD(3)),
    node LowCardinality(String) COMMENT 'the gateway node''s name',
    boot_id UInt64 COMMENT 'start of the gateway''s process, nanoseconds since the epoch' CODEC(ZSTD(3)),
    ring_sequence UInt64 COMMENT 'counts this ring''s records' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the node',
    zone LowCardinality(String) COMMENT 'of the node',
    rack LowCardinality(String) COMMENT 'of the node',
    cluster LowCardinality(String) COMMENT 'of the node',
    state ${enum:NodeState} COMMENT 'what the node says of itself' CODEC(ZSTD(3)),
    config_version UInt32 COMMENT 'of the gateway''s configuration' CODEC(ZSTD(3)),
    topology_version UInt32 COMMENT 'of the topology the gateway was told' CODEC(ZSTD(3)),
    sessions UInt64 COMMENT 'sessions now' CODEC(T64, ZSTD(3)),
    session_capacity UInt64 COMMENT 'sessions that fit' CODEC(ZSTD(3)),
    mempool_used UInt64 COMMENT 'packet buffers in use now' CODEC(T64, ZSTD(3)),
    mempool_size UInt64 COMMENT 'packet buffers there are' CODEC(ZSTD(3)),
    points_lost UInt64 COMMENT 'points that found their ring full, since boot' CODEC(Delta, ZSTD(3)),
    rx_missed UInt64 COMMENT 'packets the port lost before RX, since boot' CODEC(Delta, ZSTD(3)),
    rx_packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    tx_packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    colour_verified UInt64 COMMENT 'packets with a colour that verified, since boot' CODEC(Delta, ZSTD(3)),
    colour_forged UInt64 COMMENT 'colours that did not verify, since boot' CODEC(Delta, ZSTD(3)),
    colour_replayed UInt64 COMMENT 'colours seen before, since boot' CODEC(Delta, ZSTD(3)),
    colour_capped UInt64 COMMENT 'verified colours over the cap, since boot' CODEC(Delta, ZSTD(3)),
    colour_other_epoch UInt64 COMMENT 'verified colours of the epoch before or after: clock skew, since boot' CODEC(Delta, ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (node, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'The gateway nodes'' heartbeat, each second. Counts are cumulative since boot. Key: (node, boot_id, ring_sequence).';

CREATE TABLE IF NOT EXISTS vip_counters
(
    time DateTime64(9, 'UTC') COMMENT 'when the gateway wrote them' CODEC(DoubleDelta, ZSTD(3)),
    node LowCardinality(String) COMMENT 'the gateway node''s name',
    boot_id UInt64 COMMENT 'start of the gateway''s process, nanoseconds since the epoch' CODEC(ZSTD(3)),
    ring_sequence UInt64 COMMENT 'counts this ring''s records' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the node',
    zone LowCardinality(String) COMMENT 'of the node',
    rack LowCardinality(String) COMMENT 'of the node',
    cluster LowCardinality(String) COMMENT 'of the node',
    vip LowCardinality(String) COMMENT 'the VIP''s name',
    direction ${enum:direction} COMMENT 'FORWARD towards the backend, REPLY back' CODEC(ZSTD(3)),
    packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    bytes UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    new_sessions UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    sessions UInt64 COMMENT 'sessions now' CODEC(T64, ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (vip, node, direction, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'Traffic of a VIP on a node, each second. Counts are cumulative since boot. Key: (node, boot_id, ring_sequence, vip, direction).';

CREATE TABLE IF NOT EXISTS drop_counters
(
    time DateTime64(9, 'UTC') COMMENT 'when the gateway wrote them' CODEC(DoubleDelta, ZSTD(3)),
    node LowCardinality(String) COMMENT 'the gateway node''s name',
    boot_id UInt64 COMMENT 'start of the gateway''s process, nanoseconds since the epoch' CODEC(ZSTD(3)),
    ring_sequence UInt64 COMMENT 'counts this ring''s records' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the node',
    zone LowCardinality(String) COMMENT 'of the node',
    rack LowCardinality(String) COMMENT 'of the node',
    cluster LowCardinality(String) COMMENT 'of the node',
    vip LowCardinality(String) COMMENT 'empty: the packets met none',
    reason ${enum:drop_reason} COMMENT 'why the packets died' CODEC(ZSTD(3)),
    packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    bytes UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (reason, vip, node, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'All drops by reason, VIP and node, each second: exact, where drop points are samples. Counts are cumulative since boot. Key: (node, boot_id, ring_sequence, vip, reason).';

CREATE TABLE IF NOT EXISTS worker_counters
(
    time DateTime64(9, 'UTC') COMMENT 'when the gateway wrote them' CODEC(DoubleDelta, ZSTD(3)),
    node LowCardinality(String) COMMENT 'the gateway node''s name',
    boot_id UInt64 COMMENT 'start of the gateway''s process, nanoseconds since the epoch' CODEC(ZSTD(3)),
    ring_sequence UInt64 COMMENT 'counts this ring''s records' CODEC(Delta, ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the node',
    zone LowCardinality(String) COMMENT 'of the node',
    rack LowCardinality(String) COMMENT 'of the node',
    cluster LowCardinality(String) COMMENT 'of the node',
    worker UInt16 COMMENT 'number of the packet worker' CODEC(ZSTD(3)),
    longest_poll_gap_ns UInt64 COMMENT 'longest time between two polls since the row before, nanoseconds, deliberate sleep excluded' CODEC(T64, ZSTD(3)),
    rx_packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    tx_packets UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    ring_used UInt32 COMMENT 'records in the telemetry ring now' CODEC(T64, ZSTD(3)),
    ring_capacity UInt32 COMMENT 'records it holds' CODEC(ZSTD(3)),
    points_written UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    points_lost UInt64 COMMENT 'since boot' CODEC(Delta, ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (node, worker, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'A gateway''s packet workers, each second. Key: (node, boot_id, ring_sequence, worker).';

CREATE TABLE IF NOT EXISTS verdicts
(
    time DateTime64(9, 'UTC') COMMENT 'event time of this revision: detected_time, or resolved_time once resolved' CODEC(Delta, ZSTD(3)),
    fault_id String COMMENT 'class and component: NODE_CRASH/gw-2' CODEC(ZSTD(3)),
    occurrence_id String COMMENT 'fault_id and when it was first bad' CODEC(ZSTD(3)),
    revision UInt32 COMMENT '1, 2, 3 … per occurrence' CODEC(ZSTD(3)),
    class ${enum:fault_class} COMMENT 'the fault''s class' CODEC(ZSTD(3)),
    component_kind ${enum:ComponentKind} COMMENT 'what kind of thing is broken' CODEC(ZSTD(3)),
    component String COMMENT 'its name' CODEC(ZSTD(3)),
    state ${enum:VerdictState} COMMENT 'OPEN, UPDATED or RESOLVED' CODEC(ZSTD(3)),
    first_bad_time DateTime64(9, 'UTC') COMMENT 'event time of the first sign' CODEC(Delta, ZSTD(3)),
    detected_time DateTime64(9, 'UTC') COMMENT 'event time of the verdict' CODEC(Delta, ZSTD(3)),
    resolved_time Nullable(DateTime64(9, 'UTC')) COMMENT 'event time of the recovery; NULL while it lasts' CODEC(ZSTD(3)),
    confidence Float64 COMMENT '0 to 1' CODEC(ZSTD(3)),
    alternatives Array(Tuple(class String, component_kind String, component String, confidence Float64)) COMMENT 'what else it could be, best first' CODEC(ZSTD(3)),
    evidence Array(Tuple(summary String, measure String, value Float64, baseline Float64, observations UInt64)) COMMENT 'what was measured' CODEC(ZSTD(3)),
    sample_probes Array(Tuple(prober_id UInt16, probe_sequence UInt32)) COMMENT 'keys of probes that show it' CODEC(ZSTD(3)),
    evidence_sql String COMMENT 'a query that shows the evidence' CODEC(ZSTD(3)),
    affected_vips Array(String) COMMENT 'blast radius' CODEC(ZSTD(3)),
    affected_probe_share Float64 COMMENT 'share of all probes hit in the evidence window, 0 to 1' CODEC(ZSTD(3)),
    healthy_siblings Array(String) COMMENT 'components of the same kind that are well' CODEC(ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the component',
    zone LowCardinality(String) COMMENT 'of the component',
    rack LowCardinality(String) COMMENT 'of the component',
    cluster LowCardinality(String) COMMENT 'of the component',
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (occurrence_id, revision)
SETTINGS non_replicated_deduplication_window = ${deduplication_window}
COMMENT 'Every revision of every verdict; kept for ever. Key: (occurrence_id, revision).';

CREATE VIEW IF NOT EXISTS verdicts_current AS
SELECT *
FROM (SELECT * FROM verdicts ORDER BY occurrence_id, revision DESC LIMIT 1 BY occurrence_id)
WHERE state = 'RESOLVED' OR (fault_id, first_bad_time) IN
(
    SELECT fault_id, max(began)
    FROM (SELECT fault_id, argMax(first_bad_time, revision) AS began FROM verdicts GROUP BY fault_id, occurrence_id)
    GROUP BY fault_id
)
COMMENT 'The latest revision of every occurrence. An unresolved one is left out when the same fault_id has an occurrence that was first bad later: a detector keeps one open, so nobody will ever resolve the older.';

CREATE TABLE IF NOT EXISTS mesh_latency
(
    time DateTime64(9, 'UTC') COMMENT 'end of the export interval' CODEC(Delta, ZSTD(3)),
    start_time DateTime64(9, 'UTC') COMMENT 'start of the export interval' CODEC(Delta, ZSTD(3)),
    series_id UInt64 COMMENT 'hash of resource, metric and attributes; with time the row''s key' CODEC(ZSTD(3)),
    region LowCardinality(String) COMMENT 'of the reporting instance',
    zone LowCardinality(String) COMMENT 'of the reporting instance',
    instance LowCardinality(String) COMMENT 'the reporting instance',
    source_service LowCardinality(String) COMMENT 'who calls',
    destination_service LowCardinality(String) COMMENT 'who is called; empty on the server side',
    protocol LowCardinality(String) COMMENT 'http, rpc …',
    metric LowCardinality(String) COMMENT 'the metric''s name in OpenTelemetry',
    side LowCardinality(String) COMMENT 'client or server',
    operation LowCardinality(String) COMMENT 'method and route, or RPC method',
    status LowCardinality(String) COMMENT 'HTTP or RPC status; empty when absent',
    scenario LowCardinality(String) COMMENT 'what the caller names its traffic',
    count UInt64 COMMENT 'requests in the interval' CODEC(T64, ZSTD(3)),
    sum_ns UInt64 COMMENT 'sum of their durations, nanoseconds' CODEC(T64, ZSTD(3)),
    bucket_bounds_ns Array(UInt64) COMMENT 'upper bounds of the buckets, nanoseconds, ascending' CODEC(ZSTD(3)),
    bucket_counts Array(UInt64) COMMENT 'requests in each bucket; one more than bounds, the last has no bound' CODEC(ZSTD(3)),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (source_service, destination_service, operation, time)
TTL toDateTime(time) + INTERVAL ${retention_days} DAY
SETTINGS non_replicated_deduplication_window = ${deduplication_window}, ttl_only_drop_parts = 1
COMMENT 'Request durations of services as histograms over one export interval. Key: (series_id, time).';
