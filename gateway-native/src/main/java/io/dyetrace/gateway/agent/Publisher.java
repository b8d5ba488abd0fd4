package io.dyetrace.gateway.agent;

/**
 * Takes messages towards Kafka and tells, on the caller's thread, what became of them. Used by one
 * thread.
 */
interface Publisher extends AutoCloseable {
  /** What is told about a message; called by {@link #poll} only. */
  interface Acknowledged {
    /**
     * The message is in Kafka. Not called when it was lost: then {@link #poll} answers with
     * RESTARTED.
     */
    void acknowledged();
  }

  /** What {@link #poll} found. */
  enum State {
    /** Messages can be published. */
    CONNECTED,
    /** No broker has been met yet, or the last failure is too recent. */
    WAITING,
    /** Messages failed: everything not acknowledged is forgotten and must be published again. */
    RESTARTED
  }

  /** Delivers the acknowledgements that came in, and says what can be done now. */
  State poll(long nowNs);

  /** Hands a message over; must not be called unless the last poll said CONNECTED. */
  void publish(String topic, String key, byte[] value, Acknowledged acknowledged);

  /** Bytes handed over and not acknowledged. */
  long inFlightBytes();

  /** Since when the oldest message waits for its acknowledgement; 0: none does. */
  long oldestInFlightNs();

  @Override
  void close();
}
