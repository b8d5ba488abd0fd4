package io.dyetrace.common.colour;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** SipHash-2-4 with a 64-bit result, as its authors' reference code computes it. */
final class SipHash24 {
  static final int KEY_BYTES = 16;

  private static final VarHandle LITTLE_ENDIAN_LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private SipHash24() {}

  /** Returns the hash of a message; the reference code writes it as 8 bytes, little-endian. */
  static long hash(byte[] key, byte[] message) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("key: " + key.length + " bytes, not " + KEY_BYTES);
    }
    long k0 = (long) LITTLE_ENDIAN_LONG.get(key, 0);
    long k1 = (long) LITTLE_ENDIAN_LONG.get(key, Long.BYTES);
    State state = new State(k0, k1);
    int whole = message.length & ~7;
    for (int i = 0; i < whole; i += Long.BYTES) {
      state.absorb((long) LITTLE_ENDIAN_LONG.get(message, i));
    }
    long last = (long) message.length << 56;
    for (int i = whole; i < message.length; i++) {
      last |= (message[i] & 0xffL) << (8 * (i - whole));
    }
    state.absorb(last);
    return state.finish();
  }

  private static final class State {
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    State(long k0, long k1) {
      v0 = k0 ^ 0x736f6d6570736575L;
      v1 = k1 ^ 0x646f72616e646f6dL;
      v2 = k0 ^ 0x6c7967656e657261L;
      v3 = k1 ^ 0x7465646279746573L;
    }

    void absorb(long word) {
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    }

    long finish() {
      v2 ^= 0xff;
      for (int i = 0; i < 4; i++) {
        round();
      }
      return v0 ^ v1 ^ v2 ^ v3;
    }

    private void round() {
      v0 += v1;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v3;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v2 = Long.rotateLeft(v2, 32);
    }
  }
}
