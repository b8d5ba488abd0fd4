package io.dyetrace.lab.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface;
import org.pcap4j.core.Pcaps;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code lab send-frames}: sends each line of standard input, a frame in hex; run inside a
 * namespace by checks.
 */
@Command(name = "send-frames", hidden = true, mixinStandardHelpOptions = true)
public final class SendFramesCommand implements Callable<Integer> {
  @Option(names = "--interface", required = true)
  private String device = "";

  @Override
  public Integer call() throws IOException, PcapNativeException, NotOpenException {
    PcapNetworkInterface nif = Pcaps.getDevByName(device);
    if (nif == null) {
      System.err.println("send-frames: no interface '" + device + "' here");
      return 2;
    }
    int sent = 0;
    try (PcapHandle handle =
            nif.openLive(64, PcapNetworkInterface.PromiscuousMode.NONPROMISCUOUS, 1);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        byte[] frame = HexFormat.of().parseHex(line.strip());
        handle.sendPacket(frame, frame.length);
        sent++;
      }
    }
    System.out.println(sent);
    return 0;
  }
}
