package io.dyetrace.storage.embedded;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.MetricsConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The embedded engine's configuration.
 *
 * @param listen where the HTTP interface answers
 * @param dataDirectory where tables live; made when it is not there; one process at a time
 * @param user who may ask, when a password is set
 * @param password empty: anybody who reaches the address may ask
 * @param library libchdb.so; left out: build/chdb/libchdb.so of the checkout
 * @param maxMemoryMib what the engine's queries, merges and caches may hold together
 * @param maxQueryMemoryMib what one query may hold
 * @param maxConcurrentQueries statements at a time; others wait up to 10 s
 * @param maxRequestMib the largest statement with its data, unpacked
 * @param maxRequestTime within which a request must have arrived whole; its connection is cut then
 * @param maxExecutionTime of a statement that does not set its own
 * @param metrics where metrics and health are served; left out: nowhere
 */
public record EmbeddedConfig(
    HostPort listen,
    Path dataDirectory,
    String user,
    String password,
    Path library,
    Integer maxMemoryMib,
    Integer maxQueryMemoryMib,
    Integer maxConcurrentQueries,
    Integer maxRequestMib,
    Duration maxRequestTime,
    Duration maxExecutionTime,
    @Nullable MetricsConfig metrics) {

  /** Sets defaults and checks. */
  public EmbeddedConfig(
      @Nullable HostPort listen,
      @Nullable Path dataDirectory,
      @Nullable String user,
      @Nullable String password,
      @Nullable Path library,
      @Nullable Integer maxMemoryMib,
      @Nullable Integer maxQueryMemoryMib,
      @Nullable Integer maxConcurrentQueries,
      @Nullable Integer maxRequestMib,
      @Nullable Duration maxRequestTime,
      @Nullable Duration maxExecutionTime,
      @Nullable MetricsConfig metrics) {
    this.listen = Check.orDefault(listen, new HostPort("127.0.0.1", 8123));
    this.dataDirectory =
        Check.required("data_directory", dataDirectory).toAbsolutePath().normalize();
    this.user = Check.orDefault(user, "default");
    this.password = Check.orDefault(password, "");
    this.library = library == null ? defaultLibrary() : library.toAbsolutePath();
    this.maxMemoryMib =
        Check.range("max_memory_mib", Check.orDefault(maxMemoryMib, 640), 256, 1 << 20);
    this.maxQueryMemoryMib =
        Check.range("max_query_memory_mib", Check.orDefault(maxQueryMemoryMib, 400), 64, 1 << 20);
    this.maxConcurrentQueries =
        Check.range("max_concurrent_queries", Check.orDefault(maxConcurrentQueries, 8), 1, 256);
    this.maxRequestMib =
        Check.range("max_request_mib", Check.orDefault(maxRequestMib, 32), 1, 1024);
    this.maxRequestTime =
        Check.range(
            "max_request_time",
            Check.orDefault(maxRequestTime, Duration.ofSeconds(30)),
            Duration.ofSeconds(1),
            Duration.ofHours(1));
    this.maxExecutionTime =
        Check.range(
            "max_execution_time",
            Check.orDefault(maxExecutionTime, Duration.ofSeconds(60)),
            Duration.ofSeconds(1),
            Duration.ofHours(1));
    this.metrics = metrics;
  }

  /** The defaults on a data directory. */
  static EmbeddedConfig on(Path dataDirectory, HostPort listen) {
    return new EmbeddedConfig(
        listen, dataDirectory, null, null, null, null, null, null, null, null, null, null);
  }

  /** Shows everything but the password. */
  @Override
  public String toString() {
    return "EmbeddedConfig[listen=" + listen + ", dataDirectory=" + dataDirectory + "]";
  }

  /**
   * What the engine is booted with: it has the machine for itself nowhere, so its pools are small.
   */
  List<String> serverSettings() {
    return List.of(
        "--max_server_memory_usage=" + (maxMemoryMib.longValue() << 20),
        "--mark_cache_size=" + (32L << 20),
        "--uncompressed_cache_size=0",
        "--index_mark_cache_size=" + (8L << 20),
        "--mmap_cache_size=0",
        "--background_pool_size=2",
        "--background_merges_mutations_concurrency_ratio=2",
        "--background_move_pool_size=1",
        "--background_fetches_pool_size=1",
        "--background_common_pool_size=2",
        "--background_schedule_pool_size=4",
        "--background_buffer_flush_schedule_pool_size=1",
        "--background_message_broker_schedule_pool_size=1",
        "--background_distributed_schedule_pool_size=1",
        "--max_thread_pool_size=200",
        "--max_io_thread_pool_size=8",
        "--max_active_parts_loading_thread_pool_size=2");
  }

  /** Finds build/chdb/libchdb.so in dyetrace.home, or else upwards from the working directory. */
  static Path defaultLibrary() {
    Path relative = Path.of("build", "chdb", "libchdb.so");
    String home = System.getProperty("dyetrace.home");
    if (home != null) {
      return Path.of(home).resolve(relative);
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at.resolve(relative))) {
        return at.resolve(relative);
      }
    }
    throw new ConfigException(
        "library: no build/chdb/libchdb.so here or above; scripts/setup fetches it");
  }
}
