INSERT INTO probes (time, prober, prober_id, boot_id, probe_sequence, target, source_port, outcome, rtt_ns)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + number, 'prober-1', 1, 1, number, if(number % 2 = 0, 'vip-web', 'vip-api'), 20000 + number, if(number % 10 = 9, 'TIMEOUT', 'SYN_ACK'), if(number % 10 = 9, 0, 1000000 + number)
FROM numbers(60);
INSERT INTO trace_points (time, node, boot_id, worker, ring_sequence, point, reason, direction, vip, key_state, dwell_ns, sample_weight)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + intDiv(number, 2), if(number % 4 < 2, 'gw-1', 'gw-2'), 1, 0, number, if(number % 2 = 0, 'RX', 'TX'), 'NONE', 'FORWARD', 'vip-web', 'KEY_VERIFIED', 5000, 1
FROM numbers(120);
INSERT INTO trace_points (time, node, boot_id, worker, ring_sequence, point, reason, direction, vip, key_state, sample_weight, source_address)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + number, 'gw-1', 1, 0, 1000 + number, 'VIP_LOOKUP', 'NO_VIP', 'FORWARD', '', 'KEY_SAMPLED', 100, toIPv6('::ffff:198.18.11.2')
FROM numbers(10);
INSERT INTO node_counters (time, node, boot_id, ring_sequence, state)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + number, 'gw-1', 1, number, 'READY'
FROM numbers(60);
INSERT INTO worker_counters (time, node, boot_id, ring_sequence, worker, longest_poll_gap_ns)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + number, 'gw-1', 1, number, 0, 1000000
FROM numbers(60);
INSERT INTO verdicts (time, fault_id, occurrence_id, revision, class, component_kind, component, state, first_bad_time, detected_time, confidence, evidence, affected_vips)
VALUES ('2026-01-01 00:01:05', 'NODE_CRASH/gw-2', 'NODE_CRASH/gw-2/1', 1, 'NODE_CRASH', 'NODE', 'gw-2', 'OPEN', '2026-01-01 00:01:00', '2026-01-01 00:01:05', 0.99, [('8 of 8 probes lost', 'probes_lost_ratio', 1, 0, 8)], ['vip-web']);
INSERT INTO mesh_latency (time, start_time, series_id, instance, source_service, destination_service, protocol, metric, side, operation, count, sum_ns, bucket_bounds_ns, bucket_counts)
SELECT toDateTime64('2026-01-01 00:01:00', 9, 'UTC') + 5 * number, toDateTime64('2026-01-01 00:00:55', 9, 'UTC') + 5 * number, 7, 'a', 'frontend', 'orders', 'http', 'http.client.request.duration', 'client', 'GET', 10, 30000000, [1000000, 5000000, 10000000], [2, 6, 1, 1]
FROM numbers(12);
