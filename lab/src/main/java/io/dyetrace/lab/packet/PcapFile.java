package io.dyetrace.lab.packet;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The classic capture file format, as tcpdump writes it on this machine. */
public final class PcapFile {
  private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
  private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
  private static final int HEADER_BYTES = 24;
  private static final int RECORD_HEADER_BYTES = 16;

  private PcapFile() {}

  /**
   * The frames, each as many bytes as were captured. A record cut short by the end of the capture
   * is left out.
   */
  public static List<byte[]> read(Path file) throws IOException {
    ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
    if (b.remaining() < HEADER_BYTES) {
      return List.of();
    }
    int magic = b.getInt(0);
    if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS) {
      throw new IOException(file + ": not a capture file of this machine");
    }
    b.position(HEADER_BYTES);
    List<byte[]> frames = new ArrayList<>();
    while (b.remaining() >= RECORD_HEADER_BYTES) {
      int length = b.getInt(b.position() + 8);
      b.position(b.position() + RECORD_HEADER_BYTES);
      if (length < 0 || length > b.remaining()) {
        break;
      }
      byte[] frame = new byte[length];
      b.get(frame);
      frames.add(frame);
    }
    return frames;
  }
}
