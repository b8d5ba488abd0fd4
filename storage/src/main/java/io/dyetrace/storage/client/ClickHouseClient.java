package io.dyetrace.storage.client;

import io.dyetrace.storage.wire.Lz4Frames;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * Asks ClickHouse over its HTTP interface: the embedded engine or a server.
 *
 * <pre>{@code
 * ClickHouseClient client = new ClickHouseClient("http://127.0.0.1:8123", "dyetrace", "default", "");
 * String rows = client.query("SELECT point, count() FROM trace_points GROUP BY point");
 * }</pre>
 *
 * Errors: {@link ClickHouseException} when ClickHouse answered with one, another {@link
 * IOException} when it did not answer.
 */
public final class ClickHouseClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

  private final HttpClient http;
  private final String url;
  private final String database;
  private final String user;
  private final String password;
  private final Duration timeout;

  /** Asks with the default time-out. */
  public ClickHouseClient(String url, String database, String user, String password) {
    this(url, database, user, password, DEFAULT_TIMEOUT);
  }

  /**
   * Asks.
   *
   * @param database empty: the server's default
   * @param timeout for the answer to begin
   */
  public ClickHouseClient(
      String url, String database, String user, String password, Duration timeout) {
    this(
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build(),
        url.endsWith("/") ? url : url + "/",
        database,
        user,
        password,
        timeout);
  }

  private ClickHouseClient(
      HttpClient http,
      String url,
      String database,
      String user,
      String password,
      Duration timeout) {
    this.http = http;
    this.url = url;
    this.database = database;
    this.user = user;
    this.password = password;
    this.timeout = timeout;
  }

  /** The same server, another database. */
  public ClickHouseClient inDatabase(String other) {
    return new ClickHouseClient(http, url, other, user, password, timeout);
  }

  /** The server's URL. */
  public String url() {
    return url;
  }

  /** Runs a statement and returns its result, tab-separated unless it names a format. */
  public String query(String sql) throws IOException, InterruptedException {
    return query(sql, Map.of());
  }

  /** The same with settings. */
  public String query(String sql, Map<String, String> settings)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        send(settings, BodyPublishers.ofString(sql, StandardCharsets.UTF_8));
    try (InputStream body = response.body()) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /**
   * A result as it comes.
   *
   * @param format of the body, empty when there is none
   */
  public record Result(InputStream body, String format) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /** Runs a statement and returns its result as it comes; the caller closes it. */
  public Result stream(String sql, Map<String, String> settings)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        send(settings, BodyPublishers.ofString(sql, StandardCharsets.UTF_8));
    return new Result(
        response.body(), response.headers().firstValue("X-ClickHouse-Format").orElse(""));
  }

  /**
   * Runs an INSERT whose data is given in ClickHouse's compressed frames.
   *
   * @param sql up to and including the FORMAT clause
   */
  public void insert(String sql, byte[] frames, Map<String, String> settings)
      throws IOException, InterruptedException {
    Map<String, String> parameters = new TreeMap<>(settings);
    parameters.put("query", sql);
    parameters.put("decompress", "1");
    try (InputStream body = send(parameters, BodyPublishers.ofByteArray(frames)).body()) {
      body.readAllBytes();
    }
  }

  /** Runs a statement that may be large and hold any bytes, compressed on the way. */
  public void execute(byte[] sql, Map<String, String> settings)
      throws IOException, InterruptedException {
    Map<String, String> parameters = new TreeMap<>(settings);
    parameters.put("decompress", "1");
    parameters.put("max_query_size", Integer.toString(sql.length + 1));
    byte[] frames = Lz4Frames.pack(sql, sql.length);
    try (InputStream body = send(parameters, BodyPublishers.ofByteArray(frames)).body()) {
      body.readAllBytes();
    }
  }

  /** The server answers. */
  public boolean isReachable() throws InterruptedException {
    try {
      return "1".equals(inDatabase("").query("SELECT 1").strip());
    } catch (IOException e) {
      return false;
    }
  }

  private HttpResponse<InputStream> send(
      Map<String, String> parameters, HttpRequest.BodyPublisher body)
      throws IOException, InterruptedException {
    StringBuilder query = new StringBuilder();
    Map<String, String> all = new TreeMap<>(parameters);
    if (!database.isEmpty()) {
      all.putIfAbsent("database", database);
    }
    all.forEach(
        (name, value) ->
            query
                .append(query.length() == 0 ? '?' : '&')
                .append(URLEncoder.encode(name, StandardCharsets.UTF_8))
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + query))
            .timeout(timeout)
            .header("X-ClickHouse-User", user)
            .header("X-ClickHouse-Key", password)
            .POST(body)
            .build();
    HttpResponse<InputStream> response;
    try {
      response = http.send(request, BodyHandlers.ofInputStream());
    } catch (ConnectException e) {
      throw new ConnectException("ClickHouse does not answer at " + url);
    }
    if (response.statusCode() != 200) {
      try (InputStream error = response.body()) {
        String text = new String(error.readAllBytes(), StandardCharsets.UTF_8).strip();
        int code =
            response
                .headers()
                .firstValue("X-ClickHouse-Exception-Code")
                .filter(c -> c.matches("\\d{1,6}"))
                .map(Integer::parseInt)
                .orElse(0);
        throw new ClickHouseException(
            code,
            response.statusCode(),
            text.isEmpty() ? "HTTP status " + response.statusCode() + " from " + url : text);
      }
    }
    return response;
  }
}
