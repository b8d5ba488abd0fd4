package io.dyetrace.storage.flink;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.storage.row.DropCounterRow;
import io.dyetrace.storage.row.MeshLatencyRow;
import io.dyetrace.storage.row.NodeCounterRow;
import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.row.VerdictRow;
import io.dyetrace.storage.row.VipCounterRow;
import io.dyetrace.storage.row.WorkerCounterRow;
import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Writes a row as one byte of format and kind, the batch's part, and the record as protobuf bytes.
 * Rows are immutable, so copying one is free; a field added to a record needs no new format.
 */
public final class StorageRowSerializer extends TypeSerializer<StorageRow> {
  public static final StorageRowSerializer INSTANCE = new StorageRowSerializer();

  private static final long serialVersionUID = 1L;
  private static final int PROBE = 1;
  private static final int POINT = 2;
  private static final int NODE_COUNTER = 3;
  private static final int VIP_COUNTER = 4;
  private static final int DROP_COUNTER = 5;
  private static final int WORKER_COUNTER = 6;
  private static final int VERDICT = 7;
  private static final int MESH_LATENCY = 8;

  @Override
  public void serialize(StorageRow row, DataOutputView out) throws IOException {
    if (row instanceof ProbeRow r) {
      out.writeByte(PROBE);
      out.writeInt(r.proberId());
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof PointRow r) {
      out.writeByte(POINT);
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof NodeCounterRow r) {
      out.writeByte(NODE_COUNTER);
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof VipCounterRow r) {
      out.writeByte(VIP_COUNTER);
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof DropCounterRow r) {
      out.writeByte(DROP_COUNTER);
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof WorkerCounterRow r) {
      out.writeByte(WORKER_COUNTER);
      writeSender(r.location(), r.bootId(), out);
    } else if (row instanceof VerdictRow) {
      out.writeByte(VERDICT);
    } else {
      out.writeByte(MESH_LATENCY);
    }
    writeMessage(row.message(), out);
  }

  @Override
  public StorageRow deserialize(DataInputView in) throws IOException {
    int kind = in.readUnsignedByte();
    switch (kind) {
      case PROBE -> {
        int proberId = in.readInt();
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new ProbeRow(location, proberId, bootId, readMessage(ProbeResult.parser(), in));
      }
      case POINT -> {
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new PointRow(location, bootId, readMessage(Point.parser(), in));
      }
      case NODE_COUNTER -> {
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new NodeCounterRow(location, bootId, readMessage(NodeCounters.parser(), in));
      }
      case VIP_COUNTER -> {
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new VipCounterRow(location, bootId, readMessage(VipCounters.parser(), in));
      }
      case DROP_COUNTER -> {
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new DropCounterRow(location, bootId, readMessage(DropCounters.parser(), in));
      }
      case WORKER_COUNTER -> {
        Location location = readMessage(Location.parser(), in);
        long bootId = in.readLong();
        return new WorkerCounterRow(location, bootId, readMessage(WorkerCounters.parser(), in));
      }
      case VERDICT -> {
        return new VerdictRow(readMessage(Verdict.parser(), in));
      }
      case MESH_LATENCY -> {
        return new MeshLatencyRow(readMessage(MeshLatency.parser(), in));
      }
      default -> throw new IOException("storage row of unknown kind " + kind);
    }
  }

  @Override
  public StorageRow deserialize(StorageRow reuse, DataInputView in) throws IOException {
    return deserialize(in);
  }

  private static void writeSender(Location location, long bootId, DataOutputView out)
      throws IOException {
    writeMessage(location, out);
    out.writeLong(bootId);
  }

  private static void writeMessage(Message message, DataOutputView out) throws IOException {
    byte[] bytes = message.toByteArray();
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static <T> T readMessage(Parser<T> parser, DataInputView in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return parser.parseFrom(bytes);
  }

  @Override
  public void copy(DataInputView in, DataOutputView out) throws IOException {
    serialize(deserialize(in), out);
  }

  @Override
  public StorageRow copy(StorageRow row) {
    return row;
  }

  @Override
  public StorageRow copy(StorageRow row, StorageRow reuse) {
    return row;
  }

  @Override
  public boolean isImmutableType() {
    return true;
  }

  @Override
  public StorageRow createInstance() {
    return new VerdictRow(Verdict.getDefaultInstance());
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public TypeSerializer<StorageRow> duplicate() {
    return this;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StorageRowSerializer;
  }

  @Override
  public int hashCode() {
    return StorageRowSerializer.class.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<StorageRow> snapshotConfiguration() {
    return new Snapshot();
  }

  /** What a savepoint remembers of the format: this class and its version. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<StorageRow> {
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
