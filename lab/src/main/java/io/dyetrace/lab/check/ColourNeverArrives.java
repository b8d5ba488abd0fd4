package io.dyetrace.lab.check;

import io.dyetrace.common.colour.Colour;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.packet.Capture;
import io.dyetrace.lab.packet.TcpFrame;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.system.Pause;
import java.util.List;
import java.util.Optional;

/** What a real server sees of probes. */
final class ColourNeverArrives implements Check {
  private static final byte[] COLOUR_START = {
    (byte) Colour.KIND,
    Colour.OPTION_BYTES,
    (byte) (Colour.EXPERIMENT_ID >> 8),
    (byte) Colour.EXPERIMENT_ID
  };
  private static final int SECONDS = 12;

  @Override
  public String name() {
    return "no-colour-at-server";
  }

  @Override
  public String claim() {
    return "a real server sees SYN, SYN-ACK and RST of probes and never a colour; no prober's"
        + " kernel sends a RST";
  }

  @Override
  public CheckResult run(Lab lab) {
    Host server = lab.plan().servers().get(0);
    Host prober = lab.plan().probers().get(0);
    int syn = 0;
    int synAck = 0;
    int rst = 0;
    int coloured = 0;
    int colouredAtProber = 0;
    int plainRstAtProber = 0;
    try (Capture atServer = Capture.start(server.namespace(), "eth0", "tcp");
        Capture atProber =
            Capture.start(
                lab.plan().routerNamespace(), prober.name(), "tcp and src " + prober.address())) {
      Pause.seconds(SECONDS);
      for (byte[] frame : atServer.stop()) {
        coloured += contains(frame, COLOUR_START) ? 1 : 0;
        Optional<TcpFrame> parsed = TcpFrame.parse(frame);
        if (parsed.isPresent()) {
          TcpFrame tcp = parsed.get();
          coloured += tcp.hasOption(Colour.KIND) ? 1 : 0;
          syn += tcp.has(TcpFrame.SYN) ? 1 : 0;
          synAck += tcp.has(TcpFrame.SYN | TcpFrame.ACK) ? 1 : 0;
          rst += (tcp.flags() & TcpFrame.RST) != 0 ? 1 : 0;
        }
      }
      List<TcpFrame> sent =
          atProber.stop().stream()
              .flatMap(f -> TcpFrame.parse(f).stream())
              .filter(t -> t.sourcePort() >= LabPlan.FIRST_PROBE_PORT)
              .filter(t -> t.sourcePort() < LabPlan.FIRST_PROBE_PORT + LabPlan.PROBE_PORTS)
              .toList();
      for (TcpFrame tcp : sent) {
        colouredAtProber += tcp.hasOption(Colour.KIND) ? 1 : 0;
        plainRstAtProber +=
            (tcp.flags() & TcpFrame.RST) != 0 && !tcp.hasOption(Colour.KIND) ? 1 : 0;
      }
    }
    return CheckResult.builder()
        .measured("seconds", SECONDS)
        .measured("syn_at_server", syn)
        .measured("syn_ack_at_server", synAck)
        .measured("rst_at_server", rst)
        .measured("coloured_at_server", coloured)
        .measured("coloured_leaving_prober", colouredAtProber)
        .measured("rst_of_the_probers_kernel", plainRstAtProber)
        .require(syn > 0 && synAck > 0 && rst > 0, "no whole probe was seen at the server")
        .require(colouredAtProber > 0, "no coloured packet left the prober")
        .require(coloured == 0, "%d coloured packets reached the server", coloured)
        .require(plainRstAtProber == 0, "the prober's kernel sent %d RSTs", plainRstAtProber)
        .build();
  }

  static boolean contains(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      int same = 0;
      while (same < wanted.length && bytes[at + same] == wanted[same]) {
        same++;
      }
      if (same == wanted.length) {
        return true;
      }
    }
    return false;
  }
}
