package io.dyetrace.storage.embedded;

import com.sun.jna.FunctionMapper;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The functions of libchdb that the engine uses, with the types of its C header. */
final class ChdbLibrary {
  private static final Logger LOG = LoggerFactory.getLogger(ChdbLibrary.class);

  /** The version that scripts/setup fetches; others change behaviour that tests here rely on. */
  static final String VERSION = "26.7.3";

  /** {@code resultRowsRead} is {@code chdb_result_rows_read}. */
  private static final FunctionMapper C_NAMES =
      (library, method) ->
          "chdb_" + method.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);

  private ChdbLibrary() {}

  /**
   * Binds the functions; must come before any other call.
   *
   * @throws IllegalStateException when the file is not there or not a chDB library
   */
  static synchronized void load(Path library) {
    if (!Files.isReadable(library)) {
      throw new IllegalStateException(
          "the ClickHouse engine is not at " + library + "; scripts/setup fetches it");
    }
    try {
      Native.register(
          ChdbLibrary.class,
          NativeLibrary.getInstance(
              library.toString(), Map.of(Library.OPTION_FUNCTION_MAPPER, C_NAMES)));
    } catch (UnsatisfiedLinkError e) {
      throw new IllegalStateException(
          library + " is not a usable chDB library: " + e.getMessage(), e);
    }
    String version = version();
    if (!version.startsWith(VERSION)) {
      LOG.warn("chDB is version {}; this version of Dyetrace is tested with {}", version, VERSION);
    }
    // The JVM needs its own SIGSEGV handler; from here on no chDB call changes any signal.
    setSignalHandlersEnabled(0);
  }

  static native String version();

  static native void setSignalHandlersEnabled(int enabled);

  /** Returns a pointer to the connection, or null. */
  static native @Nullable Pointer connect(int argc, Pointer argv);

  static native void closeConn(Pointer connection);

  static native int shutdown();

  static native Pointer queryN(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  static native Pointer streamQueryN(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  static native Pointer streamFetchResult(Pointer connection, Pointer stream);

  static native void streamCancelQuery(Pointer connection, Pointer stream);

  static native void destroyQueryResult(Pointer result);

  static native Pointer streamInsertN(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  /** Returns 0 on success. Copies the data. */
  static native int streamAppend(Pointer stream, byte[] data, long dataBytes);

  static native Pointer streamDone(Pointer stream);

  static native @Nullable Pointer streamInsertError(Pointer stream);

  static native void destroyInsertStream(Pointer stream);

  static native @Nullable Pointer resultBuffer(Pointer result);

  static native long resultLength(Pointer result);

  static native double resultElapsed(Pointer result);

  static native long resultRowsRead(Pointer result);

  static native long resultBytesRead(Pointer result);

  static native long resultStorageRowsRead(Pointer result);

  static native long resultStorageBytesRead(Pointer result);

  static native long resultRowsWritten(Pointer result);

  static native long resultBytesWritten(Pointer result);

  static native @Nullable Pointer resultError(Pointer result);
}
