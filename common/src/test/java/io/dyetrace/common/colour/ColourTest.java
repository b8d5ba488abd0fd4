package io.dyetrace.common.colour;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.colour.Vectors.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ColourTest {
  private static final ColourKey KEY = ColourKey.ofHex("000102030405060708090a0b0c0d0e0f");
  private static final byte[] SOURCE = {(byte) 198, 18, 11, 2};

  static List<Vector> siphash() throws IOException {
    return Vectors.of("siphash");
  }

  static List<Vector> derive() throws IOException {
    return Vectors.of("derive");
  }

  static List<Vector> mac() throws IOException {
    return Vectors.of("mac");
  }

  static List<Vector> option() throws IOException {
    return Vectors.of("option");
  }

  static List<Vector> isn() throws IOException {
    return Vectors.of("isn");
  }

  @ParameterizedTest
  @MethodSource("siphash")
  void shouldHashLikeTheReference(Vector v) {
    assertThat(littleEndian(SipHash24.hash(v.bytes(0), v.bytes(1)))).isEqualTo(v.expected());
  }

  @Test
  void shouldHoldTheVectorPrintedInThePaper() {
    byte[] key = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f");
    byte[] message = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e");
    assertThat(SipHash24.hash(key, message)).isEqualTo(0xa129ca6149be45e5L);
  }

  @ParameterizedTest
  @MethodSource("derive")
  void shouldDeriveTheKeyOfAProber(Vector v) {
    assertThat(v.key().derive((int) v.number(1))).isEqualTo(ColourKey.of(v.expected()));
  }

  @ParameterizedTest
  @MethodSource("mac")
  void shouldComputeTheMac(Vector v) {
    long mac =
        v.key().mac(v.bytes(1), v.number(2), v.bytes(3), (int) v.number(4), (int) v.number(5));
    assertThat(littleEndian(mac)).isEqualTo(v.expected());
  }

  @ParameterizedTest
  @MethodSource("option")
  void shouldEncodeTheWholeOption(Vector v) {
    int flags = (int) v.number(1);
    Colour colour = Colour.of(flags & 3, (int) v.number(2), (int) v.number(3));
    if ((flags & 4) != 0) {
      colour = colour.stampingEveryStage();
    }
    if ((flags & 8) != 0) {
      colour = colour.resetting();
    }

    byte[] encoded =
        colour
            .sealed(v.key(), v.number(4), v.bytes(5), (int) v.number(6), (int) v.number(7))
            .encode();

    assertThat(encoded).isEqualTo(v.expected());
  }

  @ParameterizedTest
  @MethodSource("option")
  void shouldDecodeAndVerifyTheWholeOption(Vector v) {
    Colour colour = Colour.decode(v.expected());

    assertThat(colour).isNotNull();
    assertThat(colour.flags()).isEqualTo((int) v.number(1));
    assertThat(colour.proberId()).isEqualTo((int) v.number(2));
    assertThat(colour.probeSequence()).isEqualTo((int) v.number(3));
    assertThat(
            colour.verifies(v.key(), v.number(4), v.bytes(5), (int) v.number(6), (int) v.number(7)))
        .isTrue();
  }

  @ParameterizedTest
  @MethodSource("isn")
  void shouldComputeTheInitialSequenceNumber(Vector v) {
    int isn =
        v.key().isn(v.bytes(1), (int) v.number(2), v.bytes(3), (int) v.number(4), v.number(5));
    assertThat(ByteBuffer.allocate(4).putInt(isn).array()).isEqualTo(v.expected());
  }

  @Test
  void shouldNotVerifyWhenAnyAuthenticatedThingChanges() {
    Colour sealed = Colour.of(0, 1, 7).sealed(KEY, 100, SOURCE, 20_000, 42);
    byte[] option = sealed.encode();

    assertThat(sealed.verifies(KEY, 100, SOURCE, 20_000, 42)).isTrue();
    assertThat(sealed.verifies(KEY.derive(1), 100, SOURCE, 20_000, 42)).isFalse();
    assertThat(sealed.verifies(KEY, 101, SOURCE, 20_000, 42)).isFalse();
    assertThat(sealed.verifies(KEY, 100, new byte[] {10, 0, 0, 1}, 20_000, 42)).isFalse();
    assertThat(sealed.verifies(KEY, 100, SOURCE, 20_001, 42)).isFalse();
    assertThat(sealed.verifies(KEY, 100, SOURCE, 20_000, 43)).isFalse();
    for (int bit = 5 * 8; bit < option.length * 8; bit++) {
      byte[] flipped = option.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Colour forged = Colour.decode(flipped);
      assertThat(forged).isNotNull();
      assertThat(forged.verifies(KEY, 100, SOURCE, 20_000, 42)).as("bit %d", bit).isFalse();
    }
  }

  @Test
  void shouldNotDecodeAnotherOption() {
    byte[] option = Colour.of(0, 1, 7).encode();
    for (int index = 0; index < 5; index++) {
      byte[] other = option.clone();
      other[index]++;
      assertThat(Colour.decode(other)).as("byte %d", index).isNull();
    }
    assertThat(Colour.decode(new byte[0])).isNull();
    assertThat(Colour.decode(new byte[19])).isNull();
    assertThat(Colour.decode(new byte[21])).isNull();
  }

  @Test
  void shouldDecodeWhatItEncodes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      Colour colour =
          new Colour(
              random.nextInt(256), random.nextInt(65_536), random.nextInt(), random.nextLong());
      assertThat(Colour.decode(colour.encode())).as("seed %d", seed).isEqualTo(colour);
    }
  }

  @Test
  void shouldNotShowTheKeyInTextOrErrors() {
    assertThat(KEY.toString()).doesNotContain("0001");
    assertThatThrownBy(() -> ColourKey.ofHex("0001secret"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret");
  }

  @Test
  void shouldRefuseWhatTheWireCannotCarry() {
    assertThatThrownBy(() -> Colour.of(4, 1, 1)).hasMessageContaining("key id: 4");
    assertThatThrownBy(() -> Colour.of(0, 65_536, 1)).hasMessageContaining("prober id: 65536");
    assertThatThrownBy(() -> KEY.isn(new byte[3], 1, SOURCE, 1, 0)).hasMessageContaining("not 3");
    assertThatThrownBy(() -> ColourKey.of(new byte[15])).hasMessageContaining("not 15");
  }

  private static byte[] littleEndian(long hash) {
    return ByteBuffer.allocate(8).putLong(Long.reverseBytes(hash)).array();
  }
}
