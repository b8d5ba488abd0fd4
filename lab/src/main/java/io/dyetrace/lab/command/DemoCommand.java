package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.demo.Demo;
import io.dyetrace.lab.demo.DemoReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "The whole story on real packets: brings the lab up, kills one gateway node, makes another"
          + " one jitter, prints each verdict as it comes, heals, and sees them resolve.",
      "Exit code 0 only if every verdict was right and in time and nothing else was accused."
    })
public final class DemoCommand extends LabCommand {
  @Option(names = "--keep", description = "leave the lab up afterwards")
  private boolean keep;

  @Override
  int run(Lab lab) {
    if (lab.isUp()) {
      throw LabException.usage(
          "a lab is already up; the demonstration wants its own ('./dyetrace lab down' takes it"
              + " down)");
    }
    DemoReport report;
    try (OnExit exit = OnExit.takeDown(lab)) {
      lab.up();
      report = new Demo(lab).run();
      if (keep) {
        exit.keep();
        lab.console().say("the lab stays up; './dyetrace lab down' takes it down");
      }
    }
    boolean right = report.right(Demo.FAULTS);
    lab.console().say(right ? "every verdict was right and in time" : "NOT as it should be");
    lab.console().result(report);
    return right ? 0 : 1;
  }
}
