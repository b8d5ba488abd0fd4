package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code lab down}. */
@Command(
    name = "down",
    mixinStandardHelpOptions = true,
    description = "Takes the lab down, or whatever a broken one left; only its logs are kept.")
public final class DownCommand extends LabCommand {
  @Override
  int run(Lab lab) {
    boolean there = lab.down();
    lab.console().say(there ? "the lab is down" : "there was no lab");
    lab.console().result(Map.of("up", false, "removed", there));
    return 0;
  }
}
