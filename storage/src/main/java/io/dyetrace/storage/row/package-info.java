/** Rows as the tables hold them, made from the records of the Kafka topics. */
@NullMarked
package io.dyetrace.storage.row;

import org.jspecify.annotations.NullMarked;
