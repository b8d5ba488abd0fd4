package io.dyetrace.prober;

/**
 * Reads captured frames without trusting a byte of them. The result stands in this object's fields
 * until the next {@link #read}.
 */
final class FrameReader {
  /** What a frame turned out to be; everything that is not for the prober has its reason. */
  enum Kind {
    /** The prober's own SYN or RST on its way out. */
    SENT,
    /** A TCP segment to the prober's address. */
    TCP,
    /** An ICMP error that quotes a TCP segment from the prober's address. */
    ICMP_ERROR,
    NOT_IPV4,
    TRUNCATED,
    MALFORMED,
    FRAGMENT,
    BAD_CHECKSUM,
    NOT_OURS
  }

  static final int FLAG_SYN = 0x02;
  static final int FLAG_RST = 0x04;
  static final int FLAG_ACK = 0x10;

  private static final int ETHERNET_BYTES = 14;
  private static final int ICMP_BYTES = 8;
  private static final int UNREACHABLE = 3;
  private static final int TIME_EXCEEDED = 11;
  private static final int PARAMETER_PROBLEM = 12;

  private final int proberAddress;
  private final int captureBytes;

  /** The other side: of a TCP segment its sender, of an own or a quoted one its destination. */
  int peerAddress;

  int peerPort;
  int proberPort;
  int sequence;
  int acknowledgement;
  int flags;
  int icmpSender;
  int icmpType;
  int icmpCode;

  private byte[] data = new byte[0];

  /**
   * Makes a reader.
   *
   * @param captureBytes a frame of this length or more may have been cut by the capture
   */
  FrameReader(int proberAddress, int captureBytes) {
    this.proberAddress = proberAddress;
    this.captureBytes = captureBytes;
  }

  Kind read(byte[] bytes, int length) {
    data = bytes;
    if (length < ETHERNET_BYTES + 20) {
      return Kind.TRUNCATED;
    }
    if (u16(12) != 0x0800 || (data[ETHERNET_BYTES] & 0xf0) != 0x40) {
      return Kind.NOT_IPV4;
    }
    int ip = ETHERNET_BYTES;
    int headerBytes = (data[ip] & 0x0f) * 4;
    int totalBytes = u16(ip + 2);
    int seenBytes = Math.min(totalBytes, length - ip);
    if (headerBytes < 20 || totalBytes < headerBytes || seenBytes < headerBytes) {
      return Kind.MALFORMED;
    }
    boolean whole = seenBytes == totalBytes;
    if (!whole && length < captureBytes) {
      return Kind.TRUNCATED;
    }
    int source = s32(ip + 12);
    boolean own = source == proberAddress;
    if (!own && s32(ip + 16) != proberAddress) {
      return Kind.NOT_OURS;
    }
    if ((u16(ip + 6) & 0x3fff) != 0) {
      return Kind.FRAGMENT;
    }
    if (!own && Checksum.of(data, ip, headerBytes, 0) != 0) {
      return Kind.BAD_CHECKSUM;
    }
    int protocol = data[ip + 9] & 0xff;
    int payload = ip + headerBytes;
    int payloadBytes = seenBytes - headerBytes;
    if (protocol == 6) {
      return readTcp(payload, payloadBytes, own, whole);
    }
    if (protocol == 1 && !own) {
      icmpSender = source;
      return readIcmp(payload, payloadBytes, whole);
    }
    return Kind.NOT_OURS;
  }

  private Kind readTcp(int tcp, int bytes, boolean own, boolean whole) {
    if (bytes < 20) {
      return Kind.TRUNCATED;
    }
    int headerBytes = (data[tcp + 12] >> 4 & 0x0f) * 4;
    if (headerBytes < 20 || headerBytes > bytes) {
      return Kind.MALFORMED;
    }
    int ip = ETHERNET_BYTES;
    if (!own
        && whole
        && Checksum.ofTransport(data, tcp, bytes, s32(ip + 12), s32(ip + 16), 6) != 0) {
      return Kind.BAD_CHECKSUM;
    }
    peerAddress = s32(own ? ip + 16 : ip + 12);
    peerPort = u16(own ? tcp + 2 : tcp);
    proberPort = u16(own ? tcp : tcp + 2);
    sequence = s32(tcp + 4);
    acknowledgement = s32(tcp + 8);
    flags = data[tcp + 13] & 0x3f;
    return own ? Kind.SENT : Kind.TCP;
  }

  private Kind readIcmp(int icmp, int bytes, boolean whole) {
    if (bytes < ICMP_BYTES) {
      return Kind.TRUNCATED;
    }
    icmpType = data[icmp] & 0xff;
    icmpCode = data[icmp + 1] & 0xff;
    if (icmpType != UNREACHABLE && icmpType != TIME_EXCEEDED && icmpType != PARAMETER_PROBLEM) {
      return Kind.NOT_OURS;
    }
    if (whole && Checksum.of(data, icmp, bytes, 0) != 0) {
      return Kind.BAD_CHECKSUM;
    }
    int inner = icmp + ICMP_BYTES;
    int innerBytes = bytes - ICMP_BYTES;
    if (innerBytes < 20) {
      return Kind.TRUNCATED;
    }
    int headerBytes = (data[inner] & 0x0f) * 4;
    if ((data[inner] & 0xf0) != 0x40 || headerBytes < 20) {
      return Kind.MALFORMED;
    }
    if (innerBytes < headerBytes + 8) {
      return Kind.TRUNCATED;
    }
    if ((u16(inner + 6) & 0x1fff) != 0) {
      return Kind.FRAGMENT;
    }
    if ((data[inner + 9] & 0xff) != 6 || s32(inner + 12) != proberAddress) {
      return Kind.NOT_OURS;
    }
    int tcp = inner + headerBytes;
    peerAddress = s32(inner + 16);
    proberPort = u16(tcp);
    peerPort = u16(tcp + 2);
    sequence = s32(tcp + 4);
    return Kind.ICMP_ERROR;
  }

  private int u16(int offset) {
    return (data[offset] & 0xff) << 8 | (data[offset + 1] & 0xff);
  }

  private int s32(int offset) {
    return u16(offset) << 16 | u16(offset + 2);
  }
}
