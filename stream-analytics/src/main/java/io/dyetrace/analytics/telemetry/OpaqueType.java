package io.dyetrace.analytics.telemetry;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Flink's type of a class that has a serializer of its own and no fields that Flink should see. */
public class OpaqueType<T> extends TypeInformation<T> {
  private static final long serialVersionUID = 1L;

  /** Flink's type of {@link Telemetry}. */
  public static final OpaqueType<Telemetry> TELEMETRY =
      new OpaqueType<>(Telemetry.class, TelemetrySerializer.INSTANCE);

  private final Class<T> type;
  private final TypeSerializer<T> serializer;

  public OpaqueType(Class<T> type, TypeSerializer<T> serializer) {
    this.type = type;
    this.serializer = serializer;
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<T> getTypeClass() {
    return type;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public TypeSerializer<T> createSerializer(SerializerConfig config) {
    return serializer.duplicate();
  }

  @Override
  public String toString() {
    return type.getSimpleName();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OpaqueType<?> opaque && opaque.type.equals(type);
  }

  @Override
  public int hashCode() {
    return type.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof OpaqueType<?>;
  }
}
