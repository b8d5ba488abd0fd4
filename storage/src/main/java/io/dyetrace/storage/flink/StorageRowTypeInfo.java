package io.dyetrace.storage.flink;

import io.dyetrace.storage.row.StorageRow;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/**
 * Flink's type of a {@link StorageRow}: {@code
 * stream.flatMap(…).returns(StorageRowTypeInfo.INSTANCE)}.
 */
public final class StorageRowTypeInfo extends TypeInformation<StorageRow> {
  public static final StorageRowTypeInfo INSTANCE = new StorageRowTypeInfo();

  private static final long serialVersionUID = 1L;

  private StorageRowTypeInfo() {}

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
  public Class<StorageRow> getTypeClass() {
    return StorageRow.class;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public TypeSerializer<StorageRow> createSerializer(SerializerConfig config) {
    return StorageRowSerializer.INSTANCE;
  }

  @Override
  public String toString() {
    return "StorageRow";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StorageRowTypeInfo;
  }

  @Override
  public int hashCode() {
    return StorageRowTypeInfo.class.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof StorageRowTypeInfo;
  }
}
