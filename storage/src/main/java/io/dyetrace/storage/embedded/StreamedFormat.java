package io.dyetrace.storage.embedded;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Formats whose pieces can be joined. The engine writes each piece of a streamed result as a
 * document of its own; where the format begins with names or types, every piece after the first has
 * that beginning cut off. Formats that are not here (JSON, Pretty …) are built whole in memory.
 */
final class StreamedFormat {
  private static final Map<String, Header> HEADERS =
      Map.ofEntries(
          Map.entry("RowBinary", Header.NONE),
          Map.entry("RowBinaryWithNames", Header.BINARY_NAMES),
          Map.entry("RowBinaryWithNamesAndTypes", Header.BINARY_NAMES_AND_TYPES),
          Map.entry("Native", Header.NONE),
          Map.entry("TabSeparated", Header.NONE),
          Map.entry("TSV", Header.NONE),
          Map.entry("TabSeparatedWithNames", Header.ONE_LINE),
          Map.entry("TSVWithNames", Header.ONE_LINE),
          Map.entry("TabSeparatedWithNamesAndTypes", Header.TWO_LINES),
          Map.entry("TSVWithNamesAndTypes", Header.TWO_LINES),
          Map.entry("CSV", Header.NONE),
          Map.entry("JSONEachRow", Header.NONE),
          Map.entry("JSONLines", Header.NONE),
          Map.entry("NDJSON", Header.NONE),
          Map.entry("JSONCompactEachRow", Header.NONE),
          Map.entry("JSONCompactEachRowWithNames", Header.ONE_LINE),
          Map.entry("JSONCompactEachRowWithNamesAndTypes", Header.TWO_LINES));

  private enum Header {
    NONE,
    ONE_LINE,
    TWO_LINES,
    BINARY_NAMES,
    BINARY_NAMES_AND_TYPES
  }

  private final Header header;

  private StreamedFormat(Header header) {
    this.header = header;
  }

  /** The format of this name, or null when its pieces cannot be joined. */
  static @Nullable StreamedFormat of(String name) {
    Header header = HEADERS.get(name);
    return header == null ? null : new StreamedFormat(header);
  }

  /** How many bytes at the start of a piece stand in every piece. */
  long headerBytes(Engine.Chunk piece) {
    return switch (header) {
      case NONE -> 0;
      case ONE_LINE -> new Cursor(piece).skipLines(1);
      case TWO_LINES -> new Cursor(piece).skipLines(2);
      case BINARY_NAMES -> new Cursor(piece).skipStrings(1);
      case BINARY_NAMES_AND_TYPES -> new Cursor(piece).skipStrings(2);
    };
  }

  private static final class Cursor {
    private final Engine.Chunk piece;
    private final long bytes;
    private long at;

    Cursor(Engine.Chunk piece) {
      this.piece = piece;
      this.bytes = piece.bytes();
    }

    private int next() {
      if (at >= bytes) {
        throw new IllegalStateException("a piece ends within its header");
      }
      return piece.slice(at++, 1).get(0) & 0xff;
    }

    long skipLines(int lines) {
      for (int i = 0; i < lines; i++) {
        while (next() != '\n') {
          // The formats escape line feeds within values.
        }
      }
      return at;
    }

    long skipStrings(int lists) {
      long columns = varint();
      for (long i = 0; i < columns * lists; i++) {
        long length = varint();
        at += length;
      }
      return at;
    }

    private long varint() {
      long value = 0;
      for (int shift = 0; shift < 63; shift += 7) {
        int b = next();
        value |= (long) (b & 0x7f) << shift;
        if (b < 0x80) {
          return value;
        }
      }
      throw new IllegalStateException("a number of more than 9 bytes in a piece's header");
    }
  }
}
