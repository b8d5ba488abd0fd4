package io.dyetrace.analytics.localize;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Splits a stream into lines, none longer than a limit. */
final class LineReader {
  private final InputStream in;
  private final int maxBytes;
  private byte[] buffer = new byte[1 << 16];
  private int from;
  private int filled;
  private boolean ended;
  private int start;
  private int length;

  LineReader(InputStream in, int maxBytes) {
    this.in = in;
    this.maxBytes = maxBytes;
  }

  /**
   * Goes to the next line; false at the end.
   *
   * @throws LineTooLongException when it is longer than the limit
   */
  boolean next() throws IOException, LineTooLongException {
    int scan = from;
    while (true) {
      for (; scan < filled; scan++) {
        if (buffer[scan] == '\n') {
          start = from;
          length = scan - from;
          from = scan + 1;
          return true;
        }
      }
      if (filled - from > maxBytes) {
        throw new LineTooLongException();
      }
      if (ended) {
        start = from;
        length = filled - from;
        from = filled;
        return length > 0;
      }
      if (from > 0) {
        System.arraycopy(buffer, from, buffer, 0, filled - from);
        scan -= from;
        filled -= from;
        from = 0;
      }
      if (filled == buffer.length) {
        buffer = Arrays.copyOf(buffer, 2 * buffer.length);
      }
      int read = in.read(buffer, filled, buffer.length - filled);
      if (read < 0) {
        ended = true;
      } else {
        filled += read;
      }
    }
  }

  byte[] bytes() {
    return buffer;
  }

  int start() {
    return start;
  }

  int length() {
    return length;
  }

  /** A line longer than the limit. */
  static final class LineTooLongException extends Exception {
    private static final long serialVersionUID = 1;
  }
}
