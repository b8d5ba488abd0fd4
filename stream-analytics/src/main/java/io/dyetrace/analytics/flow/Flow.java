package io.dyetrace.analytics.flow;

import com.google.protobuf.ByteString;
import java.util.HexFormat;

/**
 * A probe's flow as its prober sees it. A prober uses it again after 120 s at the earliest.
 *
 * @param vipAddress the public one
 */
public record Flow(ByteString proberAddress, int proberPort, ByteString vipAddress, int vipPort) {
  /** As one word: {@code c6120b02:20000>c6130001:80}. */
  public String text() {
    HexFormat hex = HexFormat.of();
    return hex.formatHex(proberAddress.toByteArray())
        + ":"
        + proberPort
        + ">"
        + hex.formatHex(vipAddress.toByteArray())
        + ":"
        + vipPort;
  }
}
