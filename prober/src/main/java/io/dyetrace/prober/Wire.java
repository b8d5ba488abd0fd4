package io.dyetrace.prober;

import org.jspecify.annotations.Nullable;

/** Ethernet frames out, and the frames of both directions that pass the capture in. One thread. */
interface Wire extends AutoCloseable {
  /** A captured frame; the bytes are the reader's until the next {@link #receive}. */
  final class Frame {
    byte[] data = new byte[0];
    int length;
    long timestampNs;
  }

  /** Sends a frame. Returns null, or what the interface said when it refused. */
  @Nullable String send(byte[] frame, int length);

  /**
   * Takes the next captured frame, waiting a few milliseconds at most.
   *
   * @return false when every frame captured before the call has been taken
   */
  boolean receive(Frame into);

  /**
   * Why replies may have gone unseen since the last call: the capture broke down in between. Null
   * when it did not.
   */
  @Nullable String takeCaptureFailure();

  /** Frames that the capture lost since the wire was opened, because nobody took them in time. */
  long captureDropped();

  @Override
  void close();
}
