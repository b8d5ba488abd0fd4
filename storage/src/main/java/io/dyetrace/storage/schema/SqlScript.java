package io.dyetrace.storage.schema;

import java.util.ArrayList;
import java.util.List;

/** Takes a file of statements apart: the HTTP interface runs one at a time. */
final class SqlScript {
  private SqlScript() {}

  /** The statements, without the semicolons between them and without comments. */
  static List<String> statements(String script) {
    List<String> statements = new ArrayList<>();
    StringBuilder current = new StringBuilder();
    int i = 0;
    while (i < script.length()) {
      char c = script.charAt(i);
      if (c == '\'' || c == '`' || c == '"') {
        int end = endOfQuoted(script, i);
        current.append(script, i, end);
        i = end;
      } else if (script.startsWith("--", i)) {
        int newline = script.indexOf('\n', i);
        i = newline < 0 ? script.length() : newline;
      } else if (c == ';') {
        addTo(statements, current);
        i++;
      } else {
        current.append(c);
        i++;
      }
    }
    addTo(statements, current);
    return statements;
  }

  private static void addTo(List<String> statements, StringBuilder current) {
    String statement = current.toString().strip();
    if (!statement.isEmpty()) {
      statements.add(statement);
    }
    current.setLength(0);
  }

  private static int endOfQuoted(String script, int start) {
    char quote = script.charAt(start);
    int i = start + 1;
    while (i < script.length()) {
      char c = script.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == quote) {
        return i + 1;
      }
      i++;
    }
    throw new IllegalArgumentException(
        "a quote that opens at character " + start + " does not close");
  }
}
