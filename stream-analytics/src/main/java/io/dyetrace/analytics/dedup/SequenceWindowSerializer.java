package io.dyetrace.analytics.dedup;

import io.dyetrace.analytics.dedup.SequenceWindow.Chunk;
import java.io.IOException;
import java.util.Map;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Writes a window into a checkpoint: a version, the number of chunks, and of each its index, when
 * it was touched, and either one byte for "full" or its bits.
 */
public final class SequenceWindowSerializer extends TypeSerializer<SequenceWindow> {
  public static final SequenceWindowSerializer INSTANCE = new SequenceWindowSerializer();

  private static final long serialVersionUID = 1L;
  private static final int VERSION = 1;

  @Override
  public void serialize(SequenceWindow window, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeInt(window.chunks().size());
    for (Map.Entry<Long, Chunk> entry : window.chunks().entrySet()) {
      Chunk chunk = entry.getValue();
      out.writeLong(entry.getKey());
      out.writeLong(chunk.touchedMs);
      out.writeBoolean(chunk.bits == SequenceWindow.FULL);
      if (chunk.bits != SequenceWindow.FULL) {
        for (long word : chunk.bits) {
          out.writeLong(word);
        }
      }
    }
  }

  @Override
  public SequenceWindow deserialize(DataInputView in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("sequence window of unknown version " + version);
    }
    SequenceWindow window = new SequenceWindow();
    int size = in.readInt();
    for (int i = 0; i < size; i++) {
      long index = in.readLong();
      long touchedMs = in.readLong();
      long[] bits = SequenceWindow.FULL;
      if (!in.readBoolean()) {
        bits = new long[SequenceWindow.WORDS];
        for (int word = 0; word < bits.length; word++) {
          bits[word] = in.readLong();
        }
      }
      window.chunks().put(index, new Chunk(bits, touchedMs));
    }
    return window;
  }

  @Override
  public SequenceWindow deserialize(SequenceWindow reuse, DataInputView in) throws IOException {
    return deserialize(in);
  }

  @Override
  public void copy(DataInputView in, DataOutputView out) throws IOException {
    serialize(deserialize(in), out);
  }

  @Override
  public SequenceWindow copy(SequenceWindow window) {
    return window.copy();
  }

  @Override
  public SequenceWindow copy(SequenceWindow window, SequenceWindow reuse) {
    return window.copy();
  }

  @Override
  public boolean isImmutableType() {
    return false;
  }

  @Override
  public SequenceWindow createInstance() {
    return new SequenceWindow();
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public TypeSerializer<SequenceWindow> duplicate() {
    return this;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SequenceWindowSerializer;
  }

  @Override
  public int hashCode() {
    return SequenceWindowSerializer.class.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<SequenceWindow> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Names the serializer in a checkpoint. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<SequenceWindow> {
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
