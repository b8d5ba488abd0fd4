package io.dyetrace.lab.packet;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.system.Command;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** Sends raw frames from a host's data link. */
public final class FrameSender {
  private final Lab lab;

  public FrameSender(Lab lab) {
    this.lab = lab;
  }

  /** Sends them one after the other. */
  public void send(Host from, List<byte[]> frames) {
    String lines =
        frames.stream().map(HexFormat.of()::formatHex).collect(Collectors.joining("\n", "", "\n"));
    Command.Result result =
        Command.of(
                lab.paths().home().resolve("dyetrace").toString(),
                "lab",
                "send-frames",
                "--interface",
                "eth0")
            .in(from.namespace())
            .input(lines)
            .check();
    if (!result.output().strip().equals(Integer.toString(frames.size()))) {
      throw LabException.failed("only " + result.output().strip() + " frames were sent");
    }
  }

  /** The hardware address of a host's end of its data link. */
  public byte[] macOf(Host host) {
    return mac(host.namespace(), "eth0");
  }

  /** The hardware address of the router's end of a host's data link. */
  public byte[] routerMac(Host host) {
    return mac(lab.plan().routerNamespace(), host.name());
  }

  private static byte[] mac(String namespace, String device) {
    String[] fields =
        Command.of("ip", "-n", namespace, "-brief", "link", "show", device)
            .check()
            .output()
            .strip()
            .split("\\s+");
    return TcpFrame.mac(fields[2]);
  }
}
