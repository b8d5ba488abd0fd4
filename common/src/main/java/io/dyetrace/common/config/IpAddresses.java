package io.dyetrace.common.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** IP addresses as text and as the bytes that records carry. Names are never resolved. */
public final class IpAddresses {
  private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  private IpAddresses() {}

  /**
   * Reads an IPv4 or IPv6 address.
   *
   * @throws IllegalArgumentException when the text is none
   */
  public static InetAddress parse(String text) {
    if (IPV4.matcher(text).matches() || IPV6.matcher(text).matches()) {
      try {
        return InetAddress.getByName(text);
      } catch (UnknownHostException e) {
        throw new IllegalArgumentException("'" + text + "' is not an IP address", e);
      }
    }
    throw new IllegalArgumentException("'" + text + "' is not an IP address");
  }

  /** The text of an address of 4 or 16 bytes in network order, and of no bytes the empty text. */
  public static String text(byte[] address) {
    if (address.length == 0) {
      return "";
    }
    try {
      return InetAddress.getByAddress(address).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address is 4 or 16 bytes, not " + address.length, e);
    }
  }

  /** The IPv4 address as the number it is, for tables that hold it so. */
  public static int toInt(Inet4Address address) {
    byte[] b = address.getAddress();
    return (b[0] & 0xff) << 24 | (b[1] & 0xff) << 16 | (b[2] & 0xff) << 8 | (b[3] & 0xff);
  }
}
