package io.dyetrace.analytics.detection;

import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.common.record.Schema;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.OperatorStateStore;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;

/** Every change of parameters that holds, the same in each subtask. */
final class ParameterState {
  /** Clusters that may have a change of their own. */
  private static final int MOST_SCOPES = 1_000;

  private static final MapStateDescriptor<String, Tuple2<Long, String>> DESCRIPTOR =
      new MapStateDescriptor<>("parameters", Types.STRING, Types.TUPLE(Types.LONG, Types.STRING));

  private final BroadcastState<String, Tuple2<Long, String>> changes;

  ParameterState(OperatorStateStore store) throws Exception {
    changes = store.getBroadcastState(DESCRIPTOR);
  }

  /** Returns whether there was room for it. */
  boolean accept(ParameterChange change) throws Exception {
    if (change.document().isEmpty()) {
      changes.remove(change.scope());
      return true;
    }
    if (!changes.contains(change.scope()) && size() >= MOST_SCOPES) {
      return false;
    }
    // Offsets begin with 0, which as a version means that nothing is changed.
    changes.put(change.scope(), Tuple2.of(change.position().offset() + 1, change.document()));
    return true;
  }

  /** What holds for one cluster. */
  Parameters of(String cluster) throws Exception {
    long version = 0;
    List<String> documents = new ArrayList<>();
    for (String scope : new String[] {Schema.ALL_CLUSTERS, cluster}) {
      Tuple2<Long, String> change = changes.get(scope);
      if (change != null) {
        version = Math.max(version, change.f0);
        documents.add(change.f1);
      }
    }
    return new Parameters(version, documents);
  }

  private int size() throws Exception {
    int size = 0;
    for (var all = changes.immutableEntries().iterator(); all.hasNext(); all.next()) {
      size++;
    }
    return size;
  }
}
