/**
 * ClickHouse's own engine as a library (chDB), behind ClickHouse's HTTP interface, in a process of
 * its own.
 */
@NullMarked
package io.dyetrace.storage.embedded;

import org.jspecify.annotations.NullMarked;
