package io.dyetrace.storage.embedded;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the HTTP interface must know about a statement before the engine runs it: its first word,
 * its FORMAT clause, and whether it would touch the host's files. Literals, quoted names and
 * comments are blanked before anything is looked for.
 */
final class SqlText {
  private static final int HEAD_BYTES = 64 * 1024;
  private static final Pattern FIRST_WORD = Pattern.compile("[\\s(;]*([A-Za-z]+)");
  private static final Pattern FORMAT =
      Pattern.compile("(?is)\\bFORMAT\\s+([A-Za-z0-9_]+)\\s*(?:\\bSETTINGS\\b[^;]*)?[;\\s]*\\z");
  private static final Pattern FORMAT_WORD = Pattern.compile("(?i)\\bFORMAT\\b");
  private static final Pattern HOST_FILES =
      Pattern.compile("(?is)\\bINTO\\s+OUTFILE\\b|\\bFROM\\s+INFILE\\b");

  private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  // After the name: blanks, then one line feed. What follows is data, whatever it looks like.
  private static final Pattern FORMAT_NAME =
      Pattern.compile("\\s+([A-Za-z0-9_]+)[ \\t\\f]*(?:\\r?\\n)?");
  private static final Pattern INPUT = Pattern.compile("(?i)\\binput\\s*\\(");
  private static final Pattern SEVERAL = Pattern.compile(";[\\s;]*[^\\s;]");

  private final String skeleton;
  private final String firstWord;

  private SqlText(String skeleton) {
    this.skeleton = skeleton;
    Matcher m = FIRST_WORD.matcher(skeleton);
    this.firstWord = m.lookingAt() ? m.group(1).toUpperCase(Locale.ROOT) : "";
  }

  /** Looks at a statement; of an INSERT that carries its data only at the start. */
  static SqlText of(byte[] statement) {
    // One byte is one character: enough for keywords, and never an error.
    return new SqlText(
        blank(
            new String(
                statement,
                0,
                Math.min(statement.length, HEAD_BYTES),
                StandardCharsets.ISO_8859_1)));
  }

  boolean isEmpty() {
    return firstWord.isEmpty();
  }

  boolean isInsert() {
    return firstWord.equals("INSERT");
  }

  /** The statement may be run so that its result comes in pieces. */
  boolean isSelect() {
    return firstWord.equals("SELECT") || firstWord.equals("WITH");
  }

  /**
   * An INSERT whose data stands behind it.
   *
   * @param statementBytes the length of the statement, without FORMAT or VALUES
   * @param format the data's
   * @param dataOffset where the data begins
   */
  record InsertWithData(int statementBytes, String format, int dataOffset) {}

  /** Where the data of an INSERT begins, or null when it takes its rows from a SELECT. */
  @Nullable InsertWithData insertWithData() {
    int depth = 0;
    Matcher word = WORD.matcher(skeleton);
    for (int i = 0; i < skeleton.length(); ) {
      char c = skeleton.charAt(i);
      if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (depth == 0 && word.region(i, skeleton.length()).lookingAt()) {
        switch (word.group().toUpperCase(Locale.ROOT)) {
          case "SELECT", "WITH" -> {
            return null;
          }
          case "VALUES" -> {
            return new InsertWithData(i, "Values", word.end());
          }
          case "FORMAT" -> {
            Matcher format = FORMAT_NAME.matcher(skeleton).region(word.end(), skeleton.length());
            return format.lookingAt() ? new InsertWithData(i, format.group(1), format.end()) : null;
          }
          default -> {
            i = word.end();
            continue;
          }
        }
      }
      i++;
    }
    return null;
  }

  /** The statement calls {@code input()}. */
  boolean callsInput() {
    return INPUT.matcher(skeleton).find();
  }

  /** More than one statement. */
  boolean isSeveral() {
    return SEVERAL.matcher(skeleton).find();
  }

  boolean touchesHostFiles() {
    return HOST_FILES.matcher(skeleton).find();
  }

  /** The format named at the end, or null. */
  @Nullable String format() {
    Matcher m = FORMAT.matcher(skeleton);
    return m.find() ? m.group(1) : null;
  }

  /** The word FORMAT stands somewhere. */
  boolean mentionsFormat() {
    return FORMAT_WORD.matcher(skeleton).find();
  }

  private static String blank(String sql) {
    StringBuilder out = new StringBuilder(sql);
    int i = 0;
    while (i < sql.length()) {
      char c = sql.charAt(i);
      int end = i;
      if (c == '\'' || c == '"' || c == '`') {
        end = endOfQuoted(sql, i, c);
      } else if (sql.startsWith("--", i) || sql.startsWith("#!", i) || sql.startsWith("# ", i)) {
        int newline = sql.indexOf('\n', i);
        end = newline < 0 ? sql.length() : newline;
      } else if (sql.startsWith("/*", i)) {
        int close = sql.indexOf("*/", i + 2);
        end = close < 0 ? sql.length() : close + 2;
      }
      for (int j = i; j < end; j++) {
        out.setCharAt(j, c == '\'' || c == '"' || c == '`' ? '_' : ' ');
      }
      i = Math.max(end, i + 1);
    }
    return out.toString();
  }

  private static int endOfQuoted(String sql, int start, char quote) {
    int i = start + 1;
    while (i < sql.length()) {
      char c = sql.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == quote) {
        return i + 1;
      }
      i++;
    }
    return sql.length();
  }
}
