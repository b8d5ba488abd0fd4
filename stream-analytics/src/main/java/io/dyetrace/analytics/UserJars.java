package io.dyetrace.analytics;

import java.io.File;
import java.util.Arrays;

/**
 * What a cluster needs beside Flink itself: the jars of this process's class path that are not
 * Flink's.
 */
final class UserJars {
  private UserJars() {}

  static String[] ofClassPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(path -> path.endsWith(".jar"))
        .filter(path -> !isFlinks(new File(path).getName()))
        .toArray(String[]::new);
  }

  /** A cluster brings Flink and its logging; connectors it does not. */
  private static boolean isFlinks(String jar) {
    return jar.startsWith("flink-") && !jar.startsWith("flink-connector-")
        || jar.startsWith("slf4j-")
        || jar.startsWith("logback-");
  }
}
