package io.dyetrace.storage.embedded;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The ClickHouse engine in this process, on one data directory. A {@link Session} is one
 * connection: it runs one statement at a time and keeps settings, current database and temporary
 * tables until it is closed.
 *
 * <pre>{@code
 * try (Engine engine = Engine.start(config); Engine.Session session = engine.open()) {
 *   session.run("SELECT 1", "TSV", result -> …);
 * }
 * }</pre>
 *
 * The engine starts once in a process: a connection is kept open until {@link #close}, and after
 * that nothing opens any more.
 */
final class Engine implements AutoCloseable {
  private static final Duration LEASE_WAIT = Duration.ofSeconds(10);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

  private final List<String> arguments;
  private final int sessions;
  private final Semaphore leases;
  private final Pointer keeper;
  private boolean closed;

  private Engine(List<String> arguments, int sessions, Pointer keeper) {
    this.arguments = arguments;
    this.sessions = sessions;
    this.leases = new Semaphore(sessions, true);
    this.keeper = keeper;
  }

  /**
   * Loads the library and boots the engine.
   *
   * @throws IllegalStateException when it does not start
   */
  static Engine start(Path library, Path dataDirectory, List<String> serverSettings, int sessions) {
    ChdbLibrary.load(library);
    List<String> arguments = new ArrayList<>();
    arguments.add("clickhouse");
    arguments.add("--path=" + dataDirectory);
    arguments.addAll(serverSettings);
    Pointer keeper = connect(arguments);
    if (keeper == null) {
      throw new IllegalStateException(
          "the engine does not start on " + dataDirectory + ": is another process using it?");
    }
    return new Engine(arguments, sessions, keeper);
  }

  /**
   * Opens a session, waiting for one to be free.
   *
   * @throws EngineException when all are busy for too long
   */
  Session open() throws EngineException, InterruptedException {
    if (!leases.tryAcquire(LEASE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
      throw EngineException.of(
          EngineException.TOO_MANY_SIMULTANEOUS_QUERIES,
          "all " + sessions + " sessions are busy (max_concurrent_queries)");
    }
    Pointer connection = connect(arguments);
    if (connection == null) {
      leases.release();
      throw new IllegalStateException("the engine takes no more connections");
    }
    return new Session(connection);
  }

  /** Statements that run now. */
  int busy() {
    return sessions - leases.availablePermits();
  }

  /**
   * Waits for what runs, then stops the engine. Returns false when a statement would not end: then
   * only the process's end stops it.
   */
  boolean stop() throws InterruptedException {
    if (closed) {
      return true;
    }
    if (!leases.tryAcquire(sessions, CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
      return false;
    }
    closed = true;
    ChdbLibrary.closeConn(keeper);
    ChdbLibrary.shutdown();
    return true;
  }

  @Override
  public void close() throws InterruptedException {
    stop();
  }

  private static @Nullable Pointer connect(List<String> arguments) {
    try (Memory argv = new Memory((long) Long.BYTES * (arguments.size() + 1))) {
      List<Memory> texts = new ArrayList<>(arguments.size());
      for (int i = 0; i < arguments.size(); i++) {
        byte[] bytes = arguments.get(i).getBytes(StandardCharsets.UTF_8);
        Memory text = new Memory(bytes.length + 1L);
        text.write(0, bytes, 0, bytes.length);
        text.setByte(bytes.length, (byte) 0);
        texts.add(text);
        argv.setPointer((long) Long.BYTES * i, text);
      }
      argv.setPointer((long) Long.BYTES * arguments.size(), Pointer.NULL);
      Pointer connection = ChdbLibrary.connect(arguments.size(), argv);
      texts.forEach(Memory::close);
      return connection;
    }
  }

  /** What a statement did. */
  record Statistics(
      long rowsRead, long bytesRead, long rowsWritten, long bytesWritten, long elapsedNs) {
    static final Statistics NONE = new Statistics(0, 0, 0, 0, 0);
  }

  /** A piece of a result, valid until the next one is asked for. */
  interface Chunk {
    long bytes();

    ByteBuffer slice(long offset, int length);
  }

  /** One connection. */
  final class Session implements AutoCloseable {
    private final Pointer handle;
    private boolean open = true;

    private Session(Pointer handle) {
      this.handle = handle;
    }

    /** Runs a statement and returns its whole result, which the caller closes. */
    Result run(byte[] statement, String format) throws EngineException {
      byte[] formatBytes = format.getBytes(StandardCharsets.UTF_8);
      return checked(
          ChdbLibrary.queryN(
              handle.getPointer(0), statement, statement.length, formatBytes, formatBytes.length));
    }

    /** Runs a statement that returns nothing. */
    void run(String statement) throws EngineException {
      run(statement.getBytes(StandardCharsets.UTF_8), "TabSeparated").close();
    }

    /**
     * Runs an INSERT with its data. Data that stands behind the statement itself would end at the
     * first byte pattern that looks like the statement's end.
     *
     * @param statement up to, and without, its FORMAT clause
     */
    Result insert(byte[] statement, String format, byte[] data) throws EngineException {
      byte[] formatBytes = format.getBytes(StandardCharsets.UTF_8);
      Pointer stream =
          ChdbLibrary.streamInsertN(
              handle.getPointer(0), statement, statement.length, formatBytes, formatBytes.length);
      try {
        checkInsert(stream);
        if (data.length > 0 && ChdbLibrary.streamAppend(stream, data, data.length) != 0) {
          checkInsert(stream);
          throw EngineException.of(1, "the engine took not all of the data");
        }
        return checked(ChdbLibrary.streamDone(stream));
      } finally {
        ChdbLibrary.destroyInsertStream(stream);
      }
    }

    /**
     * Starts a SELECT whose result comes in pieces. Each piece is a complete document of the
     * format: see {@link StreamedFormat}.
     */
    Stream stream(byte[] statement, String format) throws EngineException {
      byte[] formatBytes = format.getBytes(StandardCharsets.UTF_8);
      return new Stream(
          this,
          checked(
                  ChdbLibrary.streamQueryN(
                      handle.getPointer(0),
                      statement,
                      statement.length,
                      formatBytes,
                      formatBytes.length))
              .release());
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        ChdbLibrary.closeConn(handle);
        leases.release();
      }
    }
  }

  private static void checkInsert(Pointer stream) throws EngineException {
    Pointer error = ChdbLibrary.streamInsertError(stream);
    if (error != null) {
      throw EngineException.ofEngine(error.getString(0, "UTF-8"));
    }
  }

  private static Result checked(Pointer result) throws EngineException {
    Pointer error = ChdbLibrary.resultError(result);
    if (error != null) {
      String text = error.getString(0, "UTF-8");
      ChdbLibrary.destroyQueryResult(result);
      throw EngineException.ofEngine(text);
    }
    return new Result(result);
  }

  /** A result in the engine's memory. */
  static final class Result implements AutoCloseable, Chunk {
    private @Nullable Pointer handle;

    private Result(Pointer handle) {
      this.handle = handle;
    }

    private Pointer handle() {
      Pointer now = handle;
      if (now == null) {
        throw new IllegalStateException("closed");
      }
      return now;
    }

    private Pointer release() {
      Pointer now = handle();
      handle = null;
      return now;
    }

    @Override
    public long bytes() {
      return ChdbLibrary.resultLength(handle());
    }

    @Override
    public ByteBuffer slice(long offset, int length) {
      Pointer buffer = ChdbLibrary.resultBuffer(handle());
      if (buffer == null) {
        throw new IllegalStateException("a result without bytes");
      }
      return buffer.getByteBuffer(offset, length);
    }

    Statistics statistics() {
      Pointer r = handle();
      return new Statistics(
          ChdbLibrary.resultStorageRowsRead(r),
          ChdbLibrary.resultStorageBytesRead(r),
          ChdbLibrary.resultRowsWritten(r),
          ChdbLibrary.resultBytesWritten(r),
          (long) (ChdbLibrary.resultElapsed(r) * 1e9));
    }

    @Override
    public void close() {
      if (handle != null) {
        ChdbLibrary.destroyQueryResult(handle);
        handle = null;
      }
    }
  }

  /** A result that comes in pieces. Closing it before the end cancels the statement. */
  static final class Stream implements AutoCloseable {
    private final Session session;
    private final Pointer handle;
    private @Nullable Result current;
    private boolean ended;

    private Stream(Session session, Pointer handle) {
      this.session = session;
      this.handle = handle;
    }

    /** The next piece, or null at the end. The piece before it is gone then. */
    @Nullable Chunk next() throws EngineException {
      if (current != null) {
        current.close();
        current = null;
      }
      if (ended) {
        return null;
      }
      Result next;
      try {
        next = checked(ChdbLibrary.streamFetchResult(session.handle.getPointer(0), handle));
      } catch (EngineException e) {
        ended = true;
        throw e;
      }
      if (next.bytes() == 0) {
        next.close();
        ended = true;
        return null;
      }
      current = next;
      return next;
    }

    @Override
    public void close() {
      if (current != null) {
        current.close();
        current = null;
      }
      if (!ended) {
        ended = true;
        ChdbLibrary.streamCancelQuery(session.handle.getPointer(0), handle);
      }
      ChdbLibrary.destroyQueryResult(handle);
    }
  }
}
