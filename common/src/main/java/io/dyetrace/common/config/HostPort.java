package io.dyetrace.common.config;

import java.net.InetSocketAddress;

/**
 * An address to listen on or to connect to, written {@code 127.0.0.1:9464}, {@code [::1]:9464} or
 * {@code host:9464}. Port 0 lets the system choose one.
 */
public record HostPort(String host, int port) {
  /** Checks the ranges. */
  public HostPort {
    if (host.isBlank()) {
      throw new ConfigException("host: missing");
    }
    Check.range("port", port, 0, 65_535);
  }

  /**
   * Reads one.
   *
   * @throws ConfigException when the text has another form
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      throw new ConfigException("'" + text + "' is not an address with a port, as 127.0.0.1:9464");
    }
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    } else if (host.contains(":")) {
      throw new ConfigException("'" + text + "': an IPv6 address is written in brackets");
    }
    return new HostPort(host, Integer.parseInt(text.substring(colon + 1)));
  }

  /** The same for a socket; a host name is resolved now. */
  public InetSocketAddress toSocketAddress() {
    return new InetSocketAddress(host, port);
  }

  @Override
  public String toString() {
    return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
  }
}
