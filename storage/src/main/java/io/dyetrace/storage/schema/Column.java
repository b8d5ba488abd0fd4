package io.dyetrace.storage.schema;

import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.wire.RowBinary;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A column as rows are written into it.
 *
 * @param name in the table
 * @param wireType what RowBinary carries: for an enumeration its integer
 * @param enumeration the name of the enumeration in {@link Enumerations}, or null
 * @param write writes a row's value
 */
record Column<R extends StorageRow>(
    String name, String wireType, @Nullable String enumeration, BiConsumer<R, RowBinary> write) {

  /** The column in an expression that compares it with the wire's value. */
  String asWireType() {
    return enumeration == null ? name : "CAST(" + name + " AS " + wireType + ")";
  }
}
