package io.dyetrace.storage.embedded;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the engine said about a statement it refused, with ClickHouse's error code. */
final class EngineException extends Exception {
  static final int ILLEGAL_TYPE_OR_UNSUPPORTED = 48;
  static final int AUTHENTICATION_FAILED = 516;
  static final int TOO_MANY_SIMULTANEOUS_QUERIES = 202;
  static final int REQUEST_TOO_LARGE = 307;
  static final int MEMORY_LIMIT_EXCEEDED = 241;
  static final int CANNOT_DECOMPRESS = 271;

  private static final long serialVersionUID = 1L;
  private static final Pattern CODE = Pattern.compile("\\s*Code: (\\d+)\\.");

  private final int code;

  private EngineException(int code, String message) {
    super(message);
    this.code = code;
  }

  /** From the engine's own text, {@code Code: 60. DB::Exception: …}. */
  static EngineException ofEngine(String text) {
    Matcher m = CODE.matcher(text);
    return new EngineException(m.lookingAt() ? Integer.parseInt(m.group(1)) : 1, text.strip());
  }

  /** One of the HTTP interface's own, in the engine's form. */
  static EngineException of(int code, String message) {
    return new EngineException(code, "Code: " + code + ". DB::Exception: " + message);
  }

  int code() {
    return code;
  }

  /** The status ClickHouse's HTTP interface gives to such an error. */
  int httpStatus() {
    return switch (code) {
      case 60, 81 -> 404;
      case AUTHENTICATION_FAILED, 192, 193, 194, 497 -> 403;
      case REQUEST_TOO_LARGE -> 413;
      case TOO_MANY_SIMULTANEOUS_QUERIES -> 503;
      case ILLEGAL_TYPE_OR_UNSUPPORTED -> 501;
      case 159 -> 408;
      case 6, 26, 27, 36, 38, 41, 43, 46, 47, 53, 62, 115, 117, 164, 271, 456, 457 -> 400;
      default -> 500;
    };
  }
}
