package io.dyetrace.prober;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the kernel resolve the next hops: routes from {@code /proc/net/route}, neighbours from
 * {@code /proc/net/arp}. Frames that pass the kernel by do not keep a neighbour alive, so a
 * datagram to the next hop's discard port, each few seconds, makes the kernel ask and notice a new
 * address. An address once known is kept until another one is learned: whether the next hop lives
 * is for the probes to say.
 */
final class ProcNextHop implements NextHop {
  private static final Logger LOG = LoggerFactory.getLogger(ProcNextHop.class);
  private static final int DISCARD_PORT = 9;
  private static final long POKE_NS = 5_000_000_000L;

  private final String interfaceName;
  private final Set<Integer> targets;
  private final Path route;
  private final Path arp;
  private volatile Map<Integer, byte[]> macs = Map.of();
  private long pokeAtNs = Long.MIN_VALUE;

  ProcNextHop(String interfaceName, Collection<Integer> targets) {
    this(interfaceName, targets, Path.of("/proc/net/route"), Path.of("/proc/net/arp"));
  }

  ProcNextHop(String interfaceName, Collection<Integer> targets, Path route, Path arp) {
    this.interfaceName = interfaceName;
    this.targets = Set.copyOf(targets);
    this.route = route;
    this.arp = arp;
  }

  @Override
  public byte @Nullable [] macTowards(int address) {
    return macs.get(address);
  }

  /** How many targets have no next hop with a known address. */
  int unresolved() {
    return targets.size() - macs.size();
  }

  /** Reads the kernel's tables again; each second, from one thread. */
  void refresh(long nowNs) {
    Map<Integer, Integer> hops;
    Map<Integer, byte[]> neighbours;
    try {
      hops = hops(Files.readAllLines(route));
      neighbours = neighbours(Files.readAllLines(arp));
    } catch (IOException e) {
      LOG.warn("the kernel's routes and neighbours cannot be read: {}", e.getMessage());
      return;
    }
    boolean missing = hops.size() < targets.size();
    Map<Integer, byte[]> next = new HashMap<>(macs);
    for (Map.Entry<Integer, Integer> hop : hops.entrySet()) {
      byte[] mac = neighbours.get(hop.getValue());
      if (mac == null) {
        missing = true;
        continue;
      }
      byte[] before = next.put(hop.getKey(), mac);
      if (before == null || !java.util.Arrays.equals(before, mac)) {
        LOG.info(
            "{} is reached through {} at {}",
            Ipv4.text(hop.getKey()),
            Ipv4.text(hop.getValue()),
            HexFormat.ofDelimiter(":").formatHex(mac));
      }
    }
    macs = Map.copyOf(next);
    if (missing || pokeAtNs == Long.MIN_VALUE || nowNs - pokeAtNs >= 0) {
      pokeAtNs = nowNs + POKE_NS;
      new HashSet<>(hops.values()).forEach(ProcNextHop::poke);
    }
  }

  /** For each target the gateway of its most specific route, or itself when it is on the link. */
  private Map<Integer, Integer> hops(List<String> lines) {
    Map<Integer, Integer> hops = new HashMap<>();
    for (int target : targets) {
      int best = -1;
      long bestMetric = Long.MAX_VALUE;
      for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
        String[] f = line.trim().split("\\s+");
        if (f.length < 8 || !f[0].equals(interfaceName) || (hex(f[3]) & 1) == 0) {
          continue;
        }
        int destination = littleEndian(f[1]);
        int gateway = littleEndian(f[2]);
        int mask = littleEndian(f[7]);
        int bits = Integer.bitCount(mask);
        long metric = Long.parseLong(f[6]);
        if ((target & mask) == destination
            && (bits > best || (bits == best && metric < bestMetric))) {
          best = bits;
          bestMetric = metric;
          hops.put(target, gateway == 0 ? target : gateway);
        }
      }
    }
    return hops;
  }

  private Map<Integer, byte[]> neighbours(List<String> lines) {
    Map<Integer, byte[]> macs = new HashMap<>();
    for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
      String[] f = line.trim().split("\\s+");
      boolean complete = f.length >= 6 && (Integer.decode(f[2]) & 0x2) != 0;
      if (complete && f[5].equals(interfaceName) && !f[3].equals("00:00:00:00:00:00")) {
        macs.put(Ipv4.parse("/proc/net/arp", f[0]), HexFormat.ofDelimiter(":").parseHex(f[3]));
      }
    }
    return macs;
  }

  private static void poke(int address) {
    try (DatagramChannel channel = DatagramChannel.open()) {
      channel.configureBlocking(false);
      channel.send(
          ByteBuffer.allocate(1),
          new InetSocketAddress(InetAddress.getByAddress(Ipv4.bytes(address)), DISCARD_PORT));
    } catch (IOException e) {
      LOG.debug("{}: {}", Ipv4.text(address), e.getMessage());
    }
  }

  private static int hex(String text) {
    return (int) Long.parseLong(text, 16);
  }

  private static int littleEndian(String text) {
    return Integer.reverseBytes(hex(text));
  }
}
