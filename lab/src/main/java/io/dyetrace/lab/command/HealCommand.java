package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.fault.InjectedFault;
import io.dyetrace.lab.fault.Injector;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code lab heal [FAULT TARGET]}. */
@Command(
    name = "heal",
    mixinStandardHelpOptions = true,
    description = "Undoes one fault, or all, and waits until the lab measures health again.")
public final class HealCommand extends LabCommand {
  @Parameters(index = "0", arity = "0..1", paramLabel = "FAULT")
  private @Nullable String fault;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TARGET")
  private @Nullable String target;

  @Override
  int run(Lab lab) {
    lab.requireUp();
    Injector injector = new Injector(lab);
    String wantedFault = fault;
    String wantedTarget = target;
    List<InjectedFault> healed;
    if (wantedFault == null) {
      healed = injector.healAll();
    } else if (wantedTarget == null) {
      throw LabException.usage("heal: a fault and its target, or neither");
    } else {
      healed =
          lab.faults().all().stream()
              .filter(f -> f.fault().equals(wantedFault) && f.target().equals(wantedTarget))
              .toList();
      if (healed.isEmpty()) {
        throw LabException.usage(wantedFault + " " + wantedTarget + " is not injected");
      }
      injector.heal(FaultKind.of(wantedFault), wantedTarget);
    }
    if (healed.isEmpty()) {
      lab.console().say("nothing to heal");
    }
    lab.console()
        .result(
            Map.of(
                "healed",
                healed.stream()
                    .map(f -> Map.of("fault", f.fault(), "target", f.target()))
                    .toList()));
    return 0;
  }
}
