package io.dyetrace.prober;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what is sent, shows it to the capture as a real one does, and captures what it is given.
 */
final class FakeWire implements Wire {
  private record Captured(byte[] data, long timestampNs) {}

  final List<byte[]> sent = new ArrayList<>();
  @Nullable String refusal;
  @Nullable String captureFailure;
  boolean seesOwnFrames = true;
  private final Clock clock;
  private final ArrayDeque<Captured> captured = new ArrayDeque<>();

  FakeWire(Clock clock) {
    this.clock = clock;
  }

  /** A frame comes in now. */
  void capture(byte[] frame) {
    captured.add(new Captured(frame, clock.realtimeNs()));
  }

  boolean empty() {
    return captured.isEmpty();
  }

  List<byte[]> syns() {
    return sent.stream().filter(f -> TestFrames.flags(f) == TestFrames.SYN).toList();
  }

  List<byte[]> resets() {
    return sent.stream().filter(f -> TestFrames.flags(f) == TestFrames.RST).toList();
  }

  @Override
  public @Nullable String send(byte[] frame, int length) {
    if (refusal != null) {
      return refusal;
    }
    byte[] copy = Arrays.copyOf(frame, length);
    sent.add(copy);
    if (seesOwnFrames && TestFrames.flags(copy) == TestFrames.SYN) {
      capture(copy);
    }
    return null;
  }

  @Override
  public boolean receive(Frame into) {
    Captured next = captured.poll();
    if (next == null) {
      return false;
    }
    into.data = next.data();
    into.length = next.data().length;
    into.timestampNs = next.timestampNs();
    return true;
  }

  @Override
  public @Nullable String takeCaptureFailure() {
    String told = captureFailure;
    captureFailure = null;
    return told;
  }

  @Override
  public long captureDropped() {
    return 0;
  }

  @Override
  public void close() {}
}
