package io.dyetrace.common.colour;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** The vectors that the Java and the C implementation share. */
final class Vectors {
  /** One line: the bytes of each field after the kind. */
  record Vector(String kind, List<byte[]> fields) {
    byte[] bytes(int index) {
      return fields.get(index);
    }

    /** A field as the unsigned number it is, in network order. */
    long number(int index) {
      long value = 0;
      for (byte b : fields.get(index)) {
        value = value << 8 | (b & 0xff);
      }
      return value;
    }

    ColourKey key() {
      return ColourKey.of(bytes(0));
    }

    byte[] expected() {
      return fields.get(fields.size() - 1);
    }

    @Override
    public String toString() {
      return kind + " " + fields.stream().map(HexFormat.of()::formatHex).toList();
    }
  }

  private Vectors() {}

  static List<Vector> of(String kind) throws IOException {
    List<Vector> vectors = new ArrayList<>();
    for (String line : read().split("\n")) {
      String[] cells = line.split("\t", -1);
      if (cells[0].equals(kind)) {
        List<byte[]> fields = new ArrayList<>();
        for (int i = 1; i < cells.length; i++) {
          fields.add(HexFormat.of().parseHex(cells[i]));
        }
        vectors.add(new Vector(kind, fields));
      }
    }
    if (vectors.isEmpty()) {
      throw new IllegalStateException("no vector of kind " + kind);
    }
    return vectors;
  }

  private static String read() throws IOException {
    try (InputStream in = Vectors.class.getResourceAsStream("/colour-vectors.tsv")) {
      return new String(
          Objects.requireNonNull(in, "colour-vectors.tsv").readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
