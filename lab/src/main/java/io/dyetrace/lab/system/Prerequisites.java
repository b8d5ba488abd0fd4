package io.dyetrace.lab.system;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.process.Component;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the lab needs of the machine, and what to do about what is missing. */
public final class Prerequisites {
  /** Program, and the Debian package that holds it. */
  private static final Map<String, String> PROGRAMS = new LinkedHashMap<>();

  static {
    PROGRAMS.put("ip", "iproute2");
    PROGRAMS.put("ss", "iproute2");
    PROGRAMS.put("bridge", "iproute2");
    PROGRAMS.put("nft", "nftables");
    PROGRAMS.put("ethtool", "ethtool");
    PROGRAMS.put("sysctl", "procps");
    PROGRAMS.put("setsid", "util-linux");
    PROGRAMS.put("chrt", "util-linux");
    PROGRAMS.put("curl", "curl");
    PROGRAMS.put("nginx", "nginx-light");
    PROGRAMS.put("tcpdump", "tcpdump");
    PROGRAMS.put("prometheus", "prometheus");
    PROGRAMS.put("prometheus-alertmanager", "prometheus-alertmanager");
  }

  private Prerequisites() {}

  /** Says everything that is missing, at once. */
  public static void check(Path home, List<Component> components) {
    List<String> missing = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      missing.add("root: network namespaces and raw packets need it (try: sudo ./dyetrace lab up)");
    }
    PROGRAMS.forEach(
        (program, debianPackage) -> {
          if (!onPath(program)) {
            missing.add(
                "the program '%s' (Debian package %s; scripts/setup installs it)"
                    .formatted(program, debianPackage));
          }
        });
    components.stream()
        .flatMap(c -> c.files().stream())
        .distinct()
        .map(home::resolve)
        .filter(file -> !Files.isRegularFile(file))
        .forEach(file -> missing.add(file + ": not built (run 'make build')"));
    if (!missing.isEmpty()) {
      throw LabException.usage(
          "the lab cannot run here; missing:\n  - " + String.join("\n  - ", missing));
    }
  }

  private static boolean onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String directory : path.split(":")) {
      if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
        return true;
      }
    }
    return false;
  }
}
