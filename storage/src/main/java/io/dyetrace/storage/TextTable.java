package io.dyetrace.storage;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Prints tab-separated rows with names and types as a table: columns as wide as their values,
 * numbers to the right.
 *
 * <p>Widths come from the first rows; a longer value further down pushes its line out, so that a
 * result of any size needs little memory.
 */
final class TextTable {
  private static final String GAP = "  ";

  private final int measuredRows;

  TextTable(int measuredRows) {
    this.measuredRows = measuredRows;
  }

  /** Prints all rows and returns how many. */
  long print(BufferedReader tsv, PrintStream out) throws IOException {
    String header = tsv.readLine();
    String typeLine = tsv.readLine();
    if (header == null || typeLine == null) {
      return 0;
    }
    String[] names = split(header);
    String[] types = split(typeLine);
    boolean[] right = new boolean[names.length];
    int[] widths = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      right[i] = isNumber(types[i]);
      widths[i] = width(names[i]);
    }
    List<String[]> measured = new ArrayList<>();
    String line = tsv.readLine();
    while (line != null && measured.size() < measuredRows) {
      String[] values = split(line);
      for (int i = 0; i < Math.min(values.length, widths.length); i++) {
        widths[i] = Math.max(widths[i], width(values[i]));
      }
      measured.add(values);
      line = tsv.readLine();
    }
    out.println(row(names, widths, right));
    out.println(rule(widths));
    for (String[] values : measured) {
      out.println(row(values, widths, right));
    }
    long rows = measured.size();
    while (line != null) {
      out.println(row(split(line), widths, right));
      rows++;
      line = tsv.readLine();
    }
    return rows;
  }

  private static boolean isNumber(String type) {
    String bare = type;
    while (bare.startsWith("Nullable(") || bare.startsWith("LowCardinality(")) {
      bare = bare.substring(bare.indexOf('(') + 1);
    }
    return bare.startsWith("UInt")
        || bare.startsWith("Int")
        || bare.startsWith("Float")
        || bare.startsWith("Decimal");
  }

  private static String row(String[] values, int[] widths, boolean[] right) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      String value = values[i];
      int pad = i < widths.length ? Math.max(0, widths[i] - width(value)) : 0;
      boolean last = i == values.length - 1;
      if (i < right.length && right[i]) {
        text.append(" ".repeat(pad)).append(value);
      } else {
        text.append(value).append(last ? "" : " ".repeat(pad));
      }
      text.append(last ? "" : GAP);
    }
    return text.toString();
  }

  private static String rule(int[] widths) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      text.append(i == 0 ? "" : GAP).append("─".repeat(widths[i]));
    }
    return text.toString();
  }

  private static int width(String value) {
    return value.codePointCount(0, value.length());
  }

  /** Takes a line apart; within values line feeds and tabs stay escaped, so a row stays a line. */
  private static String[] split(String line) {
    String[] values = line.split("\t", -1);
    for (int i = 0; i < values.length; i++) {
      values[i] =
          values[i].equals("\\N") ? "NULL" : values[i].replace("\\'", "'").replace("\\\\", "\\");
    }
    return values;
  }
}
