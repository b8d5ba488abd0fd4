package io.dyetrace.common.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The examples of docs/reference/interfaces.md: what is documented is what is tested. */
public final class DocumentedYaml {
  private static final Path PAGE = Path.of("..", "docs", "reference", "interfaces.md");
  private static final String FENCE = "```";

  private DocumentedYaml() {}

  /** The first YAML block under a heading that begins so. */
  public static String under(String heading) {
    String page;
    try {
      page = Files.readString(PAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int section = page.indexOf("\n" + heading);
    int start = page.indexOf(FENCE + "yaml\n", section);
    int end = page.indexOf("\n" + FENCE, start);
    if (section < 0 || start < 0 || end < 0) {
      throw new IllegalStateException("no YAML under '" + heading + "' in " + PAGE);
    }
    return page.substring(page.indexOf('\n', start) + 1, end + 1);
  }
}
