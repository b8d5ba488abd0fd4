package io.dyetrace.lab.packet;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A TCP segment over IPv4 and Ethernet, as captured or to be sent.
 *
 * @param options the TCP options, a multiple of 4 bytes
 */
public record TcpFrame(
    byte[] sourceMac,
    byte[] destinationMac,
    byte[] source,
    byte[] destination,
    int sourcePort,
    int destinationPort,
    int sequence,
    int acknowledgement,
    int flags,
    byte[] options) {
  public static final int FIN = 0x01;
  public static final int SYN = 0x02;
  public static final int RST = 0x04;
  public static final int ACK = 0x10;

  private static final int ETHERNET_BYTES = 14;
  private static final int IP_BYTES = 20;
  private static final int TCP_BYTES = 20;
  private static final int PROTOCOL_TCP = 6;
  private static final int ETHERTYPE_IPV4 = 0x0800;

  /** Reads one; empty when the frame is something else. */
  public static Optional<TcpFrame> parse(byte[] frame) {
    if (frame.length < ETHERNET_BYTES + IP_BYTES + TCP_BYTES) {
      return Optional.empty();
    }
    ByteBuffer b = ByteBuffer.wrap(frame);
    int ipBytes = (frame[ETHERNET_BYTES] & 0x0f) * 4;
    if ((b.getShort(12) & 0xffff) != ETHERTYPE_IPV4
        || frame[ETHERNET_BYTES + 9] != PROTOCOL_TCP
        || ipBytes < IP_BYTES) {
      return Optional.empty();
    }
    int tcp = ETHERNET_BYTES + ipBytes;
    if (frame.length < tcp + TCP_BYTES) {
      return Optional.empty();
    }
    int tcpBytes = ((frame[tcp + 12] & 0xff) >> 4) * 4;
    if (tcpBytes < TCP_BYTES || frame.length < tcp + tcpBytes) {
      return Optional.empty();
    }
    return Optional.of(
        new TcpFrame(
            Arrays.copyOfRange(frame, 6, 12),
            Arrays.copyOfRange(frame, 0, 6),
            Arrays.copyOfRange(frame, ETHERNET_BYTES + 12, ETHERNET_BYTES + 16),
            Arrays.copyOfRange(frame, ETHERNET_BYTES + 16, ETHERNET_BYTES + 20),
            b.getShort(tcp) & 0xffff,
            b.getShort(tcp + 2) & 0xffff,
            b.getInt(tcp + 4),
            b.getInt(tcp + 8),
            frame[tcp + 13] & 0xff,
            Arrays.copyOfRange(frame, tcp + TCP_BYTES, tcp + tcpBytes)));
  }

  /** Whether exactly these of SYN, ACK, RST and FIN are set. */
  public boolean has(int wanted) {
    return (flags & (SYN | ACK | RST | FIN)) == wanted;
  }

  /** Whether its options hold one of this kind. */
  public boolean hasOption(int kind) {
    for (int at = 0; at < options.length; ) {
      int here = options[at] & 0xff;
      if (here == kind) {
        return true;
      }
      if (here == 0) {
        return false;
      }
      int length = here == 1 ? 1 : at + 1 < options.length ? options[at + 1] & 0xff : 0;
      if (length == 0) {
        return false;
      }
      at += length;
    }
    return false;
  }

  /** The same segment with another source port. */
  public TcpFrame fromPort(int port) {
    return new TcpFrame(
        sourceMac,
        destinationMac,
        source,
        destination,
        port,
        destinationPort,
        sequence,
        acknowledgement,
        flags,
        options);
  }

  /** The same segment from another host. */
  public TcpFrame fromHost(byte[] mac, byte[] nextHopMac, byte[] address) {
    return new TcpFrame(
        mac,
        nextHopMac,
        address,
        destination,
        sourcePort,
        destinationPort,
        sequence,
        acknowledgement,
        flags,
        options);
  }

  /** The frame's bytes, checksums included. */
  public byte[] encode() {
    int tcpBytes = TCP_BYTES + options.length;
    ByteBuffer b = ByteBuffer.allocate(ETHERNET_BYTES + IP_BYTES + tcpBytes);
    b.put(destinationMac).put(sourceMac).putShort((short) ETHERTYPE_IPV4);
    b.put((byte) 0x45).put((byte) 0).putShort((short) (IP_BYTES + tcpBytes));
    b.putShort((short) sequence).putShort((short) 0x4000);
    b.put((byte) 64).put((byte) PROTOCOL_TCP).putShort((short) 0).put(source).put(destination);
    int tcp = ETHERNET_BYTES + IP_BYTES;
    b.putShort((short) sourcePort).putShort((short) destinationPort);
    b.putInt(sequence).putInt(acknowledgement);
    b.put((byte) ((tcpBytes / 4) << 4)).put((byte) flags).putShort((short) 64240);
    b.putShort((short) 0).putShort((short) 0).put(options);
    byte[] bytes = b.array();
    b.putShort(ETHERNET_BYTES + 10, checksum(bytes, ETHERNET_BYTES, IP_BYTES, 0));
    long pseudoHeader = words(source, 0, 4) + words(destination, 0, 4) + PROTOCOL_TCP + tcpBytes;
    b.putShort(tcp + 16, checksum(bytes, tcp, tcpBytes, pseudoHeader));
    return bytes;
  }

  private static short checksum(byte[] bytes, int from, int length, long start) {
    long sum = start + words(bytes, from, length);
    while (sum >> 16 != 0) {
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return (short) ~sum;
  }

  private static long words(byte[] bytes, int from, int length) {
    long sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (bytes[from + i] & 0xffL) << (i % 2 == 0 ? 8 : 0);
    }
    return sum;
  }

  /** Reads {@code 0a:1b:…}. */
  public static byte[] mac(String text) {
    return HexFormat.ofDelimiter(":").parseHex(text);
  }
}
