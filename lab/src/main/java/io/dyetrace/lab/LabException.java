package io.dyetrace.lab;

/** Something that stops a lab command; the message is for the person at the terminal. */
public final class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Options, configuration or the machine are not what the command needs. */
  public static final int EXIT_USAGE = 2;

  /** Anything else. */
  public static final int EXIT_FAILURE = 1;

  private final int exitCode;

  private LabException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** The command failed. */
  public static LabException failed(String message) {
    return new LabException(EXIT_FAILURE, message);
  }

  /** The command cannot be run like this here. */
  public static LabException usage(String message) {
    return new LabException(EXIT_USAGE, message);
  }

  /** The message. */
  public String text() {
    return String.valueOf(getMessage());
  }

  public int exitCode() {
    return exitCode;
  }
}
