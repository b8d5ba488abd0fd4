package io.dyetrace.storage.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.wire.Lz4Frames;
import io.dyetrace.storage.wire.RowBinary;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpInterfaceIT {
  private static final long SEED = 7;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private String url;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    url = TestClickHouse.shared().url();
  }

  private HttpResponse<byte[]> post(String parameters, byte[] body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + "/?" + parameters))
            .POST(BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), BodyHandlers.ofByteArray());
  }

  private HttpResponse<byte[]> post(String parameters, String sql)
      throws IOException, InterruptedException {
    return post(parameters, sql.getBytes(StandardCharsets.UTF_8));
  }

  private String ask(String parameters, String sql) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = post(parameters, sql);
    assertThat(response.statusCode()).as(text(response)).isEqualTo(200);
    return text(response).strip();
  }

  private HttpResponse<byte[]> get(String pathAndQuery) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(url + pathAndQuery)).build(), BodyHandlers.ofByteArray());
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private static String encode(String sql) {
    return URLEncoder.encode(sql, StandardCharsets.UTF_8);
  }

  @Test
  void shouldAnswerPingAndGet() throws IOException, InterruptedException {
    assertThat(text(get("/ping"))).isEqualTo("Ok.\n");
    assertThat(text(get("/"))).isEqualTo("Ok.\n");
    assertThat(text(get("/?query=" + encode("SELECT 1 FORMAT TabSeparated")))).isEqualTo("1\n");
    assertThat(get("/nowhere").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldNotChangeAnythingOnGet() throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        get("/?query=" + encode("CREATE TABLE no (x Int8) ENGINE = Log"));
    assertThat(response.headers().firstValue("X-ClickHouse-Exception-Code")).contains("164");
  }

  @Test
  void shouldAnswerGrafanasHelloInNativeAndGzip() throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        post(
            "default_format=Native&enable_http_compression=1",
            "SELECT displayName(), version(), revision(), timezone()"
                .getBytes(StandardCharsets.UTF_8),
            "Accept-Encoding",
            "gzip");
    assertThat(response.headers().firstValue("Content-Encoding")).contains("gzip");
    assertThat(response.headers().firstValue("X-ClickHouse-Format")).contains("Native");
    byte[] block = new GZIPInputStream(new ByteArrayInputStream(response.body())).readAllBytes();
    assertThat(block).startsWith(4, 1);
    assertThat(new String(block, StandardCharsets.ISO_8859_1))
        .contains("displayName()", "String", "26.7");
  }

  @Test
  void shouldGiveSettingsAndParametersToOneStatementOnly()
      throws IOException, InterruptedException {
    assertThat(
            ask("max_block_size=123&param_x=7", "SELECT getSetting('max_block_size'), {x:UInt8}"))
        .isEqualTo("123\t7");
    assertThat(ask("", "SELECT getSetting('max_block_size')")).isNotEqualTo("123");
    assertThat(
            ask(
                "log_comment=" + encode("it's \\ odd"),
                "SELECT getSetting('log_comment') FORMAT TSVRaw"))
        .isEqualTo("it's \\ odd");
    assertThat(text(post("no_such_setting=1", "SELECT 1"))).contains("UNKNOWN_SETTING");
  }

  @Test
  void shouldUseTheDatabaseOfUrlOrHeader() throws IOException, InterruptedException {
    assertThat(ask("database=system", "SELECT currentDatabase()")).isEqualTo("system");
    assertThat(
            text(
                post(
                    "",
                    "SELECT currentDatabase()".getBytes(StandardCharsets.UTF_8),
                    "X-ClickHouse-Database",
                    "system")))
        .isEqualTo("system\n");
    HttpResponse<byte[]> missing = post("database=nowhere", "SELECT 1");
    assertThat(missing.statusCode()).isEqualTo(404);
    assertThat(missing.headers().firstValue("X-ClickHouse-Exception-Code")).contains("81");
  }

  @Test
  void shouldSayWhatWentWrong() throws IOException, InterruptedException {
    HttpResponse<byte[]> syntax = post("", "SELEKT 1");
    assertThat(syntax.statusCode()).isEqualTo(400);
    assertThat(syntax.headers().firstValue("X-ClickHouse-Exception-Code")).contains("62");
    assertThat(text(syntax)).startsWith("Code: 62. DB::Exception: ");
    assertThat(text(post("", "SELECT 1; SELECT 2"))).contains("one statement a request");
    assertThat(text(post("", "  -- nothing"))).contains("empty");
    assertThat(text(post("", "SELECT 1 INTO OUTFILE '/tmp/x'")))
        .contains("not available over HTTP");
    assertThat(text(post("", "INSERT INTO t SELECT * FROM input('x Int8') FORMAT TSV\n1")))
        .contains("input()");
    assertThat(text(post("session_id=1", "SELECT 1"))).contains("no HTTP sessions");
  }

  @Test
  void shouldJoinThePiecesOfAStreamedResult() throws IOException, InterruptedException {
    String sql = "SELECT number, 'n' || toString(number % 7) AS s FROM numbers(300000)";
    for (String format :
        List.of(
            "RowBinaryWithNamesAndTypes",
            "RowBinaryWithNames",
            "RowBinary",
            "TSVWithNamesAndTypes",
            "TSVWithNames",
            "JSONEachRow",
            "JSONCompactEachRowWithNamesAndTypes",
            "CSV")) {
      byte[] streamed = post("", sql + " FORMAT " + format).body();
      // A sort is one piece, and the whole is a materialized statement.
      byte[] whole =
          post(
                  "max_block_size=1000000",
                  "SELECT * FROM (" + sql + ") ORDER BY number LIMIT 300000 FORMAT " + format)
              .body();
      assertThat(streamed.length).as(format).isEqualTo(whole.length);
      assertThat(streamed).as(format).isEqualTo(whole);
    }
    assertThat(ask("", "SELECT number FROM numbers(200000) FORMAT JSON"))
        .contains("\"rows\": 200000");
  }

  @Test
  void shouldBreakOffAResultThatFailsHalfWay() {
    assertThatThrownBy(
            () -> post("", "SELECT throwIf(number = 290000) FROM numbers(300000) FORMAT RowBinary"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void shouldTakeAndGiveCompressedFrames() throws IOException, InterruptedException {
    ask("", "CREATE OR REPLACE TABLE it_frames (s String) ENGINE = Memory");
    byte[] data = "a\nb\n".getBytes(StandardCharsets.UTF_8);
    HttpResponse<byte[]> insert =
        post(
            "decompress=1&query=" + encode("INSERT INTO it_frames FORMAT TSV"),
            Lz4Frames.pack(data, data.length));
    assertThat(insert.statusCode()).isEqualTo(200);
    assertThat(insert.headers().firstValue("X-ClickHouse-Summary").orElse(""))
        .contains("\"written_rows\":\"2\"");
    byte[] frames = post("compress=1", "SELECT * FROM it_frames ORDER BY s").body();
    assertThat(Lz4Frames.unpack(frames)).isEqualTo(data);
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      out.write("INSERT INTO it_frames FORMAT TSV\nc\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(post("", gzip.toByteArray(), "Content-Encoding", "gzip").statusCode())
        .isEqualTo(200);
    assertThat(ask("", "SELECT count() FROM it_frames")).isEqualTo("3");
    assertThat(text(post("decompress=1", "SELECT 1"))).contains("cannot be read");
  }

  @Test
  void shouldInsertAnyBytes() throws IOException, InterruptedException {
    ask("", "CREATE OR REPLACE TABLE it_bytes (s String) ENGINE = MergeTree ORDER BY tuple()");
    Random random = new Random(SEED);
    RowBinary rows = new RowBinary(1 << 20);
    for (int i = 0; i < 20_000; i++) {
      byte[] value = new byte[40];
      random.nextBytes(value);
      rows.count(value.length);
      for (byte b : value) {
        rows.int8(b);
      }
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes("INSERT INTO it_bytes FORMAT RowBinary\n".getBytes(StandardCharsets.UTF_8));
    body.write(rows.array(), 0, rows.length());
    HttpResponse<byte[]> insert = post("", body.toByteArray());
    assertThat(insert.statusCode()).as(text(insert)).isEqualTo(200);
    byte[] back = post("", "SELECT s FROM it_bytes FORMAT RowBinary").body();
    assertThat(back).hasSize(rows.length());
    assertThat(ask("", "SELECT count(), uniqExact(s), sum(length(s)) FROM it_bytes"))
        .isEqualTo("20000\t20000\t800000");
    assertThat(ask("", "SELECT count() FROM system.parts WHERE table = 'it_bytes' AND active"))
        .isEqualTo("1");
  }

  @Test
  void shouldRefuseARequestThatIsTooLarge() throws IOException, InterruptedException {
    byte[] zeros = new byte[65 << 20];
    HttpResponse<byte[]> response = post("decompress=1", Lz4Frames.pack(zeros, zeros.length));
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(text(response)).contains("max_request_mib");
  }

  @Test
  void shouldAnswerManyAtATime() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(24);
    List<Future<String>> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int n = i;
      answers.add(
          threads.submit(
              () -> ask("max_threads=1", "SELECT sum(number) + " + n + " FROM numbers(10000)")));
    }
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).get()).isEqualTo(Long.toString(49_995_000L + i));
    }
    threads.shutdown();
  }

  @Test
  void shouldAskForThePasswordAndStopCleanly(@TempDir Path directory)
      throws IOException, InterruptedException {
    try (EmbeddedClickHouse locked =
        EmbeddedClickHouse.start(
            directory, 0, List.of("user: dye", "password: secret", "max_request_mib: 1"))) {
      url = locked.url();
      assertThat(post("", "SELECT 1").headers().firstValue("X-ClickHouse-Exception-Code"))
          .contains("516");
      assertThat(post("user=dye&password=wrong", "SELECT 1").statusCode()).isEqualTo(403);
      assertThat(ask("user=dye&password=secret", "SELECT 1")).isEqualTo("1");
      assertThat(
              post(
                      "",
                      "SELECT 1".getBytes(StandardCharsets.UTF_8),
                      "Authorization",
                      "Basic ZHllOnNlY3JldA==")
                  .statusCode())
          .isEqualTo(200);
      assertThat(locked.stop()).isZero();
    }
  }

  @Test
  void shouldCutOffRequestsThatStallAndNoneThatTakesLong(@TempDir Path directory)
      throws IOException, InterruptedException {
    List<Socket> stalled = new ArrayList<>();
    try (EmbeddedClickHouse impatient =
        EmbeddedClickHouse.start(
            directory, 0, List.of("max_request_time: 1s", "max_concurrent_queries: 2"))) {
      url = impatient.url();
      String head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nSELECT";
      for (int i = 0; i < 16; i++) {
        stalled.add(stall(i % 2 == 0 ? "POST / HT" : head));
      }
      assertThat(pingUntilAnswered()).isEqualTo("Ok.\n");
      for (Socket socket : stalled) {
        assertThat(isCutOff(socket)).as("cut off by the server").isTrue();
      }
      // Chunked and gzip: its last chunk is behind what gzip reads.
      ByteArrayOutputStream gzip = new ByteArrayOutputStream();
      try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
        out.write(
            "SELECT sum(sleepEachRow(1)) FROM numbers(5) SETTINGS max_block_size = 1"
                .getBytes(StandardCharsets.UTF_8));
      }
      HttpResponse<byte[]> slow =
          http.send(
              HttpRequest.newBuilder(URI.create(url + "/"))
                  .header("Content-Encoding", "gzip")
                  .POST(
                      BodyPublishers.ofInputStream(
                          () -> new ByteArrayInputStream(gzip.toByteArray())))
                  .build(),
              BodyHandlers.ofByteArray());
      assertThat(text(slow)).isEqualTo("0\n");
    } finally {
      for (Socket socket : stalled) {
        socket.close();
      }
    }
  }

  private Socket stall(String beginning) throws IOException {
    URI address = URI.create(url);
    Socket socket = new Socket(address.getHost(), address.getPort());
    socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
    return socket;
  }

  private static boolean isCutOff(Socket socket) throws IOException {
    socket.setSoTimeout((int) PATIENCE.toMillis());
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  /** A ping that waited as long as the stalled requests may be cut off with them. */
  private String pingUntilAnswered() throws InterruptedException {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    String last = "";
    while (System.nanoTime() < deadlineNs) {
      try {
        return http.send(
                HttpRequest.newBuilder(URI.create(url + "/ping")).timeout(PATIENCE).build(),
                BodyHandlers.ofString())
            .body();
      } catch (IOException e) {
        last = e.toString();
      }
    }
    return last;
  }
}
