package io.dyetrace.gateway.telemetry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * All natives. Each answers -errno on failure; the callers' side throws. {@code dyetrace_jni.c} is
 * the other side.
 *
 * <p>The library is taken from {@code gateway-native/build} below {@code -Ddyetrace.home}, or else
 * from {@code java.library.path}.
 */
final class TelemetryNative {
  private static final String LIBRARY = "dyetrace_jni";

  private static final int EINVAL = 22;
  private static final int EBUSY = 16;
  private static final int EBADMSG = 74;
  private static final int ENOENT = 2;

  @SuppressWarnings("StaticAssignmentOfThrowable") // a value to ask for, never thrown again
  private static final @Nullable Throwable UNAVAILABILITY_CAUSE = load();

  private TelemetryNative() {}

  static @Nullable Throwable unavailabilityCause() {
    return UNAVAILABILITY_CAUSE;
  }

  private static @Nullable Throwable load() {
    try {
      String home = System.getProperty("dyetrace.home");
      Path built =
          home == null ? null : Path.of(home, "gateway-native", "build", "lib" + LIBRARY + ".so");
      if (built != null && Files.exists(built)) {
        System.load(built.toAbsolutePath().toString());
      } else {
        System.loadLibrary(LIBRARY);
      }
      RecordLayout.check();
      return null;
    } catch (LinkageError | RuntimeException e) {
      return e;
    }
  }

  static int layout(ByteBuffer buffer) {
    return checked("layout", layout0(buffer));
  }

  static long open(Path path) throws IOException {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    long handle = open0(buffer, bytes.length);
    if (handle > 0) {
      return handle;
    }
    throw switch ((int) -handle) {
      case EBUSY -> new TelemetryFileBusyException(path + ": another agent drains this file");
      case EBADMSG ->
          new TelemetryFileException(
              path + ": not a telemetry file of layout version " + RecordLayout.LAYOUT_VERSION);
      case ENOENT -> new java.nio.file.NoSuchFileException(path.toString());
      default -> new IOException(path + ": cannot be opened: errno " + -handle);
    };
  }

  static void close(long handle) {
    close0(handle);
  }

  static long bootId(long handle) {
    return bootId0(handle);
  }

  static int ringCount(long handle) {
    return ringCount0(handle);
  }

  static int status(long handle, ByteBuffer buffer) throws TelemetryFileException {
    return fileChecked("status", status0(handle, buffer));
  }

  static int read(long handle, int ring, long from, ByteBuffer buffer, int max)
      throws TelemetryFileException {
    return fileChecked("read", read0(handle, ring, from, buffer, max));
  }

  static void commit(long handle, int ring, long tail) throws TelemetryFileException {
    fileChecked("commit", commit0(handle, ring, tail));
  }

  static boolean alive(long handle) {
    return checked("alive", alive0(handle)) != 0;
  }

  static int name(long handle, int kind, int slot, ByteBuffer buffer)
      throws TelemetryFileException {
    return fileChecked("name", name0(handle, kind, slot, buffer));
  }

  private static int checked(String call, int result) {
    if (result < 0) {
      throw new IllegalStateException(call + ": errno " + -result);
    }
    return result;
  }

  private static int fileChecked(String call, int result) throws TelemetryFileException {
    if (result == -EBADMSG) {
      throw new TelemetryFileException(call + ": the telemetry file contradicts itself");
    }
    if (result == -EINVAL) {
      throw new IllegalArgumentException(call + ": an argument is out of range");
    }
    return checked(call, result);
  }

  private static native int layout0(ByteBuffer buffer);

  private static native long open0(ByteBuffer path, int length);

  private static native void close0(long handle);

  private static native long bootId0(long handle);

  private static native int ringCount0(long handle);

  private static native int status0(long handle, ByteBuffer buffer);

  private static native int read0(long handle, int ring, long from, ByteBuffer buffer, int max);

  private static native int commit0(long handle, int ring, long tail);

  private static native int alive0(long handle);

  private static native int name0(long handle, int kind, int slot, ByteBuffer buffer);
}
