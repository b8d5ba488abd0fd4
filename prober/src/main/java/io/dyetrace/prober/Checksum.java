package io.dyetrace.prober;

/** The Internet checksum (RFC 1071). Over bytes that hold a right checksum it is 0. */
final class Checksum {
  private Checksum() {}

  /** Over a range of bytes. */
  static int of(byte[] data, int offset, int length, long initial) {
    long sum = initial;
    int end = offset + length;
    int i = offset;
    for (; i + 1 < end; i += 2) {
      sum += (data[i] & 0xff) << 8 | (data[i + 1] & 0xff);
    }
    if (i < end) {
      sum += (data[i] & 0xff) << 8;
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return (int) ~sum & 0xffff;
  }

  /** The same with IPv4's pseudo header before it. */
  static int ofTransport(
      byte[] data, int offset, int length, int source, int destination, int protocol) {
    long pseudo =
        (source >>> 16)
            + (source & 0xffff)
            + (destination >>> 16)
            + (destination & 0xffff)
            + protocol
            + (long) length;
    return of(data, offset, length, pseudo);
  }
}
