package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.system.Console;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What the commands have in common. */
abstract class LabCommand implements Callable<Integer> {
  @Option(names = "--json", description = "the result as one line of JSON on standard output")
  private boolean json;

  /** Whether it changes the lab, so that two at once would be in each other's way. */
  boolean changes() {
    return true;
  }

  abstract int run(Lab lab);

  @Override
  public Integer call() {
    Lab lab = new Lab(LabPaths.standard(), new Console(json));
    if (!changes()) {
      return run(lab);
    }
    try (FileChannel lock = lab.lock()) {
      if (!lock.isOpen()) {
        throw LabException.failed("the lock was lost");
      }
      return run(lab);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
