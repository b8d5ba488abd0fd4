package io.dyetrace.lab.fault;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Opens TCP connections at a bounded rate for a bounded time. Each is reset once it stands, and
 * given up before the kernel repeats its SYN: one SYN per connection, and no port kept in
 * TIME_WAIT.
 */
public final class Flood {
  private static final long GIVE_UP_NS = Duration.ofMillis(400).toNanos();
  private static final long TICK_NS = Duration.ofMillis(10).toNanos();

  private final InetSocketAddress target;
  private final @Nullable InetAddress source;
  private final int ratePerSecond;
  private final Duration duration;

  public Flood(InetSocketAddress target, int ratePerSecond, Duration duration) {
    this(target, null, ratePerSecond, duration);
  }

  /**
   * The same from an address of this host.
   *
   * @param source null: whichever the system chooses
   */
  public Flood(
      InetSocketAddress target,
      @Nullable InetAddress source,
      int ratePerSecond,
      Duration duration) {
    this.source = source;
    this.target = target;
    this.ratePerSecond = ratePerSecond;
    this.duration = duration;
  }

  /** What came of it. */
  public record Count(long opened, long established, long givenUp) {}

  private record Attempt(SocketChannel channel, long startNs) {}

  /** Runs to its end. */
  public Count run() throws IOException {
    long opened = 0;
    long established = 0;
    long givenUp = 0;
    Queue<Attempt> pending = new ArrayDeque<>();
    long startNs = System.nanoTime();
    try (Selector selector = Selector.open()) {
      for (long nowNs = startNs; nowNs - startNs < duration.toNanos(); nowNs = System.nanoTime()) {
        long due = (nowNs - startNs) * ratePerSecond / 1_000_000_000L;
        // After a pause of this process the missed ones are not made up for: the rate is a bound.
        opened = Math.max(opened, due - ratePerSecond / 10);
        for (; opened < due; opened++) {
          SocketChannel channel = SocketChannel.open();
          channel.configureBlocking(false);
          channel.setOption(StandardSocketOptions.SO_LINGER, 0);
          if (source != null) {
            channel.bind(new InetSocketAddress(source, 0));
          }
          channel.register(selector, SelectionKey.OP_CONNECT);
          channel.connect(target);
          pending.add(new Attempt(channel, nowNs));
        }
        selector.select(TICK_NS / 1_000_000);
        for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
          SelectionKey key = keys.next();
          keys.remove();
          established += finish((SocketChannel) key.channel()) ? 1 : 0;
        }
        while (!pending.isEmpty() && nowNs - pending.element().startNs() > GIVE_UP_NS) {
          SocketChannel channel = pending.remove().channel();
          if (channel.isOpen()) {
            givenUp++;
            channel.close();
          }
        }
      }
      for (Attempt attempt : pending) {
        attempt.channel().close();
      }
    }
    return new Count(opened, established, givenUp);
  }

  private static boolean finish(SocketChannel channel) throws IOException {
    try (channel) {
      return channel.finishConnect();
    } catch (IOException refused) {
      return false;
    }
  }
}
