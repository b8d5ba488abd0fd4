package io.dyetrace.storage.embedded;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import io.dyetrace.storage.wire.Lz4Frames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A request of ClickHouse's HTTP interface, read: the statement, its settings, and how the answer
 * is wanted.
 */
final class HttpRequest {
  /** URL parameters that are the interface's own; every other is a setting of the engine. */
  private static final Set<String> INTERFACE_PARAMETERS =
      Set.of(
          "query",
          "query_id",
          "database",
          "default_format",
          "user",
          "password",
          "quota_key",
          "compress",
          "decompress",
          "buffer_size",
          "wait_end_of_query",
          "stacktrace",
          "role",
          "session_id",
          "session_timeout",
          "session_check",
          "close_session",
          "client_protocol_version",
          "enable_http_compression",
          "http_zlib_compression_level",
          "http_native_compression_disable_checksumming_on_decompress");

  private final Map<String, String> parameters;
  private final Headers headers;
  private final boolean readOnly;
  private final byte[] statement;

  private HttpRequest(
      Map<String, String> parameters, Headers headers, boolean readOnly, byte[] statement) {
    this.parameters = parameters;
    this.headers = headers;
    this.readOnly = readOnly;
    this.statement = statement;
  }

  /**
   * Reads a request to its end.
   *
   * @throws EngineException when it is too large, damaged, or asks for what the embedded engine has
   *     not
   */
  static HttpRequest read(HttpExchange exchange, long maxBytes)
      throws IOException, EngineException {
    Map<String, String> parameters = parameters(exchange.getRequestURI().getRawQuery());
    if (parameters.containsKey("session_id")) {
      throw EngineException.of(
          EngineException.ILLEGAL_TYPE_OR_UNSUPPORTED,
          "session_id: the embedded engine keeps no HTTP sessions");
    }
    byte[] prefix = parameters.getOrDefault("query", "").getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream statement = new ByteArrayOutputStream(prefix.length + 1024);
    statement.write(prefix);
    if (prefix.length > 0) {
      statement.write('\n');
    }
    copy(body(exchange, parameters), statement, maxBytes);
    // gzip may stop before the last chunk; until its end is read the request counts as arriving.
    exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
    return new HttpRequest(
        parameters,
        exchange.getRequestHeaders(),
        exchange.getRequestMethod().equals("GET") || exchange.getRequestMethod().equals("HEAD"),
        statement.toByteArray());
  }

  private static InputStream body(HttpExchange exchange, Map<String, String> parameters)
      throws IOException, EngineException {
    InputStream in = exchange.getRequestBody();
    String encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      if (!encoding.equalsIgnoreCase("gzip")) {
        throw EngineException.of(
            EngineException.ILLEGAL_TYPE_OR_UNSUPPORTED,
            "Content-Encoding '" + encoding + "': the embedded engine takes gzip");
      }
      in = new GZIPInputStream(in, 64 * 1024);
    }
    return "1".equals(parameters.get("decompress")) ? Lz4Frames.unpacking(in) : in;
  }

  private static void copy(InputStream in, ByteArrayOutputStream out, long maxBytes)
      throws EngineException {
    byte[] buffer = new byte[64 * 1024];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (out.size() + (long) n > maxBytes) {
          throw EngineException.of(
              EngineException.REQUEST_TOO_LARGE,
              "the request is larger than " + maxBytes + " bytes (max_request_mib)");
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      throw EngineException.of(
          EngineException.CANNOT_DECOMPRESS,
          "the request's body cannot be read: " + e.getMessage());
    }
  }

  private static Map<String, String> parameters(@Nullable String query) throws EngineException {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query == null) {
      return parameters;
    }
    for (String pair : query.split("&")) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      try {
        parameters.put(
            URLDecoder.decode(name, StandardCharsets.UTF_8),
            URLDecoder.decode(value, StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        throw EngineException.of(36, "URL parameter '" + pair + "': " + e.getMessage());
      }
    }
    return parameters;
  }

  /** Statement and data, as the engine takes them. */
  byte[] statement() {
    return statement;
  }

  /** GET must not change anything. */
  boolean readOnly() {
    return readOnly;
  }

  /** What the engine is told before the statement. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(parameters);
    settings.keySet().removeAll(INTERFACE_PARAMETERS);
    return settings;
  }

  @Nullable String database() {
    return firstOf("database", "X-ClickHouse-Database");
  }

  /** The format of a result whose statement names none. */
  String defaultFormat() {
    String format = firstOf("default_format", "X-ClickHouse-Format");
    return format == null ? "TabSeparated" : format;
  }

  @Nullable String queryId() {
    return firstOf("query_id", "X-ClickHouse-Query-Id");
  }

  boolean wantsLz4Frames() {
    return "1".equals(parameters.get("compress"));
  }

  boolean wantsGzip() {
    String accepted = headers.getFirst("Accept-Encoding");
    String enabled = parameters.get("enable_http_compression");
    return ("1".equals(enabled) || "true".equals(enabled))
        && accepted != null
        && accepted.toLowerCase(Locale.ROOT).contains("gzip");
  }

  /** The request names this user and password, by header, URL or basic authentication. */
  boolean isFrom(String user, String password) {
    String givenUser = firstOf("user", "X-ClickHouse-User");
    String givenPassword = firstOf("password", "X-ClickHouse-Key");
    String authorization = headers.getFirst("Authorization");
    if (authorization != null && authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
      String decoded;
      try {
        decoded =
            new String(
                Base64.getDecoder().decode(authorization.substring(6).strip()),
                StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        return false;
      }
      int colon = decoded.indexOf(':');
      givenUser = colon < 0 ? decoded : decoded.substring(0, colon);
      givenPassword = colon < 0 ? "" : decoded.substring(colon + 1);
    }
    return user.equals(givenUser == null ? "default" : givenUser)
        && java.security.MessageDigest.isEqual(
            password.getBytes(StandardCharsets.UTF_8),
            (givenPassword == null ? "" : givenPassword).getBytes(StandardCharsets.UTF_8));
  }

  private @Nullable String firstOf(String parameter, String header) {
    String value = parameters.get(parameter);
    if (value == null) {
      value = headers.getFirst(header);
    }
    return value == null || value.isEmpty() ? null : value;
  }
}
