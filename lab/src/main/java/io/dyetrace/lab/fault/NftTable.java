package io.dyetrace.lab.fault;

import io.dyetrace.lab.system.Command;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An nftables table of its own in a namespace, with one rule that drops what arrives and counts it.
 *
 * @param match which packets, in nft's words
 */
public record NftTable(String namespace, String name, String match) {
  private static final Pattern PACKETS = Pattern.compile("packets (\\d+)");

  /** Makes it; one that exists is replaced. */
  public void add() {
    remove();
    Command.of("nft", "-f", "-")
        .in(namespace)
        .input(
            """
            table ip %s {
              chain arriving {
                type filter hook prerouting priority raw
                %s counter drop
              }
            }
            """
                .formatted(name, match))
        .check();
  }

  public void remove() {
    if (exists()) {
      Command.of("nft", "delete", "table", "ip", name).in(namespace).check();
    }
  }

  public boolean exists() {
    return Command.of("nft", "list", "table", "ip", name).in(namespace).run().ok();
  }

  /** How many packets were dropped. */
  public long droppedPackets() {
    String text = Command.of("nft", "list", "table", "ip", name).in(namespace).check().output();
    Matcher m = PACKETS.matcher(text);
    return m.find() ? Long.parseLong(m.group(1)) : 0;
  }
}
