package io.dyetrace.mesh.example;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.instrumentation.javahttpclient.JavaHttpClientTelemetry;
import io.opentelemetry.instrumentation.javahttpserver.JavaHttpServerTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers GET /work and, when it has a peer, calls the peer's /work at a steady rate, each call on
 * a new connection (the answer closes it), so that the path is chosen anew. Durations are measured
 * by OpenTelemetry's own instrumentation; nothing here knows Dyetrace.
 */
public final class ExampleService implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ExampleService.class);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);
  private static final long LOG_EVERY_FAILURES = 100;

  private final InetSocketAddress address;
  private final @Nullable URI peer;
  private final Duration callInterval;
  private final Duration work;
  private final OpenTelemetrySdk telemetry;
  private final ExecutorService answers = Executors.newFixedThreadPool(4);
  private final ScheduledExecutorService calls = Executors.newScheduledThreadPool(2);
  private final AtomicLong failures = new AtomicLong();
  private @Nullable HttpServer server;

  public ExampleService(
      String name,
      InetSocketAddress address,
      @Nullable URI peer,
      Duration callInterval,
      Duration work,
      URI otlp,
      Duration exportInterval) {
    this.address = address;
    this.peer = peer;
    this.callInterval = callInterval;
    this.work = work;
    this.telemetry = telemetry(name, otlp, exportInterval);
  }

  private static OpenTelemetrySdk telemetry(String name, URI otlp, Duration exportInterval) {
    OtlpGrpcMetricExporter exporter =
        OtlpGrpcMetricExporter.builder().setEndpoint(otlp.toString()).build();
    SdkMeterProvider meters =
        SdkMeterProvider.builder()
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.builder()
                                .put("service.name", name)
                                .put(
                                    "service.instance.id",
                                    name + "-" + ProcessHandle.current().pid())
                                .build())))
            .registerMetricReader(
                PeriodicMetricReader.builder(exporter).setInterval(exportInterval).build())
            .build();
    return OpenTelemetrySdk.builder().setMeterProvider(meters).build();
  }

  public void start() throws IOException {
    HttpServer http = HttpServer.create(address, 64);
    http.setExecutor(answers);
    JavaHttpServerTelemetry.create(telemetry).configure(http.createContext("/work", this::answer));
    http.start();
    server = http;
    if (peer != null) {
      HttpClient client =
          JavaHttpClientTelemetry.create(telemetry)
              .newHttpClient(
                  HttpClient.newBuilder()
                      .version(HttpClient.Version.HTTP_1_1)
                      .connectTimeout(CALL_TIMEOUT)
                      .build());
      URI target = peer;
      calls.scheduleAtFixedRate(
          () -> call(client, target),
          callInterval.toNanos(),
          callInterval.toNanos(),
          TimeUnit.NANOSECONDS);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      TimeUnit.NANOSECONDS.sleep(work.toNanos());
      byte[] body = String.format(Locale.ROOT, "done%n").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Connection", "close");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void call(HttpClient client, URI target) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(target.resolve("/work")).timeout(CALL_TIMEOUT).build();
      client.send(request, HttpResponse.BodyHandlers.discarding());
    } catch (IOException e) {
      if (failures.getAndIncrement() % LOG_EVERY_FAILURES == 0) {
        log.warn("{}: {} ({} failures so far)", target, e.toString(), failures.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // An exception would end the schedule.
      log.warn("{}: {}", target, e.toString());
    }
  }

  @Override
  public void close() {
    calls.shutdownNow();
    HttpServer http = server;
    if (http != null) {
      http.stop(0);
    }
    answers.shutdownNow();
    telemetry.close();
  }
}
