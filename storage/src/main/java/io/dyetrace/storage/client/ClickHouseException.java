package io.dyetrace.storage.client;

import java.io.IOException;
import java.util.Set;

/** ClickHouse answered, and the answer was an error. */
public final class ClickHouseException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * What passes by itself: limits of memory, time, parts and queries, read-only replicas, a server
   * that starts or stops.
   */
  private static final Set<Integer> TRANSIENT =
      Set.of(159, 160, 164, 201, 202, 209, 210, 216, 241, 242, 252, 319, 394, 425, 439, 473, 999);

  private final int code;
  private final int httpStatus;

  ClickHouseException(int code, int httpStatus, String message) {
    super(message);
    this.code = code;
    this.httpStatus = httpStatus;
  }

  /** ClickHouse's error code, {@code X-ClickHouse-Exception-Code}; 0 when the answer had none. */
  public int code() {
    return code;
  }

  /** Trying again later may succeed although nobody acts. */
  public boolean isTransient() {
    return code == 0 ? httpStatus >= 500 : TRANSIENT.contains(code);
  }
}
