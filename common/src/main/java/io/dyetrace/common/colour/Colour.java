package io.dyetrace.common.colour;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The TCP option that makes a packet a probe; see docs/explanation/colour.md.
 *
 * <pre>{@code
 * byte[] option =
 *     Colour.of(keyId, proberId, probeSequence)
 *         .stampingEveryStage()
 *         .sealed(proberKey, Epochs.of(nowNs), sourceAddress, sourcePort, isn)
 *         .encode();
 * Colour seen = Colour.decode(option); // null when it is another option
 * boolean genuine = seen.verifies(proberKey, epoch, sourceAddress, sourcePort, isn);
 * }</pre>
 *
 * @param flags bits 0-1 key id, bit 2 stamp every stage, bit 3 reset; the rest is reserved and zero
 * @param proberId 0 to 65535
 * @param probeSequence with the prober id the probe key; unsigned
 * @param mac the hash as a number; on the wire its bytes are little-endian
 */
public record Colour(int flags, int proberId, int probeSequence, long mac) {
  /** The option's length on the wire. */
  public static final int OPTION_BYTES = 20;

  /** TCP option kind of RFC 4727's experiments. */
  public static final int KIND = 253;

  /** RFC 6994's shared use of the experimental kind. */
  public static final int EXPERIMENT_ID = 0x4459;

  /** The version this class reads and writes. */
  public static final int VERSION = 1;

  private static final int KEY_ID_MASK = 0x03;
  private static final int STAMP_EVERY_STAGE = 0x04;
  private static final int RESET = 0x08;
  private static final int AUTHENTICATED_BYTES = 8;

  /** Checks the ranges. */
  public Colour {
    if ((flags & ~0xff) != 0) {
      throw new IllegalArgumentException("flags: " + flags + " is not within 0 and 255");
    }
    requireUnsigned16("prober id", proberId);
  }

  /** A colour without flags, not yet sealed. */
  public static Colour of(int keyId, int proberId, int probeSequence) {
    if ((keyId & ~KEY_ID_MASK) != 0) {
      throw new IllegalArgumentException("key id: " + keyId + " is not within 0 and 3");
    }
    return new Colour(keyId, proberId, probeSequence, 0);
  }

  /** The same that asks for a stamp at every stage, not yet sealed. */
  public Colour stampingEveryStage() {
    return new Colour(flags | STAMP_EVERY_STAGE, proberId, probeSequence, 0);
  }

  /** The same for the prober's own RST, not yet sealed. */
  public Colour resetting() {
    return new Colour(flags | RESET, proberId, probeSequence, 0);
  }

  /**
   * The same with its MAC.
   *
   * @param proberKey the key derived for the prober id
   * @param synSequence the SYN's sequence number; for a reset its own minus one
   */
  public Colour sealed(
      ColourKey proberKey, long epoch, byte[] source, int sourcePort, int synSequence) {
    long sealed = proberKey.mac(authenticated(), epoch, source, sourcePort, synSequence);
    return new Colour(flags, proberId, probeSequence, sealed);
  }

  /** Whether the MAC is the one these arguments give; see {@link #sealed}. */
  public boolean verifies(
      ColourKey proberKey, long epoch, byte[] source, int sourcePort, int synSequence) {
    return mac == proberKey.mac(authenticated(), epoch, source, sourcePort, synSequence);
  }

  /** Which of up to four keys the colour is made with. */
  public int keyId() {
    return flags & KEY_ID_MASK;
  }

  /** Whether every stage of the gateway stamps the packet, not only RX and TX. */
  public boolean stampEveryStage() {
    return (flags & STAMP_EVERY_STAGE) != 0;
  }

  /** Whether the packet is the prober's RST: never evidence of loss. */
  public boolean reset() {
    return (flags & RESET) != 0;
  }

  /** The option's 20 bytes. */
  public byte[] encode() {
    return ByteBuffer.allocate(OPTION_BYTES)
        .put((byte) KIND)
        .put((byte) OPTION_BYTES)
        .putShort((short) EXPERIMENT_ID)
        .put(authenticated())
        .putLong(Long.reverseBytes(mac))
        .array();
  }

  /** Reads an option, or returns null when it is not a colour of this version. */
  public static @Nullable Colour decode(byte[] option) {
    if (option.length != OPTION_BYTES) {
      return null;
    }
    ByteBuffer in = ByteBuffer.wrap(option);
    if ((in.get() & 0xff) != KIND
        || (in.get() & 0xff) != OPTION_BYTES
        || (in.getShort() & 0xffff) != EXPERIMENT_ID
        || (in.get() & 0xff) != VERSION) {
      return null;
    }
    int flags = in.get() & 0xff;
    int proberId = in.getShort() & 0xffff;
    int probeSequence = in.getInt();
    return new Colour(flags, proberId, probeSequence, Long.reverseBytes(in.getLong()));
  }

  private byte[] authenticated() {
    return ByteBuffer.allocate(AUTHENTICATED_BYTES)
        .put((byte) VERSION)
        .put((byte) flags)
        .putShort((short) proberId)
        .putInt(probeSequence)
        .array();
  }

  static void requireUnsigned16(String name, int value) {
    if ((value & ~0xffff) != 0) {
      throw new IllegalArgumentException(name + ": " + value + " is not within 0 and 65535");
    }
  }
}
