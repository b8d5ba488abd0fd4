/** The commands of the storage module. */
@NullMarked
package io.dyetrace.storage;

import org.jspecify.annotations.NullMarked;
