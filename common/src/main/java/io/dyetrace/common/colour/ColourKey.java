package io.dyetrace.common.colour;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A key of the colour: the one of a key id, which only gateways hold, or the one derived from it
 * for a prober id, which that prober holds too. A prober cannot make another prober's colour.
 *
 * <pre>{@code
 * ColourKey ofKeyId = ColourKey.ofHex("000102030405060708090a0b0c0d0e0f");
 * ColourKey ofProber = ofKeyId.derive(1);
 * int isn = ofProber.isn(proberAddress, 20_000, vipAddress, 80, Epochs.of(nowNs));
 * }</pre>
 *
 * <p>Addresses are 4 or 16 bytes in network order, ports 0 to 65535. The text form never shows the
 * key.
 */
public final class ColourKey {
  private final byte[] key;

  private ColourKey(byte[] key) {
    if (key.length != SipHash24.KEY_BYTES) {
      throw new IllegalArgumentException(
          "a colour key is " + SipHash24.KEY_BYTES + " bytes, not " + key.length);
    }
    this.key = key;
  }

  /** Makes a key of 16 bytes. */
  public static ColourKey of(byte[] bytes) {
    return new ColourKey(bytes.clone());
  }

  /**
   * Reads a key as configuration files write it.
   *
   * @throws IllegalArgumentException unless it is 32 hexadecimal digits; the message does not show
   *     the key
   */
  public static ColourKey ofHex(String hex) {
    if (!hex.matches("[0-9a-fA-F]{32}")) {
      throw new IllegalArgumentException("a colour key is 32 hexadecimal digits");
    }
    return new ColourKey(HexFormat.of().parseHex(hex));
  }

  /** The key of a prober id, from the key of a key id. */
  public ColourKey derive(int proberId) {
    Colour.requireUnsigned16("prober id", proberId);
    ByteBuffer derived = ByteBuffer.allocate(SipHash24.KEY_BYTES);
    for (byte half = 1; half <= 2; half++) {
      byte[] message = {(byte) (proberId >> 8), (byte) proberId, half};
      derived.putLong(Long.reverseBytes(SipHash24.hash(key, message)));
    }
    return new ColourKey(derived.array());
  }

  /**
   * The sequence number of a coloured SYN, by which a stateless tier recognises the reply.
   *
   * @param vipAddress the destination as the prober sends it
   */
  public int isn(byte[] proberAddress, int proberPort, byte[] vipAddress, int vipPort, long epoch) {
    requireAddress(proberAddress);
    requireAddress(vipAddress);
    Colour.requireUnsigned16("prober port", proberPort);
    Colour.requireUnsigned16("VIP port", vipPort);
    ByteBuffer message =
        ByteBuffer.allocate(proberAddress.length + vipAddress.length + 2 * Short.BYTES + Long.BYTES)
            .put(proberAddress)
            .putShort((short) proberPort)
            .put(vipAddress)
            .putShort((short) vipPort)
            .putLong(epoch);
    return (int) SipHash24.hash(key, message.array());
  }

  /** The MAC over the authenticated bytes of an option and what binds it to its packet. */
  long mac(byte[] authenticated, long epoch, byte[] source, int sourcePort, int synSequence) {
    requireAddress(source);
    Colour.requireUnsigned16("source port", sourcePort);
    ByteBuffer message =
        ByteBuffer.allocate(
                authenticated.length + Long.BYTES + source.length + Short.BYTES + Integer.BYTES)
            .put(authenticated)
            .putLong(epoch)
            .put(source)
            .putShort((short) sourcePort)
            .putInt(synSequence);
    return SipHash24.hash(key, message.array());
  }

  /** The key as configuration files write it: handle with care. */
  public String toHex() {
    return HexFormat.of().formatHex(key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ColourKey that && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(key);
  }

  @Override
  public String toString() {
    return "ColourKey[secret]";
  }

  private static void requireAddress(byte[] address) {
    if (address.length != 4 && address.length != 16) {
      throw new IllegalArgumentException("an address is 4 or 16 bytes, not " + address.length);
    }
  }
}
