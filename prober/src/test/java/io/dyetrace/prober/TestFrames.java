package io.dyetrace.prober;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Frames as the other side makes them, and the fields of frames the prober made. */
final class TestFrames {
  static final int SYN = 0x02;
  static final int RST = 0x04;
  static final int ACK = 0x10;

  private TestFrames() {}

  /** A segment that answers a captured SYN. */
  static byte[] answer(byte[] syn, int flags, int acknowledgement) {
    ByteBuffer in = ByteBuffer.wrap(syn);
    int prober = in.getInt(26);
    int vip = in.getInt(30);
    ByteBuffer out = ByteBuffer.allocate(14 + 20 + 20);
    out.putShort(12, (short) 0x0800);
    ip(out.array(), 14, 40, 6, vip, prober);
    out.putShort(34, in.getShort(36));
    out.putShort(36, in.getShort(34));
    out.putInt(38, 0x1234_5678);
    out.putInt(42, acknowledgement);
    out.put(46, (byte) 0x50);
    out.put(47, (byte) flags);
    int sum = Checksum.ofTransport(out.array(), 34, 20, vip, prober, 6);
    out.putShort(50, (short) sum);
    return out.array();
  }

  static byte[] synAck(byte[] syn) {
    return answer(syn, SYN | ACK, sequence(syn) + 1);
  }

  /** An ICMP error that quotes the IP header and 8 bytes of a frame. */
  static byte[] icmp(byte[] quoted, int sender, int type, int code) {
    int prober = ByteBuffer.wrap(quoted).getInt(26);
    ByteBuffer out = ByteBuffer.allocate(14 + 20 + 8 + 28);
    out.putShort(12, (short) 0x0800);
    ip(out.array(), 14, 56, 1, sender, prober);
    out.put(34, (byte) type);
    out.put(35, (byte) code);
    out.position(42);
    out.put(quoted, 14, 28);
    out.putShort(36, (short) Checksum.of(out.array(), 34, 36, 0));
    return out.array();
  }

  private static void ip(
      byte[] frame, int at, int totalBytes, int protocol, int source, int destination) {
    ByteBuffer out = ByteBuffer.wrap(frame);
    out.put(at, (byte) 0x45);
    out.putShort(at + 2, (short) totalBytes);
    out.put(at + 8, (byte) 64);
    out.put(at + 9, (byte) protocol);
    out.putInt(at + 12, source);
    out.putInt(at + 16, destination);
    out.putShort(at + 10, (short) Checksum.of(frame, at, 20, 0));
  }

  static int sequence(byte[] frame) {
    return ByteBuffer.wrap(frame).getInt(38);
  }

  static int flags(byte[] frame) {
    return frame[47] & 0x3f;
  }

  static int sourcePort(byte[] frame) {
    return ByteBuffer.wrap(frame).getShort(34) & 0xffff;
  }

  static int destinationPort(byte[] frame) {
    return ByteBuffer.wrap(frame).getShort(36) & 0xffff;
  }

  /** The bytes of the colour, or none when the frame has no colour. */
  static byte[] colour(byte[] frame) {
    int headerBytes = (frame[46] >> 4 & 0x0f) * 4;
    int at = 34 + 20;
    while (at < 34 + headerBytes) {
      int kind = frame[at] & 0xff;
      if (kind == 253) {
        return Arrays.copyOfRange(frame, at, at + 20);
      }
      at += kind <= 1 ? 1 : frame[at + 1];
    }
    return new byte[0];
  }
}
