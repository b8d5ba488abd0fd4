package io.dyetrace.lab.packet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MalformedTcpTest {
  private static final TcpFrame SYN =
      new TcpFrame(
          new byte[6],
          new byte[6],
          new byte[] {10, 0, 0, 1},
          new byte[] {10, 0, 0, 2},
          1024,
          80,
          1,
          0,
          TcpFrame.SYN,
          new byte[0]);

  @Test
  void shouldKeepPortsAndSpoilTheDataOffsetAlone() {
    byte[] good = SYN.encode();
    byte[] bad = MalformedTcp.of(SYN);

    assertThat(TcpFrame.parse(good)).isPresent();
    int differing = 0;
    for (int i = 0; i < good.length; i++) {
      differing += good[i] == bad[i] ? 0 : 1;
    }
    assertThat(differing).isEqualTo(1);
    assertThat((bad[46] & 0xff) >> 4).as("words of header, at least 5").isLessThan(5);
  }
}
