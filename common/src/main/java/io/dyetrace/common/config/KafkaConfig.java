package io.dyetrace.common.config;

/**
 * The {@code kafka} block.
 *
 * @param bootstrapServers {@code host:port}, several separated by commas
 */
public record KafkaConfig(String bootstrapServers) {
  /** Checks every address. */
  public KafkaConfig {
    Check.required("bootstrap_servers", bootstrapServers);
    for (String server : bootstrapServers.split(",", -1)) {
      HostPort.parse(server.strip());
    }
  }
}
