package io.dyetrace.analytics.sim;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.List;
import java.util.Map;

/** Moves a simulation's records to another time. */
public final class Shifted {
  private static final long DAY_NS = 86_400 * Simulation.SECOND;
  private static final long MS = Simulation.MS;

  private Shifted() {}

  /**
   * The same message with every time of the simulation in it moved, at any depth; the boot ids of
   * probers are such times in milliseconds.
   */
  public static Message by(Message message, long ns) {
    Message.Builder builder = message.toBuilder();
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.getJavaType() == JavaType.LONG && !field.isRepeated()) {
        builder.setField(field, moved((long) entry.getValue(), ns));
      } else if (field.getJavaType() == JavaType.MESSAGE && field.isRepeated()) {
        List<?> all = (List<?>) entry.getValue();
        for (int i = 0; i < all.size(); i++) {
          builder.setRepeatedField(field, i, by((Message) all.get(i), ns));
        }
      } else if (field.getJavaType() == JavaType.MESSAGE) {
        builder.setField(field, by((Message) entry.getValue(), ns));
      }
    }
    return builder.build();
  }

  private static long moved(long value, long ns) {
    if (Math.abs(value - Simulation.EPOCH_NS) < DAY_NS) {
      return value + ns;
    }
    return Math.abs(value - Simulation.EPOCH_NS / MS) < DAY_NS / MS ? value + ns / MS : value;
  }
}
