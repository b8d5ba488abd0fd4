package io.dyetrace.lab.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FloodTest {
  @Test
  void shouldOpenNoMoreThanItsRate() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress())) {
      Flood.Count count =
          new Flood(
                  new InetSocketAddress(server.getInetAddress(), server.getLocalPort()),
                  200,
                  Duration.ofMillis(500))
              .run();

      assertThat(count.opened()).isBetween(1L, 100L);
      assertThat(count.established()).isBetween(1L, count.opened());
    }
  }

  @Test
  void shouldSurviveATargetThatRefuses() throws IOException {
    int freePort;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      freePort = server.getLocalPort();
    }

    Flood.Count count =
        new Flood(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort),
                100,
                Duration.ofMillis(200))
            .run();

    assertThat(count.established()).isZero();
  }
}
