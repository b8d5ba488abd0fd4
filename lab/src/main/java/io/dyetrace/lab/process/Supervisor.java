package io.dyetrace.lab.process;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.system.Pause;
import io.dyetrace.lab.system.ProcFs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Starts processes that outlive the caller, and ends them. Each has its own session, so that a
 * Ctrl-C at the terminal does not reach it, and carries {@link #mark} in its environment, by which
 * it is found even when nothing else of the lab is left.
 */
public final class Supervisor {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(15);
  private static final long POLL_MS = 50;

  private final LabPaths paths;
  private volatile boolean cancelled;

  public Supervisor(LabPaths paths) {
    this.paths = paths;
  }

  /** The entry in the environment of each process of the lab. */
  public String mark() {
    return "DYETRACE_LAB=" + paths.state();
  }

  /** Starts nothing any more: the lab is being taken down. */
  public void cancel() {
    cancelled = true;
  }

  public Optional<ProcessRecord> find(String component) {
    return ProcessRecord.read(recordFile(component)).filter(ProcessRecord::alive);
  }

  public boolean alive(Component component) {
    return find(component.name()).isPresent();
  }

  private Path recordFile(String component) {
    return paths.processes().resolve(component + ".json");
  }

  /** Starts it, unless it runs. For a component that ends by itself, waits for its end. */
  public void start(Component component) {
    if (cancelled) {
      throw LabException.failed("the lab is being taken down");
    }
    if (alive(component)) {
      return;
    }
    List<String> words = new ArrayList<>(List.of("setsid"));
    if (component.namespace() != null) {
      words.addAll(List.of("ip", "netns", "exec", component.namespace()));
    }
    words.addAll(component.scheduling().prefix());
    words.addAll(component.command());
    Path log = paths.log(component.name());
    try {
      Files.createDirectories(log.getParent());
      ProcessBuilder builder =
          new ProcessBuilder(words)
              .directory(paths.data().toFile())
              .redirectErrorStream(true)
              .redirectInput(new java.io.File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Map<String, String> environment = builder.environment();
      String[] mark = mark().split("=", 2);
      environment.put(mark[0], mark[1]);
      environment.putAll(component.environment());
      Process process = builder.start();
      if (component.once()) {
        awaitEnd(component, process);
        return;
      }
      OptionalLong startTicks = ProcFs.startTicks(process.pid());
      if (startTicks.isPresent()) {
        // setsid, ip netns exec, chrt and the start script each replace themselves: the pid stays.
        new ProcessRecord(process.pid(), startTicks.getAsLong())
            .write(recordFile(component.name()));
      }
    } catch (IOException e) {
      throw LabException.failed(component.name() + ": cannot be started: " + e.getMessage());
    }
  }

  private void awaitEnd(Component component, Process process) {
    try {
      if (!process.waitFor(120, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw LabException.failed(component.name() + ": not done after 120 s" + tail(component));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
    if (process.exitValue() != 0) {
      throw LabException.failed(
          component.name() + ": failed with exit code " + process.exitValue() + tail(component));
    }
  }

  /** Waits until it is ready; fails at once when it dies. */
  public void awaitReady(Component component, Duration limit) {
    if (component.once()) {
      return;
    }
    long deadlineNs = System.nanoTime() + limit.toNanos();
    while (true) {
      if (!alive(component)) {
        throw LabException.failed(component.name() + ": ended while starting" + tail(component));
      }
      String why = component.readiness().whyNot();
      if (why.isEmpty()) {
        return;
      }
      if (cancelled) {
        throw LabException.failed("the lab is being taken down");
      }
      if (System.nanoTime() > deadlineNs) {
        throw LabException.failed(
            "%s: not ready after %d s: %s%s"
                .formatted(component.name(), limit.toSeconds(), why, tail(component)));
      }
      Pause.millis(POLL_MS * 2);
    }
  }

  /** Ends it with SIGTERM, after a time with SIGKILL. */
  public void stop(String component) {
    find(component).ifPresent(record -> end(record, true));
    deleteRecord(component);
  }

  /** SIGKILL, and waits until it is gone. */
  public void kill(String component) {
    find(component).ifPresent(record -> end(record, false));
    deleteRecord(component);
  }

  private void deleteRecord(String component) {
    try {
      Files.deleteIfExists(recordFile(component));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(ProcessRecord record, boolean gently) {
    Optional<ProcessHandle> handle = ProcessHandle.of(record.pid());
    if (handle.isEmpty() || !record.alive()) {
      return;
    }
    if (gently) {
      handle.get().destroy();
      if (awaitGone(record, STOP_LIMIT)) {
        return;
      }
    }
    handle.get().destroyForcibly();
    if (!awaitGone(record, STOP_LIMIT)) {
      throw LabException.failed("process " + record.pid() + " does not die");
    }
  }

  private static boolean awaitGone(ProcessRecord record, Duration limit) {
    long deadlineNs = System.nanoTime() + limit.toNanos();
    while (record.alive()) {
      if (System.nanoTime() > deadlineNs) {
        return false;
      }
      Pause.millis(POLL_MS / 5);
    }
    return true;
  }

  /**
   * Ends everything that carries the mark, known or not, and the given pids; returns how many there
   * were.
   */
  public int endAll(List<Long> morePids) {
    cancel();
    int ended = 0;
    for (int attempt = 0; attempt < 20; attempt++) {
      List<Long> pids = new ArrayList<>(ProcFs.withEnvironment(mark()));
      if (attempt == 0) {
        ended = pids.size();
        morePids.stream().filter(p -> !pids.contains(p)).forEach(pids::add);
      }
      if (pids.isEmpty()) {
        return ended;
      }
      List<ProcessRecord> records =
          pids.stream()
              .filter(p -> p != ProcessHandle.current().pid())
              .flatMap(p -> ProcFs.startTicks(p).stream().mapToObj(t -> new ProcessRecord(p, t)))
              .toList();
      // A stopped process dies of SIGKILL only, and the lab's data goes anyway: no need to ask
      // politely for long.
      records.forEach(r -> ProcessHandle.of(r.pid()).ifPresent(ProcessHandle::destroy));
      long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(attempt == 0 ? 1500 : 0);
      while (System.nanoTime() < deadlineNs && records.stream().anyMatch(ProcessRecord::alive)) {
        Pause.millis(POLL_MS);
      }
      records.stream()
          .filter(ProcessRecord::alive)
          .forEach(r -> ProcessHandle.of(r.pid()).ifPresent(ProcessHandle::destroyForcibly));
      records.forEach(r -> awaitGone(r, Duration.ofSeconds(5)));
    }
    throw LabException.failed("processes of the lab do not end: " + ProcFs.withEnvironment(mark()));
  }

  private String tail(Component component) {
    try {
      List<String> lines = Files.readAllLines(paths.log(component.name()));
      List<String> last = lines.subList(Math.max(0, lines.size() - 8), lines.size());
      return last.isEmpty()
          ? "; its log is empty"
          : "; its log ends with:\n    " + String.join("\n    ", last);
    } catch (IOException e) {
      return "; it has no log";
    }
  }
}
