package io.dyetrace.lab.packet;

/** A SYN whose data offset points into its own header: no TCP sends that. */
public final class MalformedTcp {
  private static final int ETHERNET_AND_IP_BYTES = 34;
  private static final int DATA_OFFSET = 12;
  private static final byte TWO_WORDS = 0x20;

  private MalformedTcp() {}

  /** The frame of a SYN, cut so. */
  public static byte[] of(TcpFrame syn) {
    byte[] frame = syn.encode();
    frame[ETHERNET_AND_IP_BYTES + DATA_OFFSET] = TWO_WORDS;
    return frame;
  }
}
