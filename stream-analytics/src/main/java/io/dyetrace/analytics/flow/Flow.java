package io.dyetrace.analytics.flow;

import com.google.protobuf.ByteString;

/**
 * A probe's flow as its prober sees it. A prober uses it again after 120 s at the earliest.
 *
 * @param vipAddress the public one
 */
public record Flow(ByteString proberAddress, int proberPort, ByteString vipAddress, int vipPort) {
  /** A number that no other flow of the same minutes has, but for one chance in 10¹³. */
  public long hash() {
    long h = mix(mix(0x2545_F491_4F6C_DD1DL, proberAddress), vipAddress);
    return finish(mix(h, ((long) proberPort << 16) | vipPort));
  }

  private static long mix(long h, ByteString bytes) {
    long word = bytes.size();
    for (int i = 0; i < bytes.size(); i++) {
      if ((i & 7) == 4) {
        h = mix(h, word);
        word = 0;
      }
      word = (word << 8) | (bytes.byteAt(i) & 0xff);
    }
    return mix(h, word);
  }

  private static long mix(long h, long word) {
    return Long.rotateLeft((h ^ word) * 0x9E37_79B9_7F4A_7C15L, 29);
  }

  /** The finalizer of SplitMix64. */
  private static long finish(long h) {
    h = (h ^ (h >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    h = (h ^ (h >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return h ^ (h >>> 31);
  }
}
