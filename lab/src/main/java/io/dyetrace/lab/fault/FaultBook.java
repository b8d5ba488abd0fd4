package io.dyetrace.lab.fault;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** The faults in force, kept in a file, so that any later command knows them. */
public final class FaultBook {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  public FaultBook(Path file) {
    this.file = file;
  }

  public List<InjectedFault> all() {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return JSON.readValue(file.toFile(), new TypeReference<List<InjectedFault>>() {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void add(InjectedFault fault) {
    List<InjectedFault> all = new ArrayList<>(all());
    all.removeIf(f -> same(f, fault.fault(), fault.target()));
    all.add(fault);
    write(all);
  }

  public void remove(String fault, String target) {
    List<InjectedFault> all = new ArrayList<>(all());
    all.removeIf(f -> same(f, fault, target));
    write(all);
  }

  /** Whether a fault wants this component not to run. */
  public boolean holdsDown(String component) {
    return all().stream()
        .anyMatch(
            f ->
                f.target().equals(component)
                    && (f.kind() == FaultKind.NODE_CRASH || f.kind() == FaultKind.BACKEND_DOWN));
  }

  private static boolean same(InjectedFault f, String fault, String target) {
    return f.fault().equals(fault) && f.target().equals(target);
  }

  private void write(List<InjectedFault> all) {
    try {
      Path temporary = file.resolveSibling(file.getFileName() + ".new");
      JSON.writeValue(temporary.toFile(), all);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
