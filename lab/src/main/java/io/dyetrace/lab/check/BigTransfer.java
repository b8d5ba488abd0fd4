package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;

/** Ordinary TCP: a large file through each node. */
final class BigTransfer implements Check {
  @Override
  public String name() {
    return "big-transfer";
  }

  @Override
  public String claim() {
    return "10 MB over TCP through every node arrive whole";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    String expected = sha256(lab);
    Vip vip = lab.plan().vip("vip-web");
    for (Host node : lab.plan().nodes()) {
      long startNs = System.nanoTime();
      Command.Result transfer =
          Command.of(
                  "bash",
                  "-c",
                  "set -o pipefail; curl --silent --show-error --noproxy '*' --max-time 30"
                      + " --interface "
                      + lab.plan().pinnedClientAddress(node)
                      + " http://"
                      + lab.plan().addressThrough(node, vip)
                      + "/10mb.bin | sha256sum")
              .in(lab.plan().client().namespace())
              .timeout(Duration.ofSeconds(40))
              .run();
      double seconds = (System.nanoTime() - startNs) / 1e9;
      boolean same = transfer.ok() && transfer.output().startsWith(expected);
      result
          .measured(node.name() + "_seconds", Math.round(seconds * 100) / 100.0)
          .require(
              same,
              "through %s: %s",
              node.name(),
              transfer.ok() ? "the checksum differs" : transfer.error().strip());
    }
    return result.measured("bytes_each", Lab.BIG_FILE_BYTES).measured("sha256", expected).build();
  }

  private static String sha256(Lab lab) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(lab.bigFile())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
