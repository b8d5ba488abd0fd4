package io.dyetrace.storage.schema;

import java.io.IOException;

/** The schema cannot be brought up to date; the message says which migration and why. */
public final class MigrationException extends IOException {
  private static final long serialVersionUID = 1L;

  MigrationException(String message) {
    super(message);
  }

  MigrationException(String message, Throwable cause) {
    super(message, cause);
  }
}
