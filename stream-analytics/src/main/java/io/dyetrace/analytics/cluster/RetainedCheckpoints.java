package io.dyetrace.analytics.cluster;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints that earlier runs left in a local directory: {@code <directory>/<job
 * id>/chk-<n>}.
 *
 * <p>A checkpoint counts when its metadata reads to the end; a run that is killed while it writes
 * one leaves none. Small state stands inside the metadata, so that this says nearly everything.
 */
public final class RetainedCheckpoints {
  private static final Logger LOG = LoggerFactory.getLogger(RetainedCheckpoints.class);
  private static final String METADATA = "_metadata";

  private final Path directory;

  public RetainedCheckpoints(Path directory) {
    this.directory = directory;
  }

  /** The newest usable one. */
  public Optional<Path> newest() throws IOException {
    return newestFirst().stream().findFirst();
  }

  private record Candidate(Path path, FileTime written) {}

  /** The usable ones, the newest first. */
  public List<Path> newestFirst() throws IOException {
    List<Path> usable = new ArrayList<>();
    for (Candidate candidate : candidates()) {
      String problem = problem(candidate.path());
      if (problem.isEmpty()) {
        usable.add(candidate.path());
      } else {
        LOG.error("checkpoint {} is unusable: {}", candidate.path(), problem);
      }
    }
    return usable;
  }

  /** Deletes what runs before the last one left, except the checkpoints that are to be kept. */
  public void deleteAllBut(List<Path> kept) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    Set<Path> runs = new HashSet<>();
    kept.forEach(path -> runs.add(path.getParent()));
    try (Stream<Path> children = Files.list(directory)) {
      for (Path run : children.filter(Files::isDirectory).toList()) {
        if (!runs.contains(run)) {
          deleteTree(run);
        }
      }
    }
  }

  private List<Candidate> candidates() throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    List<Candidate> found = new ArrayList<>();
    try (Stream<Path> files = Files.find(directory, 3, (path, a) -> path.endsWith(METADATA))) {
      for (Path metadata : files.toList()) {
        Path checkpoint = Objects.requireNonNull(metadata.getParent());
        found.add(new Candidate(checkpoint, Files.getLastModifiedTime(metadata)));
      }
    }
    found.sort(Comparator.comparing(Candidate::written).reversed());
    return found;
  }

  private static String problem(Path checkpoint) {
    try (InputStream in = Files.newInputStream(checkpoint.resolve(METADATA));
        DataInputStream data = new DataInputStream(new java.io.BufferedInputStream(in))) {
      CheckpointMetadata metadata =
          Checkpoints.loadCheckpointMetadata(
              data, RetainedCheckpoints.class.getClassLoader(), checkpoint.toUri().toString());
      long bytes = 0;
      for (OperatorState state : metadata.getOperatorStates()) {
        bytes += state.getStateSize();
      }
      LOG.info(
          "checkpoint {}: number {}, {} bytes of state",
          checkpoint,
          metadata.getCheckpointId(),
          bytes);
      return "";
    } catch (IOException | RuntimeException e) {
      return e.toString();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
