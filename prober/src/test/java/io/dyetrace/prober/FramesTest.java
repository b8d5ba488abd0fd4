package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.prober.FrameReader.Kind;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramesTest {
  private static final int PROBER = Ipv4.parse("prober", "198.18.11.2");
  private static final int VIP = Ipv4.parse("vip", "198.19.0.1");
  private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

  private final FrameWriter writer = new FrameWriter(MAC, PROBER);
  private final FrameReader reader = new FrameReader(PROBER, PcapWire.CAPTURE_BYTES);

  private byte[] syn(int padding) {
    byte[] colour = new byte[20];
    Arrays.fill(colour, (byte) 1);
    int length = writer.syn(MAC, VIP, 20_007, 80, 0xdead_beef, colour, padding);
    return Arrays.copyOf(writer.frame(), length);
  }

  @Test
  void shouldWriteSynsWithRightLengthsAndChecksums() {
    for (int padding : new int[] {0, 1, 100, 1_436}) {
      byte[] frame = syn(padding);
      int tcpBytes = 44 + padding;
      assertThat(frame).hasSize(14 + 20 + tcpBytes);
      assertThat(Checksum.of(frame, 14, 20, 0)).isZero();
      assertThat(Checksum.ofTransport(frame, 34, tcpBytes, PROBER, VIP, 6)).isZero();
      assertThat(reader.read(frame, frame.length)).isEqualTo(Kind.SENT);
      assertThat(reader.sequence).isEqualTo(0xdead_beef);
      assertThat(reader.proberPort).isEqualTo(20_007);
      assertThat(reader.peerPort).isEqualTo(80);
      assertThat(reader.peerAddress).isEqualTo(VIP);
    }
  }

  @Test
  void shouldWriteNothingOfAnEarlierFrameIntoALaterOne() {
    byte[] first = syn(0);
    syn(1_436);
    writer.reset(MAC, VIP, 1, 2, 3, new byte[20]);
    assertThat(syn(0)).isEqualTo(first);
  }

  @Test
  void shouldReadAnswers() {
    byte[] synAck = TestFrames.synAck(syn(0));
    assertThat(reader.read(synAck, synAck.length)).isEqualTo(Kind.TCP);
    assertThat(reader.flags).isEqualTo(TestFrames.SYN | TestFrames.ACK);
    assertThat(reader.acknowledgement).isEqualTo(0xdead_beef + 1);
    assertThat(reader.proberPort).isEqualTo(20_007);

    byte[] icmp = TestFrames.icmp(syn(0), 0x0a00_0001, 3, 1);
    assertThat(reader.read(icmp, icmp.length)).isEqualTo(Kind.ICMP_ERROR);
    assertThat(reader.icmpSender).isEqualTo(0x0a00_0001);
    assertThat(reader.icmpCode).isEqualTo(1);
    assertThat(reader.sequence).isEqualTo(0xdead_beef);
    assertThat(reader.peerAddress).isEqualTo(VIP);
  }

  @Test
  void shouldRefuseEveryTruncationWithoutFailing() {
    for (byte[] whole :
        new byte[][] {TestFrames.synAck(syn(0)), TestFrames.icmp(syn(0), 0x0a00_0001, 3, 1)}) {
      for (int length = 0; length < whole.length; length++) {
        Kind kind = reader.read(Arrays.copyOf(whole, length), length);
        assertThat(kind).as("%d bytes", length).isNotIn(Kind.SENT, Kind.TCP, Kind.ICMP_ERROR);
      }
    }
  }

  @Test
  void shouldRefuseAnAnswerWithAnyFlippedBit() {
    for (byte[] whole :
        new byte[][] {TestFrames.synAck(syn(0)), TestFrames.icmp(syn(0), 0x0a00_0001, 3, 1)}) {
      for (int bit = 14 * 8; bit < whole.length * 8; bit++) {
        byte[] frame = whole.clone();
        frame[bit / 8] ^= (byte) (1 << (bit % 8));
        Kind kind = reader.read(frame, frame.length);
        assertThat(kind).as("bit %d", bit).isNotIn(Kind.TCP, Kind.ICMP_ERROR);
      }
    }
  }

  @Test
  void shouldSurviveGarbage() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[][] seeds = {
      TestFrames.synAck(syn(0)), TestFrames.icmp(syn(0), 0x0a00_0001, 3, 1), syn(20)
    };
    for (int i = 0; i < 200_000; i++) {
      byte[] frame = seeds[i % seeds.length].clone();
      for (int n = random.nextInt(6); n >= 0; n--) {
        frame[random.nextInt(frame.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(frame.length + 1);
      try {
        reader.read(Arrays.copyOf(frame, length), length);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void shouldRefuseFragments() {
    byte[] frame = TestFrames.synAck(syn(0));
    frame[20] = 0x20;
    frame[24] = 0;
    frame[25] = 0;
    int sum = Checksum.of(frame, 14, 20, 0);
    frame[24] = (byte) (sum >> 8);
    frame[25] = (byte) sum;
    assertThat(reader.read(frame, frame.length)).isEqualTo(Kind.FRAGMENT);
  }
}
