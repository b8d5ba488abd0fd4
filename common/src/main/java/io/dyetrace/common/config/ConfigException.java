package io.dyetrace.common.config;

/**
 * A configuration that cannot be used. The message names the file, the key, the value and the
 * limit.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
