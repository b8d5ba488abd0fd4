package io.dyetrace.lab.process;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.system.Console;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Starts components as soon as those they depend on are ready, side by side. */
public final class Startup {
  private static final Duration READY_LIMIT = Duration.ofSeconds(120);

  private final Supervisor supervisor;
  private final Console console;

  public Startup(Supervisor supervisor, Console console) {
    this.supervisor = supervisor;
    this.console = console;
  }

  /** Returns when all are ready; fails when one is not, and starts no more then. */
  public void run(List<Component> components) {
    ExecutorService threads = Executors.newCachedThreadPool();
    Map<String, CompletableFuture<Void>> ready = new HashMap<>();
    try {
      for (Component component : components) {
        CompletableFuture<?>[] before =
            component.dependsOn().stream()
                .map(ready::get)
                .filter(java.util.Objects::nonNull)
                .toArray(CompletableFuture<?>[]::new);
        ready.put(
            component.name(),
            CompletableFuture.allOf(before).thenRunAsync(() -> start(component), threads));
      }
      CompletableFuture.allOf(ready.values().toArray(CompletableFuture<?>[]::new)).join();
    } catch (CompletionException e) {
      supervisor.cancel();
      if (e.getCause() instanceof LabException lab) {
        throw lab;
      }
      throw e;
    } finally {
      threads.shutdown();
    }
  }

  private void start(Component component) {
    long startNs = System.nanoTime();
    supervisor.start(component);
    supervisor.awaitReady(component, READY_LIMIT);
    console.say(
        "%-12s %s (%.1f s)",
        component.name(), component.once() ? "done" : "ready", (System.nanoTime() - startNs) / 1e9);
  }
}
