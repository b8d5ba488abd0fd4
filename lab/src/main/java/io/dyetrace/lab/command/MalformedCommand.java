package io.dyetrace.lab.command;

import io.dyetrace.lab.packet.MalformedTcp;
import io.dyetrace.lab.packet.TcpFrame;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface;
import org.pcap4j.core.Pcaps;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code lab malformed}: the helper process of {@code inject malformed}, run in the client's
 * namespace.
 */
@Command(name = "malformed", hidden = true, mixinStandardHelpOptions = true)
public final class MalformedCommand implements Callable<Integer> {
  private static final int FIRST_PORT = 1024;
  private static final int PORTS = 16_384;
  private static final long TICK_NS = Duration.ofMillis(10).toNanos();

  @Option(names = "--interface", required = true)
  private String device = "";

  @Option(names = "--mac", required = true)
  private String mac = "";

  @Option(names = "--next-hop", required = true, description = "the router's MAC address")
  private String nextHop = "";

  @Option(names = "--from", required = true)
  private String from = "";

  @Option(names = "--to", required = true, description = "ADDRESS:PORT")
  private String to = "";

  @Option(names = "--rate", required = true, description = "packets a second")
  private int rate;

  @Option(names = "--seconds", required = true)
  private int seconds;

  @Override
  public Integer call() throws UnknownHostException, PcapNativeException, NotOpenException {
    PcapNetworkInterface nif = Pcaps.getDevByName(device);
    if (nif == null) {
      System.err.println("malformed: no interface '" + device + "' here");
      return 2;
    }
    String[] target = to.split(":", 2);
    TcpFrame syn =
        new TcpFrame(
            TcpFrame.mac(mac),
            TcpFrame.mac(nextHop),
            InetAddress.getByName(from).getAddress(),
            InetAddress.getByName(target[0]).getAddress(),
            FIRST_PORT,
            Integer.parseInt(target[1]),
            1,
            0,
            TcpFrame.SYN,
            new byte[0]);
    try (PcapHandle handle =
        nif.openLive(64, PcapNetworkInterface.PromiscuousMode.NONPROMISCUOUS, 1)) {
      send(handle, syn);
    }
    return 0;
  }

  private void send(PcapHandle handle, TcpFrame syn) throws PcapNativeException, NotOpenException {
    long startNs = System.nanoTime();
    long sent = 0;
    for (long nowNs = startNs;
        nowNs - startNs < Duration.ofSeconds(seconds).toNanos();
        nowNs = System.nanoTime()) {
      long due = (nowNs - startNs) * rate / 1_000_000_000L;
      // After a pause of this process the missed ones are not made up for: the rate is a bound.
      sent = Math.max(sent, due - rate / 10);
      for (; sent < due; sent++) {
        byte[] frame = MalformedTcp.of(syn.fromPort(FIRST_PORT + (int) (sent % PORTS)));
        handle.sendPacket(frame, frame.length);
      }
      LockSupport.parkNanos(TICK_NS);
    }
  }
}
