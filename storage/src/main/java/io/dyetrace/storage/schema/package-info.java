/**
 * The tables: what they are made of, how rows are written into them, and the migrations that make
 * them.
 */
@NullMarked
package io.dyetrace.storage.schema;

import org.jspecify.annotations.NullMarked;
