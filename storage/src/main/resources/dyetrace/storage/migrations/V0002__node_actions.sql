-- What a gateway node did beside passing packets on. NULL: the gateway did not tell, as those of before never did.

ALTER TABLE node_counters
    ADD COLUMN IF NOT EXISTS colour_recognised Nullable(UInt64) COMMENT 'replies known by their initial sequence number, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS handed_over Nullable(UInt64) COMMENT 'packets handed from the worker that received them to another, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS icmp_errors_sent Nullable(UInt64) COMMENT 'ICMP errors sent, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS packets_made Nullable(UInt64) COMMENT 'packets made here: requests, answers, copies for other workers, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS packets_consumed Nullable(UInt64) COMMENT 'packets used up here, neither sent nor dropped, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS toa_told Nullable(UInt64) COMMENT 'sessions whose server was told the client''s address, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS toa_late Nullable(UInt64) COMMENT 'of these told after the SYN, which had no room, since boot' CODEC(Delta, ZSTD(3)),
    ADD COLUMN IF NOT EXISTS toa_untold Nullable(UInt64) COMMENT 'sessions that ended untold, since boot' CODEC(Delta, ZSTD(3));
