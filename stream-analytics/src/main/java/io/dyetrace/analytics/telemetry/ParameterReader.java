package io.dyetrace.analytics.telemetry;

import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.Schema;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads changes of the detection's parameters. What the configuration file could not say is refused
 * as it would be there, with key and reason.
 */
public final class ParameterReader {
  /** Every key set and commented on is a tenth of it. */
  static final int MOST_BYTES = 32_768;

  private static final Pattern SCOPE =
      Pattern.compile("[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}");

  private ParameterReader() {}

  static Telemetry read(Position position, byte[] key, byte[] value) {
    try {
      String scope = text(key);
      if (!scope.equals(Schema.ALL_CLUSTERS) && !SCOPE.matcher(scope).matches()) {
        throw new ConfigException("key: neither region/cluster nor " + Schema.ALL_CLUSTERS);
      }
      if (value.length > MOST_BYTES) {
        throw new ConfigException(value.length + " bytes are more than " + MOST_BYTES);
      }
      return new ParameterChange(
          scope, position, scope, value.length == 0 ? "" : normal(text(value), scope));
    } catch (CharacterCodingException e) {
      return new Unreadable(position, key, value, Reason.UNPARSABLE, "not UTF-8");
    } catch (ConfigException e) {
      String why = String.valueOf(e.getMessage());
      return new Unreadable(position, key, value, Reason.IMPOSSIBLE_VALUE, why);
    }
  }

  /**
   * The document without what says nothing.
   *
   * @throws ConfigException when the detector's configuration could not be so
   */
  public static String normal(String document, String origin) {
    StrictYaml.parse(document, origin, DetectorConfig.class);
    return StrictYaml.merge(List.of(document), origin);
  }

  private static String text(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }
}
