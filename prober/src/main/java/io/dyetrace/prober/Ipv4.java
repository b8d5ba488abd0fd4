package io.dyetrace.prober;

import io.dyetrace.common.config.ConfigException;

/** IPv4 addresses as the 32-bit numbers they are. Never asks a name service. */
final class Ipv4 {
  private Ipv4() {}

  /**
   * Reads a dotted quad.
   *
   * @throws ConfigException naming the key when it is something else
   */
  static int parse(String key, String text) {
    String[] parts = text.split("\\.", -1);
    int address = 0;
    boolean right = parts.length == 4;
    for (int i = 0; right && i < 4; i++) {
      right = parts[i].matches("\\d{1,3}") && Integer.parseInt(parts[i]) <= 255;
      address = right ? address << 8 | Integer.parseInt(parts[i]) : 0;
    }
    if (!right) {
      throw new ConfigException(key + ": '" + text + "' is not an IPv4 address such as 192.0.2.1");
    }
    return address;
  }

  static byte[] bytes(int address) {
    return new byte[] {
      (byte) (address >> 24), (byte) (address >> 16), (byte) (address >> 8), (byte) address
    };
  }

  static String text(int address) {
    return (address >>> 24)
        + "."
        + (address >>> 16 & 0xff)
        + "."
        + (address >>> 8 & 0xff)
        + "."
        + (address & 0xff);
  }
}
