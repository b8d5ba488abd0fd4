package io.dyetrace.prober;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the two frames a prober sends into one buffer: Ethernet, IPv4 without fragmentation, TCP.
 * The buffer is good until the next write.
 */
final class FrameWriter {
  static final int ETHERNET_BYTES = 14;
  static final int IP_BYTES = 20;
  static final int TCP_BYTES = 20;
  static final int MSS_OPTION_BYTES = 4;

  /** What a padded SYN has besides its padding, counted as the MTU counts. */
  static final int SYN_BYTES = IP_BYTES + TCP_BYTES + MSS_OPTION_BYTES + 20;

  private static final int FLAG_SYN = 0x02;
  private static final int FLAG_RST = 0x04;
  private static final int MSS = 1_460;
  private static final int WINDOW = 64_240;
  private static final int TTL = 64;

  private final byte[] frame = new byte[ETHERNET_BYTES + SYN_BYTES + 9_000];
  private final byte[] sourceMac;
  private final int source;

  FrameWriter(byte[] sourceMac, int source) {
    this.sourceMac = sourceMac.clone();
    this.source = source;
  }

  byte[] frame() {
    return frame;
  }

  /** Writes a SYN with MSS, colour and padding. Returns the frame's length. */
  int syn(
      byte[] mac,
      int destination,
      int sourcePort,
      int destinationPort,
      int sequence,
      byte[] colour,
      int paddingBytes) {
    int options = ETHERNET_BYTES + IP_BYTES + TCP_BYTES;
    frame[options] = 2;
    frame[options + 1] = MSS_OPTION_BYTES;
    put16(options + 2, MSS);
    System.arraycopy(colour, 0, frame, options + MSS_OPTION_BYTES, colour.length);
    int headerBytes = TCP_BYTES + MSS_OPTION_BYTES + colour.length;
    int payload = ETHERNET_BYTES + IP_BYTES + headerBytes;
    Arrays.fill(frame, payload, payload + paddingBytes, (byte) 0);
    return finish(
        mac,
        destination,
        sourcePort,
        destinationPort,
        sequence,
        FLAG_SYN,
        headerBytes,
        paddingBytes);
  }

  /** Writes a RST, with a colour or without. Returns the frame's length. */
  int reset(
      byte[] mac,
      int destination,
      int sourcePort,
      int destinationPort,
      int sequence,
      byte @Nullable [] colour) {
    int headerBytes = TCP_BYTES;
    if (colour != null) {
      System.arraycopy(colour, 0, frame, ETHERNET_BYTES + IP_BYTES + TCP_BYTES, colour.length);
      headerBytes += colour.length;
    }
    return finish(
        mac, destination, sourcePort, destinationPort, sequence, FLAG_RST, headerBytes, 0);
  }

  private int finish(
      byte[] mac,
      int destination,
      int sourcePort,
      int destinationPort,
      int sequence,
      int flags,
      int tcpHeaderBytes,
      int payloadBytes) {
    int tcpBytes = tcpHeaderBytes + payloadBytes;
    System.arraycopy(mac, 0, frame, 0, 6);
    System.arraycopy(sourceMac, 0, frame, 6, 6);
    put16(12, 0x0800);

    int ip = ETHERNET_BYTES;
    put16(ip, 0x4500);
    put16(ip + 2, IP_BYTES + tcpBytes);
    put16(ip + 4, 0);
    put16(ip + 6, 0x4000);
    put16(ip + 8, (TTL << 8) | 6);
    put16(ip + 10, 0);
    put32(ip + 12, source);
    put32(ip + 16, destination);
    put16(ip + 10, Checksum.of(frame, ip, IP_BYTES, 0));

    int tcp = ip + IP_BYTES;
    put16(tcp, sourcePort);
    put16(tcp + 2, destinationPort);
    put32(tcp + 4, sequence);
    put32(tcp + 8, 0);
    put16(tcp + 12, ((tcpHeaderBytes / 4) << 12) | flags);
    put16(tcp + 14, flags == FLAG_SYN ? WINDOW : 0);
    put32(tcp + 16, 0);
    put16(tcp + 16, Checksum.ofTransport(frame, tcp, tcpBytes, source, destination, 6));
    return ETHERNET_BYTES + IP_BYTES + tcpBytes;
  }

  private void put16(int offset, int value) {
    frame[offset] = (byte) (value >> 8);
    frame[offset + 1] = (byte) value;
  }

  private void put32(int offset, int value) {
    put16(offset, value >>> 16);
    put16(offset + 2, value);
  }
}
