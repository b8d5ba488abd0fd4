package io.dyetrace.lab.process;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.lab.system.ProcFs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Which process a component is. A pid alone could be somebody else's by now; with its start time it
 * cannot.
 *
 * @param startTicks from {@code /proc/PID/stat}
 */
public record ProcessRecord(long pid, long startTicks) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public boolean alive() {
    return ProcFs.alive(pid, startTicks);
  }

  static Optional<ProcessRecord> read(Path file) {
    try {
      return Optional.of(JSON.readValue(file.toFile(), ProcessRecord.class));
    } catch (IOException missingOrCut) {
      return Optional.empty();
    }
  }

  void write(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Path temporary = file.resolveSibling(file.getFileName() + ".new");
      JSON.writeValue(temporary.toFile(), this);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
