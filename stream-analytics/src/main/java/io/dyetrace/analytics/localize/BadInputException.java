package io.dyetrace.analytics.localize;

/** Input that is not a trace in the format {@code pathobs/1}: the message names the place. */
public final class BadInputException extends Exception {
  private static final long serialVersionUID = 1;

  /** With the whole message. */
  public BadInputException(String message) {
    super(message);
  }
}
