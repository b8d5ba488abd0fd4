package io.dyetrace.storage.wire;

import com.clickhouse.data.ClickHouseCityHash;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * ClickHouse's compressed frames: 16 bytes of CityHash128 over the rest, a method byte, compressed
 * size (with these 9 bytes) and original size as 32 bits little-endian, then the data. What {@code
 * compress=1} and {@code decompress=1} mean on the HTTP interface.
 */
// ClickHouse's client moves its CityHash to an internal package; the frames need this one.
@SuppressWarnings("deprecation")
public final class Lz4Frames {
  /** The largest frame taken. ClickHouse and its clients make frames of about a mebibyte. */
  static final int MAX_FRAME_BYTES = 64 << 20;

  private static final byte METHOD_NONE = 0x02;
  private static final byte METHOD_LZ4 = (byte) 0x82;
  private static final int CHECKSUM_BYTES = 16;
  private static final int HEADER_BYTES = 9;
  private static final int FRAME_BYTES = 256 * 1024;

  private Lz4Frames() {}

  /** Packs bytes into frames. */
  public static byte[] pack(byte[] data, int length) {
    LZ4Compressor lz4 = LZ4Factory.fastestInstance().fastCompressor();
    int frames = Math.max(1, (length + FRAME_BYTES - 1) / FRAME_BYTES);
    int worst = CHECKSUM_BYTES + HEADER_BYTES + lz4.maxCompressedLength(FRAME_BYTES);
    byte[] out = new byte[Math.multiplyExact(frames, worst)];
    int at = 0;
    for (int from = 0; from < length; from += FRAME_BYTES) {
      at += frame(lz4, data, from, Math.min(FRAME_BYTES, length - from), out, at);
    }
    return Arrays.copyOf(out, at);
  }

  private static int frame(
      LZ4Compressor lz4, byte[] data, int from, int length, byte[] out, int at) {
    int body = at + CHECKSUM_BYTES;
    int packed =
        lz4.compress(
            data, from, length, out, body + HEADER_BYTES, out.length - body - HEADER_BYTES);
    ByteBuffer buffer = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
    buffer.put(body, METHOD_LZ4);
    buffer.putInt(body + 1, packed + HEADER_BYTES);
    buffer.putInt(body + 5, length);
    long[] hash = ClickHouseCityHash.cityHash128(out, body, packed + HEADER_BYTES);
    buffer.putLong(at, hash[0]);
    buffer.putLong(at + 8, hash[1]);
    return CHECKSUM_BYTES + HEADER_BYTES + packed;
  }

  /** The bytes that {@link #pack} packed. */
  public static byte[] unpack(byte[] frames) throws IOException {
    return unpacking(new ByteArrayInputStream(frames)).readAllBytes();
  }

  /** A stream that packs what is written to it; {@code close} closes the one below. */
  public static OutputStream packing(OutputStream below) {
    return new Packing(below);
  }

  /** A stream of the original bytes; a frame that is damaged or of another method is an error. */
  public static InputStream unpacking(InputStream below) {
    return new Unpacking(below);
  }

  private static final class Packing extends OutputStream {
    private final OutputStream below;
    private final LZ4Compressor lz4 = LZ4Factory.fastestInstance().fastCompressor();
    private final byte[] buffer = new byte[FRAME_BYTES];
    private final byte[] frame =
        new byte[CHECKSUM_BYTES + HEADER_BYTES + lz4.maxCompressedLength(FRAME_BYTES)];
    private int filled;

    Packing(OutputStream below) {
      this.below = below;
    }

    @Override
    public void write(int b) throws IOException {
      if (filled == buffer.length) {
        emit();
      }
      buffer[filled++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int done = 0;
      while (done < length) {
        if (filled == buffer.length) {
          emit();
        }
        int n = Math.min(length - done, buffer.length - filled);
        System.arraycopy(bytes, offset + done, buffer, filled, n);
        filled += n;
        done += n;
      }
    }

    private void emit() throws IOException {
      if (filled > 0) {
        below.write(frame, 0, Lz4Frames.frame(lz4, buffer, 0, filled, frame, 0));
        filled = 0;
      }
    }

    @Override
    public void flush() throws IOException {
      emit();
      below.flush();
    }

    @Override
    public void close() throws IOException {
      emit();
      below.close();
    }
  }

  private static final class Unpacking extends InputStream {
    private final InputStream below;
    private final LZ4SafeDecompressor lz4 = LZ4Factory.fastestInstance().safeDecompressor();
    private byte[] original = new byte[0];
    private int at;

    Unpacking(InputStream below) {
      this.below = below;
    }

    @Override
    public int read() throws IOException {
      return fill() ? original[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int n = Math.min(length, original.length - at);
      System.arraycopy(original, at, bytes, offset, n);
      at += n;
      return n;
    }

    private boolean fill() throws IOException {
      while (at == original.length) {
        byte[] head = below.readNBytes(CHECKSUM_BYTES + HEADER_BYTES);
        if (head.length == 0) {
          return false;
        }
        if (head.length < CHECKSUM_BYTES + HEADER_BYTES) {
          throw new EOFException("a compressed frame ends within its header");
        }
        original = body(head);
        at = 0;
      }
      return true;
    }

    private byte[] body(byte[] head) throws IOException {
      ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
      byte method = head[CHECKSUM_BYTES];
      int packedBytes = fields.getInt(CHECKSUM_BYTES + 1) - HEADER_BYTES;
      int originalBytes = fields.getInt(CHECKSUM_BYTES + 5);
      if (method != METHOD_LZ4 && method != METHOD_NONE) {
        throw new IOException(
            "compressed frames of method 0x"
                + Integer.toHexString(method & 0xff)
                + " are not LZ4's");
      }
      if (packedBytes < 0
          || packedBytes > MAX_FRAME_BYTES
          || originalBytes < 0
          || originalBytes > MAX_FRAME_BYTES) {
        throw new IOException(
            "a compressed frame of "
                + packedBytes
                + " bytes for "
                + originalBytes
                + " is out of range");
      }
      byte[] packed = below.readNBytes(packedBytes);
      if (packed.length < packedBytes) {
        throw new EOFException("a compressed frame ends within its data");
      }
      byte[] hashed = new byte[HEADER_BYTES + packedBytes];
      System.arraycopy(head, CHECKSUM_BYTES, hashed, 0, HEADER_BYTES);
      System.arraycopy(packed, 0, hashed, HEADER_BYTES, packedBytes);
      long[] hash = ClickHouseCityHash.cityHash128(hashed, 0, hashed.length);
      if (fields.getLong(0) != hash[0] || fields.getLong(8) != hash[1]) {
        throw new IOException("a compressed frame's checksum does not match");
      }
      if (method == METHOD_NONE) {
        return packed;
      }
      byte[] out = new byte[originalBytes];
      try {
        if (lz4.decompress(packed, 0, packedBytes, out, 0, originalBytes) != originalBytes) {
          throw new IOException("a compressed frame holds less than it says");
        }
      } catch (LZ4Exception e) {
        throw new IOException("a compressed frame is damaged", e);
      }
      return out;
    }

    @Override
    public void close() throws IOException {
      below.close();
    }
  }
}
