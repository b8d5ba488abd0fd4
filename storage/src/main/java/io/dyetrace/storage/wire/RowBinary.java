package io.dyetrace.storage.wire;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes values in ClickHouse's RowBinary: little-endian numbers, strings with their length before
 * them, nothing between values.
 */
public final class RowBinary {
  private static final int IPV6_BYTES = 16;
  private static final int IPV4_BYTES = 4;

  private byte[] buffer;
  private int length;

  public RowBinary(int capacityBytes) {
    buffer = new byte[Math.max(64, capacityBytes)];
  }

  /** The bytes written so far stand at the start of this array. */
  public byte[] array() {
    return buffer;
  }

  /** How many bytes were written. */
  public int length() {
    return length;
  }

  /** Forgets what was written. */
  public void clear() {
    length = 0;
  }

  private int reserve(int bytes) {
    int at = length;
    if (bytes > buffer.length - at) {
      buffer =
          Arrays.copyOf(
              buffer,
              Math.max(
                  Math.addExact(at, bytes),
                  (int) Math.min(Integer.MAX_VALUE - 8L, buffer.length * 2L)));
    }
    length = at + bytes;
    return at;
  }

  private void littleEndian(long value, int bytes) {
    int at = reserve(bytes);
    for (int i = 0; i < bytes; i++) {
      buffer[at + i] = (byte) (value >>> (8 * i));
    }
  }

  /** A {@code UInt8}, {@code Int8}, {@code Bool} or the code of an {@code Enum8}. */
  public void int8(int value) {
    littleEndian(value, 1);
  }

  /** A {@code UInt16} or the code of an {@code Enum16}. */
  public void int16(int value) {
    littleEndian(value, 2);
  }

  /** A {@code UInt32}. */
  public void int32(int value) {
    littleEndian(value, 4);
  }

  /** A {@code UInt64}, or a {@code DateTime64(9)} as nanoseconds since the epoch. */
  public void int64(long value) {
    littleEndian(value, 8);
  }

  /** A {@code Float64}. */
  public void float64(double value) {
    littleEndian(Double.doubleToRawLongBits(value), 8);
  }

  /** A {@code Bool}. */
  public void bool(boolean value) {
    int8(value ? 1 : 0);
  }

  /** The length of an {@code Array}; its elements follow. */
  public void count(int value) {
    int rest = value;
    while (rest >= 0x80 || rest < 0) {
      int8(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    int8(rest);
  }

  /** A {@code String}. */
  public void string(String value) {
    if (value.isEmpty()) {
      int8(0);
      return;
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    count(bytes.length);
    int at = reserve(bytes.length);
    System.arraycopy(bytes, 0, buffer, at, bytes.length);
  }

  /**
   * An {@code IPv6} from 16 bytes, from 4 bytes as {@code ::ffff:a.b.c.d}, or {@code ::} from none.
   */
  public void address(ByteString value) {
    int at = reserve(IPV6_BYTES);
    Arrays.fill(buffer, at, at + IPV6_BYTES, (byte) 0);
    switch (value.size()) {
      case IPV6_BYTES -> value.copyTo(buffer, at);
      case IPV4_BYTES -> {
        buffer[at + 10] = (byte) 0xff;
        buffer[at + 11] = (byte) 0xff;
        value.copyTo(buffer, at + 12);
      }
      default -> {
        // Absent, or no address at all: "::".
      }
    }
  }
}
