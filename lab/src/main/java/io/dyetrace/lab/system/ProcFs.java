package io.dyetrace.lab.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What the kernel tells about processes. */
public final class ProcFs {
  private static final Path PROC = Path.of("/proc");

  /** In {@code /proc/PID/stat}, counted from the closing bracket of the program's name. */
  private static final int STATE_FIELD = 0;

  private static final int START_TIME_FIELD = 19;

  private ProcFs() {}

  /**
   * When the process started, in clock ticks since boot; with the pid it is the process' identity.
   */
  public static OptionalLong startTicks(long pid) {
    String[] fields = statFields(pid);
    return fields.length <= START_TIME_FIELD
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(fields[START_TIME_FIELD]));
  }

  /** Whether this very process still runs. A zombie does not. */
  public static boolean alive(long pid, long startTicks) {
    String[] fields = statFields(pid);
    return fields.length > START_TIME_FIELD
        && Long.parseLong(fields[START_TIME_FIELD]) == startTicks
        && !fields[STATE_FIELD].equals("Z")
        && !fields[STATE_FIELD].equals("X");
  }

  /** Whether the process is stopped by a signal. */
  public static boolean stopped(long pid) {
    String[] fields = statFields(pid);
    return fields.length > STATE_FIELD && fields[STATE_FIELD].equals("T");
  }

  private static String[] statFields(long pid) {
    try {
      String stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
      return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    } catch (IOException gone) {
      return new String[0];
    }
  }

  /** Processes whose environment has this entry ({@code NAME=value}), the caller left out. */
  public static List<Long> withEnvironment(String entry) {
    long self = ProcessHandle.current().pid();
    try (Stream<Path> entries = Files.list(PROC)) {
      return entries
          .map(p -> p.getFileName().toString())
          .filter(name -> name.chars().allMatch(Character::isDigit))
          .map(Long::parseLong)
          .filter(pid -> pid != self && hasEnvironment(pid, entry) && !isZombie(pid))
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static boolean isZombie(long pid) {
    String[] fields = statFields(pid);
    return fields.length == 0 || fields[STATE_FIELD].equals("Z");
  }

  private static boolean hasEnvironment(long pid, String entry) {
    try {
      String environment =
          new String(
              Files.readAllBytes(PROC.resolve(pid + "/environ")), StandardCharsets.ISO_8859_1);
      return ("\0" + environment).contains("\0" + entry + "\0");
    } catch (IOException goneOrForbidden) {
      return false;
    }
  }
}
