package io.dyetrace.analytics.detect;

import com.google.protobuf.CodedInputStream;
import java.io.DataInput;
import java.io.EOFException;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.util.ArrayList;
import java.util.List;

/** Reads what {@link SnapshotOutput} wrote. Whatever is cut short or wrong is an IOException. */
final class SnapshotInput implements DataInput {
  private final CodedInputStream in;
  private final long baseNs;
  private final List<String> names = new ArrayList<>();

  SnapshotInput(byte[] bytes, int offset) throws IOException {
    this.in = CodedInputStream.newInstance(bytes, offset, bytes.length - offset);
    this.baseNs = in.readFixed64();
  }

  @Override
  public int readInt() throws IOException {
    return in.readSInt32();
  }

  @Override
  public long readLong() throws IOException {
    long written = in.readUInt64();
    int mode = (int) written & ((1 << SnapshotOutput.MODE_BITS) - 1);
    long v = CodedInputStream.decodeZigZag64(written >>> SnapshotOutput.MODE_BITS);
    return switch (mode) {
      case SnapshotOutput.ABSOLUTE -> v;
      case SnapshotOutput.RELATIVE -> baseNs + v;
      case SnapshotOutput.FIXED -> in.readFixed64();
      default -> throw new StreamCorruptedException("a number of unknown kind " + mode);
    };
  }

  @Override
  public String readUTF() throws IOException {
    int known = in.readUInt32();
    if (known == 0) {
      String name = in.readStringRequireUtf8();
      names.add(name);
      return name;
    }
    if (known < 0 || known > names.size()) {
      throw new StreamCorruptedException(
          "name " + known + " where there were " + names.size() + " so far");
    }
    return names.get(known - 1);
  }

  @Override
  public boolean readBoolean() throws IOException {
    return in.readBool();
  }

  @Override
  public double readDouble() throws IOException {
    return in.readDouble();
  }

  @Override
  public float readFloat() throws IOException {
    return in.readFloat();
  }

  @Override
  public byte readByte() throws IOException {
    return in.readRawByte();
  }

  @Override
  public int readUnsignedByte() throws IOException {
    return Byte.toUnsignedInt(readByte());
  }

  @Override
  public short readShort() throws IOException {
    return (short) readInt();
  }

  @Override
  public int readUnsignedShort() throws IOException {
    return Short.toUnsignedInt(readShort());
  }

  @Override
  public char readChar() throws IOException {
    return (char) readInt();
  }

  @Override
  public void readFully(byte[] b) throws IOException {
    readFully(b, 0, b.length);
  }

  @Override
  public void readFully(byte[] b, int off, int len) throws IOException {
    System.arraycopy(in.readRawBytes(len), 0, b, off, len);
  }

  @Override
  public int skipBytes(int n) throws IOException {
    if (n > 0 && in.isAtEnd()) {
      throw new EOFException();
    }
    in.skipRawBytes(n);
    return n;
  }

  @Override
  public String readLine() {
    throw new UnsupportedOperationException("a name is read by readUTF");
  }
}
