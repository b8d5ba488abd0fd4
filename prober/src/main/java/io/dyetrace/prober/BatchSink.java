package io.dyetrace.prober;

/** Takes batches one after the other, and answers for each. */
interface BatchSink extends AutoCloseable {
  /** A batch was not taken; it may be tried again. */
  final class PublishException extends Exception {
    private static final long serialVersionUID = 1L;

    PublishException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Returns when the batch is safe. */
  void publish(String key, byte[] batch) throws PublishException, InterruptedException;

  @Override
  void close();
}
