package io.dyetrace.analytics.detect;

import com.google.protobuf.CodedOutputStream;
import java.io.DataOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes numbers and names in few bytes: numbers as Protocol Buffers' varints, times relative to
 * one that is near, a name in full only where it comes first. A checkpoint writes everything each
 * second, and nearly all of it is the same few names and times of the last seconds.
 */
final class SnapshotOutput implements DataOutput {
  /** How a long is written: the two lowest bits of its varint. */
  static final int ABSOLUTE = 0;

  static final int RELATIVE = 1;

  /** Too large for a varint beside the mode: eight bytes follow. */
  static final int FIXED = 2;

  static final int MODE_BITS = 2;

  private static final long FITS = 1L << 60;

  private static final int BUFFER_BYTES = 1 << 16;

  private final CodedOutputStream out;
  private final long baseNs;
  private final Map<String, Integer> names = new HashMap<>();

  /**
   * Begins a snapshot.
   *
   * @param out stays the caller's, who calls {@link #flush} before using what was written
   * @param baseNs a time that most others are near to
   */
  SnapshotOutput(OutputStream out, long baseNs) throws IOException {
    this.out = CodedOutputStream.newInstance(out, BUFFER_BYTES);
    this.baseNs = baseNs;
    this.out.writeFixed64NoTag(baseNs);
  }

  void flush() throws IOException {
    out.flush();
  }

  @Override
  public void writeInt(int v) throws IOException {
    out.writeSInt32NoTag(v);
  }

  @Override
  public void writeLong(long v) throws IOException {
    long relative = v - baseNs;
    if (fits(relative) && Math.abs(relative) < Math.abs(v)) {
      writeLong(relative, RELATIVE);
    } else if (fits(v)) {
      writeLong(v, ABSOLUTE);
    } else {
      out.writeUInt64NoTag(FIXED);
      out.writeFixed64NoTag(v);
    }
  }

  private static boolean fits(long v) {
    return -FITS < v && v < FITS;
  }

  private void writeLong(long v, int mode) throws IOException {
    out.writeUInt64NoTag(CodedOutputStream.encodeZigZag64(v) << MODE_BITS | mode);
  }

  /** 0 and the name, where it comes first; else which of the names before it is. */
  @Override
  public void writeUTF(String s) throws IOException {
    Integer known = names.putIfAbsent(s, names.size() + 1);
    if (known == null) {
      out.writeUInt32NoTag(0);
      out.writeStringNoTag(s);
    } else {
      out.writeUInt32NoTag(known);
    }
  }

  @Override
  public void writeBoolean(boolean v) throws IOException {
    out.writeBoolNoTag(v);
  }

  @Override
  public void writeDouble(double v) throws IOException {
    out.writeDoubleNoTag(v);
  }

  @Override
  public void writeFloat(float v) throws IOException {
    out.writeFloatNoTag(v);
  }

  @Override
  public void write(int b) throws IOException {
    out.write((byte) b);
  }

  @Override
  public void write(byte[] b) throws IOException {
    write(b, 0, b.length);
  }

  @Override
  public void write(byte[] b, int off, int len) throws IOException {
    out.write(b, off, len);
  }

  @Override
  public void writeByte(int v) throws IOException {
    write(v);
  }

  @Override
  public void writeShort(int v) throws IOException {
    writeInt((short) v);
  }

  @Override
  public void writeChar(int v) throws IOException {
    writeInt((char) v);
  }

  @Override
  public void writeBytes(String s) {
    throw new UnsupportedOperationException("a name is written by writeUTF");
  }

  @Override
  public void writeChars(String s) {
    throw new UnsupportedOperationException("a name is written by writeUTF");
  }
}
