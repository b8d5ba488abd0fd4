package io.dyetrace.analytics.telemetry;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Moves elements between tasks. They are never part of a state, so the form may change. */
public final class TelemetrySerializer extends TypeSerializerSingleton<Telemetry> {
  public static final TelemetrySerializer INSTANCE = new TelemetrySerializer();

  private static final long serialVersionUID = 1L;
  private static final int BATCH = 1;
  private static final int UNREADABLE = 2;
  private static final int PROGRESS = 3;
  private static final int PARAMETER_CHANGE = 4;

  @Override
  public void serialize(Telemetry element, DataOutputView out) throws IOException {
    if (element instanceof Batch batch) {
      out.writeByte(BATCH);
      out.writeByte(batch.kind().ordinal());
      out.writeUTF(batch.key());
      write(batch.position(), out);
      out.writeLong(batch.eventTimeMs());
      write(batch.value(), out);
    } else if (element instanceof Unreadable unreadable) {
      out.writeByte(UNREADABLE);
      write(unreadable.position(), out);
      write(unreadable.recordKey(), out);
      write(unreadable.value(), out);
      out.writeByte(unreadable.reason().ordinal());
      out.writeUTF(unreadable.detail());
    } else if (element instanceof Progress progress) {
      out.writeByte(PROGRESS);
      out.writeUTF(progress.key());
      out.writeInt(progress.nextOffsets().size());
      for (Map.Entry<String, Long> entry : progress.nextOffsets().entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeLong(entry.getValue());
      }
    } else if (element instanceof ParameterChange change) {
      out.writeByte(PARAMETER_CHANGE);
      out.writeUTF(change.key());
      write(change.position(), out);
      out.writeUTF(change.scope());
      write(change.document().getBytes(StandardCharsets.UTF_8), out);
    }
  }

  @Override
  public Telemetry deserialize(DataInputView in) throws IOException {
    int type = in.readUnsignedByte();
    switch (type) {
      case BATCH -> {
        Kind kind = Kind.values()[in.readUnsignedByte()];
        String key = in.readUTF();
        Position position = readPosition(in);
        long eventTimeMs = in.readLong();
        byte[] value = readBytes(in);
        return new Batch(kind, key, position, eventTimeMs, value, parse(kind, value));
      }
      case UNREADABLE -> {
        Position position = readPosition(in);
        byte[] key = readBytes(in);
        byte[] value = readBytes(in);
        Reason reason = Reason.values()[in.readUnsignedByte()];
        return new Unreadable(position, key, value, reason, in.readUTF());
      }
      case PROGRESS -> {
        String key = in.readUTF();
        int size = in.readInt();
        Map<String, Long> nextOffsets = new HashMap<>();
        for (int i = 0; i < size; i++) {
          nextOffsets.put(in.readUTF(), in.readLong());
        }
        return new Progress(key, nextOffsets);
      }
      case PARAMETER_CHANGE -> {
        String key = in.readUTF();
        Position position = readPosition(in);
        String scope = in.readUTF();
        String document = new String(readBytes(in), StandardCharsets.UTF_8);
        return new ParameterChange(key, position, scope, document);
      }
      default -> throw new IOException("unknown element type " + type);
    }
  }

  private static Message parse(Kind kind, byte[] value) throws InvalidProtocolBufferException {
    return kind.parser().parseFrom(value);
  }

  private static void write(Position position, DataOutputView out) throws IOException {
    out.writeUTF(position.topic());
    out.writeInt(position.partition());
    out.writeLong(position.offset());
  }

  private static Position readPosition(DataInputView in) throws IOException {
    return new Position(in.readUTF(), in.readInt(), in.readLong());
  }

  private static void write(byte[] bytes, DataOutputView out) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static byte[] readBytes(DataInputView in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }

  @Override
  public void copy(DataInputView in, DataOutputView out) throws IOException {
    serialize(deserialize(in), out);
  }

  @Override
  public Telemetry deserialize(Telemetry reuse, DataInputView in) throws IOException {
    return deserialize(in);
  }

  @Override
  public Telemetry copy(Telemetry element) {
    return element;
  }

  @Override
  public Telemetry copy(Telemetry element, Telemetry reuse) {
    return element;
  }

  @Override
  public boolean isImmutableType() {
    return true;
  }

  @Override
  public Telemetry createInstance() {
    return new Progress("", Map.of());
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public TypeSerializerSnapshot<Telemetry> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Names the serializer in a checkpoint. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<Telemetry> {
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
