package io.dyetrace.common.config;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks for the compact constructors of configuration records. Messages show key, value and limit.
 */
public final class Check {
  /** As long as the telemetry file has room for. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private Check() {}

  /** Returns the value, which must be there. */
  public static <T> T required(String key, @Nullable T value) {
    if (value == null) {
      throw new ConfigException(key + ": missing");
    }
    return value;
  }

  /** Returns the value, or the default when the key was left out. */
  public static <T> T orDefault(@Nullable T value, T defaultValue) {
    return value == null ? defaultValue : value;
  }

  /** Returns the value, which must lie in [least, most]. */
  public static long range(String key, long value, long least, long most) {
    if (value < least || value > most) {
      throw new ConfigException(key + ": " + value + " is not within " + least + " and " + most);
    }
    return value;
  }

  /** Returns the value, which must lie in [least, most]. */
  public static int range(String key, int value, int least, int most) {
    return (int) range(key, (long) value, least, most);
  }

  /** Returns the value, which must lie in [least, most]. */
  public static double range(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new ConfigException(key + ": " + value + " is not within " + least + " and " + most);
    }
    return value;
  }

  /** Returns the value, which must lie in [least, most]. */
  public static Duration range(String key, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new ConfigException(key + ": " + value + " is not within " + least + " and " + most);
    }
    return value;
  }

  /**
   * Returns the name, which must be there and be one of a component: it ends up in labels, topics
   * and file names.
   */
  public static String name(String key, @Nullable String name) {
    String given = required(key, name);
    if (!NAME.matcher(given).matches()) {
      throw new ConfigException(
          key
              + ": '"
              + given
              + "' is not a name: up to 63 of a-z, A-Z, 0-9, '.', '_' and '-', the first a letter or digit");
    }
    return given;
  }
}
