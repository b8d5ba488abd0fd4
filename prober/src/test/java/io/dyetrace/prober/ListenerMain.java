package io.dyetrace.prober;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.CountDownLatch;

/** An ordinary TCP listener of the kernel's. */
final class ListenerMain {
  private ListenerMain() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress("0.0.0.0", Integer.parseInt(arguments[0])), 1_024);
      System.out.println("listening");
      new CountDownLatch(1).await();
    }
  }
}
