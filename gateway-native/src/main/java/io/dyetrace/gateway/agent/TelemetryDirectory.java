package io.dyetrace.gateway.agent;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The directory of the telemetry files, {@code <node>-<boot id, 20 digits>.rings}. */
final class TelemetryDirectory {
  private static final Pattern NAME = Pattern.compile("(.+)-(\\d{20})\\.rings");

  private final Path directory;

  TelemetryDirectory(Path directory) {
    this.directory = directory;
  }

  /** Each node's files by boot id, oldest first. A directory that is not there yet holds none. */
  Map<String, NavigableMap<Long, Path>> list() throws IOException {
    Map<String, NavigableMap<Long, Path>> files = new HashMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.rings")) {
      for (Path entry : entries) {
        Matcher m = NAME.matcher(entry.getFileName().toString());
        if (!m.matches()) {
          continue;
        }
        long bootId;
        try {
          bootId = Long.parseUnsignedLong(m.group(2));
        } catch (NumberFormatException e) {
          continue; // 20 digits above 2^64
        }
        files
            .computeIfAbsent(m.group(1), node -> new TreeMap<>(Long::compareUnsigned))
            .put(bootId, entry);
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Map.of();
    }
    return files;
  }
}
