package io.dyetrace.prober;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.ProbeBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The prober as it is, but with a file in Kafka's place. */
final class FileProberMain {
  private FileProberMain() {}

  private record FileSink(Path file) implements BatchSink {
    @Override
    public void publish(String key, byte[] batch) throws PublishException {
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        ProbeBatch.parseFrom(batch).writeDelimitedTo(record);
        out.write(record.toByteArray());
      } catch (IOException e) {
        throw new PublishException(e.toString(), e);
      }
    }

    @Override
    public void close() {}
  }

  public static void main(String[] arguments) throws InterruptedException {
    ProberConfig config = StrictYaml.read(Path.of(arguments[0]), ProberConfig.class);
    Path file = Path.of(arguments[1]);
    Prober prober = new Prober(config, Clock.SYSTEM, c -> new FileSink(file));
    System.exit(ProberMain.run(prober, config));
  }

  static List<ProbeBatch> read(Path file) throws IOException {
    List<ProbeBatch> batches = new ArrayList<>();
    if (Files.exists(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        for (ProbeBatch b = ProbeBatch.parseDelimitedFrom(in);
            b != null;
            b = ProbeBatch.parseDelimitedFrom(in)) {
          batches.add(b);
        }
      } catch (InvalidProtocolBufferException e) {
        // The last batch is being written.
        return batches;
      }
    }
    return batches;
  }
}
