package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.row.StorageRow;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class StorageRowSerializerTest {
  private final StorageRowSerializer serializer = StorageRowSerializer.INSTANCE;

  @Test
  void shouldReadBackEveryKindOfRow() throws IOException {
    for (StorageRow row : TestRows.oneOfEach()) {
      DataOutputSerializer out = new DataOutputSerializer(64);
      serializer.serialize(row, out);
      DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
      assertThat(serializer.deserialize(in)).isEqualTo(row);
      assertThat(in.available()).isZero();
    }
  }

  @Test
  void shouldRefuseAnUnknownKind() {
    DataInputDeserializer in = new DataInputDeserializer(new byte[] {99});
    assertThatThrownBy(() -> serializer.deserialize(in)).hasMessageContaining("unknown kind 99");
  }
}
