package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.LabTopology;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lab up}. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    description = "Brings the lab up; what is up already stays, what is missing is started.")
public final class UpCommand extends LabCommand {
  @Option(
      names = "--keep-on-failure",
      description = "when something does not start, leave the rest as it is for a look")
  private boolean keepOnFailure;

  @Option(
      names = "--without",
      split = ",",
      paramLabel = "NAME",
      description = "components to leave out, for a small machine: mesh,orders,frontend")
  private Set<String> without = Set.of();

  @Option(
      names = "--topology",
      paramLabel = "NAME",
      description =
          "one-tier (default): four load balancers; two-tier: two elastic IP nodes, VXLAN, three"
              + " load balancers")
  private String topology = "";

  @Override
  int run(Lab lab) {
    boolean wasUp = lab.isUp();
    if (!topology.isEmpty()) {
      try {
        lab.choose(LabTopology.of(topology));
      } catch (IllegalArgumentException e) {
        throw LabException.usage(String.valueOf(e.getMessage()));
      }
    }
    lab.requireKnown(without);
    try (OnExit exit = OnExit.takeDown(lab)) {
      try {
        lab.up(without);
      } catch (LabException e) {
        if (keepOnFailure || wasUp || e.exitCode() == LabException.EXIT_USAGE) {
          exit.keep();
        } else {
          lab.console().say("the lab did not come up; logs: %s", lab.paths().lastLogs());
        }
        throw e;
      } catch (RuntimeException e) {
        // A lab that ran before is not taken down because its repair went wrong.
        if (keepOnFailure || wasUp) {
          exit.keep();
        }
        throw e;
      }
      exit.keep();
    }
    lab.console().say("the lab is up");
    lab.console()
        .result(Map.of("up", true, "started", !wasUp, "topology", lab.plan().topology().label()));
    return 0;
  }
}
