package io.dyetrace.lab.process;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.system.ControlSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;

/** How to know that a process does its work. */
public sealed interface Readiness {
  /** Asks once; empty when ready, otherwise why not. */
  String whyNot();

  /** It ends by itself. */
  record Ends() implements Readiness {
    @Override
    public String whyNot() {
      return "";
    }
  }

  /** A GET answers 200. */
  record Http(String url) implements Readiness {
    private static final HttpClient CLIENT =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    @Override
    public String whyNot() {
      try {
        HttpResponse<String> response =
            CLIENT.send(
                HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(2)).build(),
                HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 200) {
          return "";
        }
        String body = response.body().strip().replace('\n', ' ');
        return url
            + " answers "
            + response.statusCode()
            + (body.isEmpty() ? "" : ": " + body.substring(0, Math.min(body.length(), 120)));
      } catch (IOException e) {
        String message = e.getMessage();
        return url + ": " + (message == null ? e.getClass().getSimpleName() : message);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return "interrupted";
      }
    }
  }

  /** A TCP port accepts connections. */
  record Tcp(String host, int port) implements Readiness {
    @Override
    public String whyNot() {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(host, port), 500);
        return "";
      } catch (IOException e) {
        return host + ":" + port + ": " + e.getMessage();
      }
    }
  }

  /** A gateway says on its control socket that it is ready. */
  record Gateway(Path controlSocket) implements Readiness {
    @Override
    public String whyNot() {
      try {
        String state = new ControlSocket(controlSocket).ask("status").path("state").asText();
        return state.equals("READY") ? "" : "its state is " + state;
      } catch (LabException e) {
        return e.text();
      }
    }
  }
}
