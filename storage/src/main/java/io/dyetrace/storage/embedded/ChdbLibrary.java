package io.dyetrace.storage.embedded;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The functions of libchdb that the engine uses, with the types of its C header. */
final class ChdbLibrary {
  /** The version that scripts/fetch-chdb fetches; others change behaviour that tests here rely on. */
  static final String VERSION = "26.7.3";

  private ChdbLibrary() {}

  /**
   * Binds the functions; must come before any other call.
   *
   * @throws IllegalStateException when the file is not there or not a chDB library
   */
  static synchronized void load(Path library) {
    if (!Files.isReadable(library)) {
      throw new IllegalStateException(
          "the ClickHouse engine is not at " + library + "; scripts/fetch-chdb fetches it");
    }
    try {
      Native.register(ChdbLibrary.class, NativeLibrary.getInstance(library.toString()));
    } catch (UnsatisfiedLinkError e) {
      throw new IllegalStateException(library + " is not a usable chDB library: " + e.getMessage(), e);
    }
    // The JVM needs its own SIGSEGV handler; from here on no chDB call changes any signal.
    chdb_set_signal_handlers_enabled(0);
  }

  static native void chdb_set_signal_handlers_enabled(int enabled);

  /** Returns a pointer to the connection, or null. */
  static native @Nullable Pointer chdb_connect(int argc, Pointer argv);

  static native void chdb_close_conn(Pointer connection);

  static native int chdb_shutdown();

  static native Pointer chdb_query_n(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  static native Pointer chdb_stream_query_n(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  static native Pointer chdb_stream_fetch_result(Pointer connection, Pointer stream);

  static native void chdb_stream_cancel_query(Pointer connection, Pointer stream);

  static native void chdb_destroy_query_result(Pointer result);

  static native Pointer chdb_stream_insert_n(
      Pointer connection, byte[] query, long queryBytes, byte[] format, long formatBytes);

  /** Returns 0 on success. Copies the data. */
  static native int chdb_stream_append(Pointer stream, byte[] data, long dataBytes);

  static native Pointer chdb_stream_done(Pointer stream);

  static native @Nullable Pointer chdb_stream_insert_error(Pointer stream);

  static native void chdb_destroy_insert_stream(Pointer stream);

  static native @Nullable Pointer chdb_result_buffer(Pointer result);

  static native long chdb_result_length(Pointer result);

  static native double chdb_result_elapsed(Pointer result);

  static native long chdb_result_rows_read(Pointer result);

  static native long chdb_result_bytes_read(Pointer result);

  static native long chdb_result_storage_rows_read(Pointer result);

  static native long chdb_result_storage_bytes_read(Pointer result);

  static native long chdb_result_rows_written(Pointer result);

  static native long chdb_result_bytes_written(Pointer result);

  static native @Nullable Pointer chdb_result_error(Pointer result);
}
