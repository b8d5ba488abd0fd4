package io.dyetrace.lab.system;

import io.dyetrace.lab.LabException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A short-lived program, run to its end.
 *
 * <pre>{@code
 * String neighbours = Command.of("ip", "neigh").in("dyetrace-router").check().output();
 * }</pre>
 */
public final class Command {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  private final List<String> words;
  private String input = "";
  private Duration timeout = DEFAULT_TIMEOUT;

  private Command(List<String> words) {
    this.words = words;
  }

  public static Command of(String... words) {
    return new Command(new ArrayList<>(List.of(words)));
  }

  public static Command of(List<String> words) {
    return new Command(new ArrayList<>(words));
  }

  /** Runs it in this network namespace; null: where the caller is. */
  public Command in(@Nullable String namespace) {
    if (namespace != null) {
      words.addAll(0, List.of("ip", "netns", "exec", namespace));
    }
    return this;
  }

  /** What it reads from standard input. */
  public Command input(String text) {
    this.input = text;
    return this;
  }

  public Command timeout(Duration limit) {
    this.timeout = limit;
    return this;
  }

  /** What a program did. */
  public record Result(int exitCode, String output, String error) {
    public boolean ok() {
      return exitCode == 0;
    }
  }

  /** Runs it, and fails when it does. */
  public Result check() {
    Result result = run();
    if (!result.ok()) {
      throw LabException.failed(
          "'%s' failed (exit %d): %s"
              .formatted(
                  String.join(" ", words),
                  result.exitCode,
                  (result.error.isBlank() ? result.output : result.error).strip()));
    }
    return result;
  }

  /** Runs it. A program that does not end in time is killed and reported as exit code 124. */
  public Result run() {
    try {
      Process process = new ProcessBuilder(words).start();
      CompletableFuture<String> output =
          CompletableFuture.supplyAsync(() -> readAll(process.getInputStream()));
      CompletableFuture<String> error =
          CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()));
      try (var stdin = process.getOutputStream()) {
        stdin.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException closedEarly) {
        // The program did not read its input; its exit code tells.
      }
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
        return new Result(124, output.join(), "not done after " + timeout);
      }
      return new Result(process.exitValue(), output.join(), error.join());
    } catch (IOException e) {
      throw LabException.failed("cannot run '" + words.get(0) + "': " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted while running '" + words.get(0) + "'");
    }
  }

  private static String readAll(InputStream stream) {
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
