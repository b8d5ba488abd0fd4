package io.dyetrace.storage.embedded;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.dyetrace.storage.wire.Lz4Frames;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ClickHouse's HTTP interface: one request, one statement, in a session of its own with the URL's
 * settings.
 *
 * <p>A SELECT in a format whose pieces can be joined goes out as the engine makes it; everything
 * else is held in the engine's memory, within the query's limit, before its status is known and
 * sent.
 */
final class QueryHandler implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(QueryHandler.class);
  private static final int COPY_BYTES = 128 * 1024;
  private static final int PLAIN_BYTES = 256 * 1024;

  private final Engine engine;
  private final EmbeddedConfig config;
  private final EmbeddedMetrics metrics;
  private final String displayName;

  QueryHandler(Engine engine, EmbeddedConfig config, EmbeddedMetrics metrics, String displayName) {
    this.engine = engine;
    this.config = config;
    this.metrics = metrics;
    this.displayName = displayName;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    long started = System.nanoTime();
    String outcome = "broken_off";
    try {
      outcome = answerOrRefuse(exchange);
      exchange.close();
    } finally {
      // After an IOException the exchange is not closed: that would end a half result as if it were
      // whole. The server cuts the connection.
      metrics.request(outcome, System.nanoTime() - started);
    }
  }

  private String answerOrRefuse(HttpExchange exchange) throws IOException {
    try {
      answer(exchange);
      return "ok";
    } catch (EngineException e) {
      refuse(exchange, e);
      return "refused";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      refuse(
          exchange, EngineException.of(EngineException.TOO_MANY_SIMULTANEOUS_QUERIES, "stopping"));
      return "failed";
    } catch (OutOfMemoryError e) {
      // One request's buffers: the others go on.
      LOG.error("no memory for a request");
      refuse(
          exchange,
          EngineException.of(
              EngineException.MEMORY_LIMIT_EXCEEDED,
              "the HTTP interface has not the memory for this request. (MEMORY_LIMIT_EXCEEDED)"));
      return "failed";
    } catch (RuntimeException e) {
      LOG.error("a request failed", e);
      refuse(exchange, EngineException.of(1, "the HTTP interface failed: " + e));
      return "failed";
    }
  }

  private void answer(HttpExchange exchange)
      throws IOException, EngineException, InterruptedException {
    switch (exchange.getRequestMethod()) {
      case "GET", "HEAD", "POST" -> {}
      default -> {
        plain(exchange, 405, "GET or POST\n");
        return;
      }
    }
    switch (exchange.getRequestURI().getPath()) {
      case "/ping", "/replicas_status" -> plain(exchange, 200, "Ok.\n");
      case "/" -> query(exchange);
      default ->
          plain(exchange, 404, "There is no handle " + exchange.getRequestURI().getPath() + "\n");
    }
  }

  private void query(HttpExchange exchange)
      throws IOException, EngineException, InterruptedException {
    HttpRequest request = HttpRequest.read(exchange, config.maxRequestMib().longValue() << 20);
    if (!config.password().isEmpty() && !request.isFrom(config.user(), config.password())) {
      throw EngineException.of(
          EngineException.AUTHENTICATION_FAILED,
          "Authentication failed: password is incorrect, or there is no user with such name."
              + " (AUTHENTICATION_FAILED)");
    }
    SqlText sql = SqlText.of(request.statement());
    if (sql.isEmpty()) {
      if (request.readOnly()) {
        plain(exchange, 200, "Ok.\n");
        return;
      }
      throw EngineException.of(62, "Syntax error: the statement is empty. (SYNTAX_ERROR)");
    }
    if (sql.touchesHostFiles()) {
      throw EngineException.of(
          EngineException.ILLEGAL_TYPE_OR_UNSUPPORTED,
          "INTO OUTFILE and FROM INFILE are not available over HTTP. (NOT_IMPLEMENTED)");
    }
    SqlText.InsertWithData insert = sql.isInsert() ? sql.insertWithData() : null;
    if (sql.isInsert() && insert == null && sql.callsInput()) {
      throw EngineException.of(
          EngineException.ILLEGAL_TYPE_OR_UNSUPPORTED,
          "input(): the embedded engine has it not; INSERT … FORMAT and the table function format() it has."
              + " (NOT_IMPLEMENTED)");
    }
    if (insert == null && sql.isSeveral()) {
      throw EngineException.of(62, "Syntax error: one statement a request. (SYNTAX_ERROR)");
    }
    String named = sql.format();
    String format = named == null || sql.isInsert() ? request.defaultFormat() : named;
    Headers headers = exchange.getResponseHeaders();
    String queryId = request.queryId();
    headers.set("X-ClickHouse-Query-Id", queryId == null ? UUID.randomUUID().toString() : queryId);
    headers.set("X-ClickHouse-Server-Display-Name", displayName);
    headers.set("X-ClickHouse-Timezone", "UTC");
    try (Engine.Session session = engine.open()) {
      prepare(session, request);
      if (sql.isSelect() && (named != null || !sql.mentionsFormat())) {
        StreamedFormat streamed = StreamedFormat.of(format);
        if (streamed != null && stream(exchange, request, session, format, streamed)) {
          return;
        }
      }
      try (Engine.Result result = run(session, request.statement(), format, insert)) {
        headers.set("X-ClickHouse-Summary", summary(result.statistics()));
        headers.set("X-ClickHouse-Format", format);
        send(exchange, request, result);
      }
    }
  }

  private static Engine.Result run(
      Engine.Session session,
      byte[] statement,
      String format,
      SqlText.@Nullable InsertWithData insert)
      throws EngineException {
    if (insert == null) {
      return session.run(statement, format);
    }
    return session.insert(
        Arrays.copyOf(statement, insert.statementBytes()),
        insert.format(),
        Arrays.copyOfRange(statement, insert.dataOffset(), statement.length));
  }

  private void prepare(Engine.Session session, HttpRequest request) throws EngineException {
    String database = request.database();
    if (database != null) {
      session.run("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`");
    }
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("max_memory_usage", Long.toString(config.maxQueryMemoryMib().longValue() << 20));
    settings.put("max_execution_time", Long.toString(config.maxExecutionTime().toSeconds()));
    settings.put(
        "max_threads", Integer.toString(Math.min(4, Runtime.getRuntime().availableProcessors())));
    settings.put("log_queries", "0");
    // The library takes "1 + 1" for a SELECT; a server does not.
    settings.put("implicit_select", "0");
    settings.putAll(request.settings());
    if (request.readOnly()) {
      settings.put("readonly", "2");
    }
    StringBuilder set = new StringBuilder("SET ");
    settings.forEach(
        (name, value) ->
            set.append(set.length() > 4 ? ", " : "")
                .append(identifier(name))
                .append(" = '")
                .append(value.replace("\\", "\\\\").replace("'", "\\'"))
                .append('\''));
    session.run(set.toString());
  }

  private static String identifier(String name) {
    return name.matches("[A-Za-z_][A-Za-z0-9_]*") ? name : "`" + name.replace("`", "") + "`";
  }

  /** Returns false when the engine does not stream this statement; nothing has run then. */
  private boolean stream(
      HttpExchange exchange,
      HttpRequest request,
      Engine.Session session,
      String format,
      StreamedFormat streamed)
      throws IOException, EngineException {
    Engine.Stream opened;
    try {
      opened = session.stream(request.statement(), format);
    } catch (EngineException e) {
      if (e.getMessage() != null && e.getMessage().contains("Streaming query is not supported")) {
        return false;
      }
      throw e;
    }
    try (Engine.Stream stream = opened) {
      // The first piece comes before the status: most errors show themselves by then.
      Engine.Chunk piece = stream.next();
      Headers headers = exchange.getResponseHeaders();
      headers.set("X-ClickHouse-Summary", summary(Engine.Statistics.NONE));
      headers.set("X-ClickHouse-Format", format);
      OutputStream out = body(exchange, request, -1);
      boolean first = true;
      while (piece != null) {
        copy(piece, first ? 0 : streamed.headerBytes(piece), out);
        first = false;
        try {
          piece = stream.next();
        } catch (EngineException e) {
          // The status is gone. Breaking the transfer off is the one way left to say that the
          // result is not whole.
          LOG.info("a result broke off: {}", e.getMessage());
          throw new IOException("the result broke off", e);
        }
      }
      out.close();
    }
    return true;
  }

  private void send(HttpExchange exchange, HttpRequest request, Engine.Result result)
      throws IOException {
    long bytes = result.bytes();
    boolean plain = bytes <= PLAIN_BYTES && !request.wantsLz4Frames() && !request.wantsGzip();
    if (bytes == 0) {
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    OutputStream out = body(exchange, request, plain ? bytes : -1);
    copy(result, 0, out);
    out.close();
  }

  private OutputStream body(HttpExchange exchange, HttpRequest request, long bytes)
      throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", contentType(headers.getFirst("X-ClickHouse-Format")));
    if (request.wantsLz4Frames()) {
      exchange.sendResponseHeaders(200, 0);
      return Lz4Frames.packing(exchange.getResponseBody());
    }
    if (request.wantsGzip()) {
      headers.set("Content-Encoding", "gzip");
      exchange.sendResponseHeaders(200, 0);
      return new GZIPOutputStream(exchange.getResponseBody(), 64 * 1024);
    }
    exchange.sendResponseHeaders(200, Math.max(0, bytes));
    return exchange.getResponseBody();
  }

  private void copy(Engine.Chunk chunk, long from, OutputStream out) throws IOException {
    byte[] buffer = new byte[(int) Math.min(COPY_BYTES, Math.max(1, chunk.bytes() - from))];
    for (long at = from; at < chunk.bytes(); ) {
      int n = (int) Math.min(buffer.length, chunk.bytes() - at);
      ByteBuffer slice = chunk.slice(at, n);
      slice.get(buffer, 0, n);
      out.write(buffer, 0, n);
      at += n;
    }
    metrics.sent(chunk.bytes() - from);
  }

  private static String contentType(@Nullable String format) {
    if (format == null) {
      return "text/plain; charset=UTF-8";
    }
    if (format.equals("JSON") || format.startsWith("JSONCompact") && !format.contains("EachRow")) {
      return "application/json; charset=UTF-8";
    }
    if (format.startsWith("JSON")) {
      return "application/x-ndjson; charset=UTF-8";
    }
    if (format.startsWith("TSV") || format.startsWith("TabSeparated")) {
      return "text/tab-separated-values; charset=UTF-8";
    }
    if (format.startsWith("CSV")) {
      return "text/csv; charset=UTF-8; header=" + (format.contains("Names") ? "present" : "absent");
    }
    return format.startsWith("Pretty") ? "text/plain; charset=UTF-8" : "application/octet-stream";
  }

  private static String summary(Engine.Statistics s) {
    return String.format(
        "{\"read_rows\":\"%d\",\"read_bytes\":\"%d\",\"written_rows\":\"%d\",\"written_bytes\":\"%d\","
            + "\"total_rows_to_read\":\"0\",\"result_rows\":\"%d\",\"result_bytes\":\"%d\",\"elapsed_ns\":\"%d\"}",
        s.rowsRead(),
        s.bytesRead(),
        s.rowsWritten(),
        s.bytesWritten(),
        s.rowsWritten(),
        s.bytesWritten(),
        s.elapsedNs());
  }

  private static void refuse(HttpExchange exchange, EngineException e) throws IOException {
    if (exchange.getResponseCode() != -1) {
      throw new IOException("an error after the status was sent", e);
    }
    Headers headers = exchange.getResponseHeaders();
    headers.remove("Content-Encoding");
    headers.set("X-ClickHouse-Exception-Code", Integer.toString(e.code()));
    plain(exchange, e.httpStatus(), e.getMessage() + "\n");
  }

  private static void plain(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=UTF-8");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }
}
