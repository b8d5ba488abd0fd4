package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.fault.InjectedFault;
import io.dyetrace.lab.fault.Injector;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lab inject FAULT TARGET}. */
@Command(
    name = "inject",
    mixinStandardHelpOptions = true,
    description = "Injects a fault and measures that it is real.",
    footer = {
      "",
      "Faults and their targets:",
      "  node-crash gw-2          SIGKILL to the gateway process; its link stays up",
      "  node-jitter gw-3         the process stopped for 300 ms of every 500 ms",
      "  backend-down rs-2        the server killed, its host silent",
      "  config-error vip-web@gw-2   one node loses one VIP",
      "  prober-fault prober-1    everything it sends is dropped on its access link",
      "  vip-overload vip-api     twice as many connections a second as the nodes let through",
      "  flow-limit gw-2          one node has room for a few sessions only, whatever the VIP",
      "  malformed vip-web        packets to the VIP that no TCP sends",
      "In the two-tier lab: node-crash and node-jitter of eip-1 or clb-2, the others of clb-2."
    })
public final class InjectCommand extends LabCommand {
  @Parameters(index = "0", paramLabel = "FAULT")
  private String fault = "";

  @Parameters(index = "1", paramLabel = "TARGET")
  private String target = "";

  @Option(
      names = "--seconds",
      defaultValue = "300",
      description =
          "node-jitter, vip-overload, flow-limit and malformed end by themselves after so long (default: 300)")
  private int seconds;

  @Override
  int run(Lab lab) {
    lab.requireUp();
    FaultKind kind;
    try {
      kind = FaultKind.of(fault);
    } catch (IllegalArgumentException e) {
      throw LabException.usage(String.valueOf(e.getMessage()));
    }
    InjectedFault injected = new Injector(lab).inject(kind, target, Duration.ofSeconds(seconds));
    lab.console().result(injected);
    return 0;
  }
}
