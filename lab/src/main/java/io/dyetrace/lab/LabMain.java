package io.dyetrace.lab;

import io.dyetrace.lab.command.AcceptanceCommand;
import io.dyetrace.lab.command.CampaignCommand;
import io.dyetrace.lab.command.CheckCommand;
import io.dyetrace.lab.command.DemoCommand;
import io.dyetrace.lab.command.DownCommand;
import io.dyetrace.lab.command.FloodCommand;
import io.dyetrace.lab.command.HealCommand;
import io.dyetrace.lab.command.InjectCommand;
import io.dyetrace.lab.command.MalformedCommand;
import io.dyetrace.lab.command.SendFramesCommand;
import io.dyetrace.lab.command.StatusCommand;
import io.dyetrace.lab.command.UpCommand;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ./dyetrace lab} and {@code ./dyetrace demo}. */
@Command(
    name = "dyetrace lab",
    mixinStandardHelpOptions = true,
    description = "The whole of Dyetrace on real packets, in network namespaces of this machine.",
    subcommands = {
      UpCommand.class,
      DownCommand.class,
      StatusCommand.class,
      InjectCommand.class,
      HealCommand.class,
      DemoCommand.class,
      CheckCommand.class,
      CampaignCommand.class,
      AcceptanceCommand.class,
      FloodCommand.class,
      MalformedCommand.class,
      SendFramesCommand.class
    })
public final class LabMain implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(System.err);
    return LabException.EXIT_USAGE;
  }

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new LabMain());
    commandLine.setExecutionExceptionHandler(
        (e, line, parsed) -> {
          if (e instanceof LabException lab) {
            System.err.println("dyetrace: " + lab.getMessage());
            return lab.exitCode();
          }
          throw e;
        });
    return commandLine;
  }
}
