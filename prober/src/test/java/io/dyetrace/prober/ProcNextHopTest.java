package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcNextHopTest {
  private static final int VIP = Ipv4.parse("vip", "198.19.0.1");
  private static final int NEIGHBOUR = Ipv4.parse("neighbour", "198.18.11.7");
  private static final String ROUTES =
      """
      Iface  Destination  Gateway   Flags  RefCnt  Use  Metric  Mask  MTU  Window  IRTT
      eth0  00000000  010B12C6  0003  0  0  0  00000000  0  0  0
      eth1  000013C6  010C12C6  0003  0  0  0  0000FFFF  0  0  0
      eth0  000B12C6  00000000  0001  0  0  0  00FFFFFF  0  0  0
      """;
  private static final String ARP =
      "IP address       HW type     Flags       HW address            Mask     Device\n";

  @TempDir private Path directory;
  private Path route;
  private Path arp;
  private ProcNextHop nextHop;

  @BeforeEach
  void makeTables() throws IOException {
    route = Files.writeString(directory.resolve("route"), ROUTES);
    arp = Files.writeString(directory.resolve("arp"), ARP);
    nextHop = new ProcNextHop("eth0", List.of(VIP, NEIGHBOUR), route, arp);
  }

  private void neighbour(String address, String flags, String mac) throws IOException {
    Files.writeString(arp, ARP + address + "  0x1  " + flags + "  " + mac + "  *  eth0\n");
    nextHop.refresh(0);
  }

  @Test
  void shouldGoThroughTheGatewayOfItsInterfaceOrStraightToANeighbour() throws IOException {
    neighbour("198.18.11.1", "0x2", "02:00:00:00:00:01");
    assertThat(nextHop.macTowards(VIP)).containsExactly(2, 0, 0, 0, 0, 1);
    assertThat(nextHop.macTowards(NEIGHBOUR)).isNull();
    assertThat(nextHop.unresolved()).isEqualTo(1);
    neighbour("198.18.11.7", "0x2", "02:00:00:00:00:07");
    assertThat(nextHop.macTowards(NEIGHBOUR)).containsExactly(2, 0, 0, 0, 0, 7);
    assertThat(nextHop.unresolved()).isZero();
  }

  @Test
  void shouldFollowANewAddressAndKeepTheLastKnownOne() throws IOException {
    neighbour("198.18.11.1", "0x2", "02:00:00:00:00:01");
    neighbour("198.18.11.1", "0x6", "02:00:00:00:00:02");
    assertThat(nextHop.macTowards(VIP)).containsExactly(2, 0, 0, 0, 0, 2);
    neighbour("198.18.11.1", "0x0", "00:00:00:00:00:00");
    assertThat(nextHop.macTowards(VIP)).containsExactly(2, 0, 0, 0, 0, 2);
  }

  @Test
  void shouldNotKnowWhatTheKernelDoesNotKnow() throws IOException {
    neighbour("198.18.11.1", "0x0", "00:00:00:00:00:00");
    assertThat(nextHop.macTowards(VIP)).isNull();
    assertThat(nextHop.unresolved()).isEqualTo(2);
  }
}
