package io.dyetrace.analytics;

import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.common.record.Verdict;
import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Flink's type of a verdict: its protobuf bytes. */
final class ProtobufTypes {
  static final OpaqueType<Verdict> VERDICT =
      new OpaqueType<>(Verdict.class, new VerdictSerializer());

  private ProtobufTypes() {}

  /** Length and bytes. */
  public static final class VerdictSerializer extends TypeSerializerSingleton<Verdict> {
    private static final long serialVersionUID = 1L;

    @Override
    public void serialize(Verdict verdict, DataOutputView out) throws IOException {
      byte[] bytes = verdict.toByteArray();
      out.writeInt(bytes.length);
      out.write(bytes);
    }

    @Override
    public Verdict deserialize(DataInputView in) throws IOException {
      byte[] bytes = new byte[in.readInt()];
      in.readFully(bytes);
      return Verdict.parseFrom(bytes);
    }

    @Override
    public Verdict deserialize(Verdict reuse, DataInputView in) throws IOException {
      return deserialize(in);
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
      serialize(deserialize(in), out);
    }

    @Override
    public Verdict copy(Verdict verdict) {
      return verdict;
    }

    @Override
    public Verdict copy(Verdict verdict, Verdict reuse) {
      return verdict;
    }

    @Override
    public boolean isImmutableType() {
      return true;
    }

    @Override
    public Verdict createInstance() {
      return Verdict.getDefaultInstance();
    }

    @Override
    public int getLength() {
      return -1;
    }

    @Override
    public TypeSerializerSnapshot<Verdict> snapshotConfiguration() {
      return new Snapshot();
    }

    /** Names the serializer. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Verdict> {
      public Snapshot() {
        super(VerdictSerializer::new);
      }
    }
  }
}
