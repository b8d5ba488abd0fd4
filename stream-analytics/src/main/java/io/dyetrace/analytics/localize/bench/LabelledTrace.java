package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Evidence;
import io.dyetrace.analytics.localize.Topology;
import java.io.IOException;
import java.io.Writer;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** A trace and what really failed in it. Links and nodes are named by position. */
final class LabelledTrace {
  final String name;
  final String mode;
  final Topology topology;
  final Set<Integer> failedLinks = new TreeSet<>();
  final Set<Integer> failedDevices = new TreeSet<>();

  /** Observations: links by position, each path ended by -1. */
  private int[][] paths = new int[1024][];

  private long[] sent = new long[1024];
  private long[] lost = new long[1024];
  private int count;

  LabelledTrace(String name, String mode, Topology topology) {
    this.name = name;
    this.mode = mode;
    this.topology = topology;
  }

  /** Path arrays may be shared between observations; they are not copied. */
  void add(int[] observedPaths, long observedSent, long observedLost) {
    if (count == paths.length) {
      paths = Arrays.copyOf(paths, 2 * count);
      sent = Arrays.copyOf(sent, 2 * count);
      lost = Arrays.copyOf(lost, 2 * count);
    }
    paths[count] = observedPaths;
    sent[count] = observedSent;
    lost[count] = observedLost;
    count++;
  }

  int size() {
    return count;
  }

  int[] paths(int i) {
    return paths[i];
  }

  long sent(int i) {
    return sent[i];
  }

  long lost(int i) {
    return lost[i];
  }

  Evidence evidence() {
    Evidence.Builder builder = new Evidence.Builder(topology);
    for (int i = 0; i < count; i++) {
      builder.add(paths[i], paths[i].length, sent[i], lost[i]);
    }
    return builder.build();
  }

  /** In the format pathobs/1; ids are positions. */
  void write(Writer out) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("{\"format\":\"pathobs/1\",\"trace\":\"").append(name);
    text.append("\",\"topology\":\"generated\",\"mode\":\"").append(mode);
    text.append("\",\"undirected\":").append(topology.undirected()).append(",\"nodes\":[");
    for (int v = 0; v < topology.nodes(); v++) {
      text.append(v == 0 ? "" : ",").append("{\"id\":").append(topology.nodeId(v));
      text.append(",\"kind\":\"").append(topology.nodeKind(v)).append("\"}");
    }
    text.append("],\"links\":[");
    java.util.List<java.util.List<Integer>> nodeLinks = new java.util.ArrayList<>();
    for (int v = 0; v < topology.nodes(); v++) {
      nodeLinks.add(new java.util.ArrayList<>());
    }
    for (int l = 0; l < topology.links(); l++) {
      text.append(l == 0 ? "[" : ",[").append(topology.linkId(l)).append(',');
      text.append(topology.nodeId(topology.from(l))).append(',');
      text.append(topology.nodeId(topology.to(l))).append(']');
      nodeLinks.get(topology.from(l)).add(topology.linkId(l));
      nodeLinks.get(topology.to(l)).add(topology.linkId(l));
    }
    text.append("],\"node_links\":{");
    for (int v = 0; v < topology.nodes(); v++) {
      text.append(v == 0 ? "\"" : ",\"").append(topology.nodeId(v)).append("\":");
      text.append(nodeLinks.get(v).toString().replace(" ", ""));
    }
    out.append(text.append("}}\n"));
    for (int i = 0; i < count; i++) {
      text.setLength(0);
      text.append("{\"paths\":[[");
      int[] observed = paths[i];
      for (int k = 0; k < observed.length; k++) {
        if (observed[k] < 0) {
          text.append(k == observed.length - 1 ? "]" : "],[");
        } else {
          text.append(topology.linkId(observed[k]));
          text.append(observed[k + 1] < 0 ? "" : ",");
        }
      }
      text.append("],\"sent\":").append(sent[i]).append(",\"lost\":").append(lost[i]);
      out.append(text.append("}\n"));
    }
  }
}
