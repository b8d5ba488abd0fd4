package io.dyetrace.lab.packet;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.colour.Colour;
import org.junit.jupiter.api.Test;

class TcpFrameTest {
  private static final byte[] MAC = TcpFrame.mac("0a:00:00:00:00:01");

  private static TcpFrame syn(byte[] options) {
    return new TcpFrame(
        MAC,
        TcpFrame.mac("0a:00:00:00:00:02"),
        new byte[] {(byte) 198, 18, 11, 2},
        new byte[] {(byte) 198, 19, 0, 1},
        20_000,
        80,
        0xdeadbeef,
        0,
        TcpFrame.SYN,
        options);
  }

  @Test
  void shouldReadBackWhatItWrote() {
    TcpFrame read = TcpFrame.parse(syn(Colour.of(0, 1, 42).encode()).encode()).orElseThrow();

    assertThat(read).usingRecursiveComparison().isEqualTo(syn(Colour.of(0, 1, 42).encode()));
    assertThat(read.has(TcpFrame.SYN)).isTrue();
    assertThat(read.has(TcpFrame.SYN | TcpFrame.ACK)).isFalse();
  }

  @Test
  void shouldWriteChecksumsThatAddUpToAllOnes() {
    byte[] frame = syn(new byte[] {1, 1, 1, 0}).encode();

    assertThat(onesComplementSum(frame, 14, 20, 0)).isEqualTo(0xffff);
    long pseudoHeader = onesComplementSum(frame, 26, 8, 0) + 6 + frame.length - 34;
    assertThat(onesComplementSum(frame, 34, frame.length - 34, pseudoHeader)).isEqualTo(0xffff);
  }

  private static long onesComplementSum(byte[] bytes, int from, int length, long start) {
    long sum = start;
    for (int i = from; i < from + length; i += 2) {
      sum += ((bytes[i] & 0xff) << 8) | (i + 1 < from + length ? bytes[i + 1] & 0xff : 0);
    }
    while (sum > 0xffff) {
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
  }

  @Test
  void shouldFindAColourBehindOtherOptions() {
    byte[] colour = Colour.of(0, 1, 42).encode();
    byte[] options = new byte[4 + colour.length];
    options[0] = 2;
    options[1] = 4;
    System.arraycopy(colour, 0, options, 4, colour.length);

    assertThat(syn(options).hasOption(Colour.KIND)).isTrue();
    assertThat(syn(new byte[] {1, 1, 2, 2}).hasOption(Colour.KIND)).isFalse();
  }

  @Test
  void shouldNotLoopOnAnOptionWithoutLength() {
    assertThat(syn(new byte[] {5, 0, 0, 0}).hasOption(Colour.KIND)).isFalse();
    assertThat(syn(new byte[] {1, 1, 1, 5}).hasOption(Colour.KIND)).isFalse();
  }

  @Test
  void shouldRefuseWhatIsNoTcpOverIpv4() {
    byte[] frame = syn(new byte[0]).encode();
    frame[23] = 17;

    assertThat(TcpFrame.parse(frame)).isEmpty();
    assertThat(TcpFrame.parse(new byte[20])).isEmpty();
  }
}
