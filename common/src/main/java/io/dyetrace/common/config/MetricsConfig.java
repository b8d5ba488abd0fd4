package io.dyetrace.common.config;

/**
 * The {@code metrics} block.
 *
 * @param listen where metrics and health are served
 */
public record MetricsConfig(HostPort listen) {
  /** Checks that the address is there. */
  public MetricsConfig {
    Check.required("listen", listen);
  }
}
