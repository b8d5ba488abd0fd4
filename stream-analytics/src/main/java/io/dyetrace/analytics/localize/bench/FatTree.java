package io.dyetrace.analytics.localize.bench;

import java.util.ArrayList;
import java.util.List;

/** A fat tree of k-port switches. */
final class FatTree {
  final Network network;
  final int half;
  final int pods;
  final int[] hosts;
  final int[] torOfHost;
  final int[][] tor;
  final int[][] agg;
  final int[] core;
  final int[] podOfTor;

  FatTree(int k, int hostsPerTor, boolean undirected) {
    network = new Network(undirected);
    half = k / 2;
    pods = k;
    tor = new int[pods][half];
    agg = new int[pods][half];
    core = new int[half * half];
    for (int c = 0; c < core.length; c++) {
      core[c] = network.node("core");
    }
    for (int p = 0; p < pods; p++) {
      for (int i = 0; i < half; i++) {
        tor[p][i] = network.node("tor");
        agg[p][i] = network.node("agg");
      }
      for (int i = 0; i < half; i++) {
        for (int j = 0; j < half; j++) {
          network.connect(tor[p][i], agg[p][j]);
          network.connect(agg[p][i], core[i * half + j]);
        }
      }
    }
    hosts = new int[pods * half * hostsPerTor];
    torOfHost = new int[hosts.length];
    int h = 0;
    podOfTor = new int[core.length + 2 * pods * half];
    for (int p = 0; p < pods; p++) {
      for (int i = 0; i < half; i++) {
        podOfTor[tor[p][i]] = p;
        for (int n = 0; n < hostsPerTor; n++) {
          hosts[h] = network.node("host");
          torOfHost[h] = tor[p][i];
          network.connect(hosts[h], tor[p][i]);
          h++;
        }
      }
    }
  }

  /** The paths between two hosts, each ended by -1. */
  List<int[]> paths(int fromHost, int toHost) {
    List<int[]> paths = new ArrayList<>();
    int a = hosts[fromHost];
    int b = hosts[toHost];
    int ta = torOfHost[fromHost];
    int tb = torOfHost[toHost];
    if (ta == tb) {
      paths.add(network.path(a, ta, b));
    } else if (podOfTor[ta] == podOfTor[tb]) {
      for (int i = 0; i < half; i++) {
        paths.add(network.path(a, ta, agg[podOfTor[ta]][i], tb, b));
      }
    } else {
      for (int c = 0; c < core.length; c++) {
        int i = c / half;
        paths.add(network.path(a, ta, agg[podOfTor[ta]][i], core[c], agg[podOfTor[tb]][i], tb, b));
      }
    }
    return paths;
  }

  /** The path between two racks through a core or, in a pod, an aggregation switch. */
  int[] rackPath(int ta, int tb, int via) {
    int i = via / half;
    if (podOfTor[ta] == podOfTor[tb]) {
      return network.path(ta, agg[podOfTor[ta]][i], tb);
    }
    return network.path(ta, agg[podOfTor[ta]][i], core[via], agg[podOfTor[tb]][i], tb);
  }
}
