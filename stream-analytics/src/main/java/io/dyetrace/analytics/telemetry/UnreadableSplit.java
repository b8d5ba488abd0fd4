package io.dyetrace.analytics.telemetry;

import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Lets readable records through and puts the others aside. */
public final class UnreadableSplit extends ProcessFunction<Telemetry, Telemetry> {
  /** The others. */
  public static final OutputTag<Unreadable> UNREADABLE =
      new OutputTag<>("unreadable", new OpaqueType<>(Unreadable.class, new UnreadableSerializer()));

  private static final long serialVersionUID = 1L;

  @Override
  public void processElement(Telemetry element, Context context, Collector<Telemetry> out) {
    if (element instanceof Batch) {
      out.collect(element);
    } else if (element instanceof Unreadable unreadable) {
      context.output(UNREADABLE, unreadable);
    }
  }

  /** The general serializer, for one kind of element. */
  public static final class UnreadableSerializer extends TypeSerializerSingleton<Unreadable> {
    private static final long serialVersionUID = 1L;

    @Override
    public void serialize(Unreadable element, DataOutputView out) throws IOException {
      TelemetrySerializer.INSTANCE.serialize(element, out);
    }

    @Override
    public Unreadable deserialize(DataInputView in) throws IOException {
      return (Unreadable) TelemetrySerializer.INSTANCE.deserialize(in);
    }

    @Override
    public Unreadable deserialize(Unreadable reuse, DataInputView in) throws IOException {
      return deserialize(in);
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
      TelemetrySerializer.INSTANCE.copy(in, out);
    }

    @Override
    public Unreadable copy(Unreadable element) {
      return element;
    }

    @Override
    public Unreadable copy(Unreadable element, Unreadable reuse) {
      return element;
    }

    @Override
    public boolean isImmutableType() {
      return true;
    }

    @Override
    public Unreadable createInstance() {
      throw new UnsupportedOperationException("there is no empty unreadable record");
    }

    @Override
    public int getLength() {
      return -1;
    }

    @Override
    public TypeSerializerSnapshot<Unreadable> snapshotConfiguration() {
      return new Snapshot();
    }

    /** Names the serializer. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Unreadable> {
      public Snapshot() {
        super(UnreadableSerializer::new);
      }
    }
  }
}
