package io.dyetrace.lab.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dyetrace.lab.LabException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A gateway's control socket: one JSON object a line in, one a line out. */
public final class ControlSocket {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path path;

  public ControlSocket(Path path) {
    this.path = path;
  }

  /** A request without arguments. */
  public JsonNode ask(String command) {
    return ask(JSON.createObjectNode().put("command", command));
  }

  /** A request; fails when the gateway refuses it. */
  public JsonNode ask(ObjectNode request) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
      ByteBuffer out = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
      while (out.hasRemaining()) {
        channel.write(out);
      }
      JsonNode answer = JSON.readTree(readLine(channel));
      if (!answer.path("ok").asBoolean()) {
        throw LabException.failed(
            path + ": " + request + " refused: " + answer.path("error").asText());
      }
      return answer;
    } catch (IOException e) {
      throw LabException.failed(path + ": " + e.getMessage());
    }
  }

  private static byte[] readLine(SocketChannel channel) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    ByteBuffer in = ByteBuffer.allocate(8192);
    while (channel.read(in) >= 0) {
      in.flip();
      while (in.hasRemaining()) {
        byte b = in.get();
        if (b == '\n') {
          return line.toByteArray();
        }
        line.write(b);
      }
      in.clear();
    }
    return line.toByteArray();
  }

  /** A request with arguments. */
  public static ObjectNode request(String command) {
    return JSON.createObjectNode().put("command", command);
  }
}
