package io.dyetrace.lab.system;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.io.UncheckedIOException;

/**
 * What the person at the terminal sees. Progress is text with the seconds since the start: on
 * standard output, or on standard error when standard output is for JSON.
 */
public final class Console {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final boolean json;
  private final PrintStream out;
  private final PrintStream err;
  private final long startNs = System.nanoTime();

  public Console(boolean json) {
    this(json, System.out, System.err);
  }

  Console(boolean json, PrintStream out, PrintStream err) {
    this.json = json;
    this.out = out;
    this.err = err;
  }

  public boolean json() {
    return json;
  }

  /** A line of progress. */
  public synchronized void say(String format, Object... arguments) {
    PrintStream to = json ? err : out;
    to.printf("[%6.1f s] ", (System.nanoTime() - startNs) / 1e9);
    to.printf(format, arguments);
    to.println();
    to.flush();
  }

  /** A line without a time, for tables and summaries. */
  public synchronized void line(String format, Object... arguments) {
    PrintStream to = json ? err : out;
    to.printf(format, arguments);
    to.println();
  }

  /** The result as one line of JSON, when JSON was asked for. */
  public synchronized void result(Object value) {
    if (json) {
      try {
        out.println(JSON.writeValueAsString(value));
      } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
        throw new UncheckedIOException(e);
      }
      out.flush();
    }
  }
}
