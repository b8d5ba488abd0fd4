/** ClickHouse's HTTP interface from the asking side. */
@NullMarked
package io.dyetrace.storage.client;

import org.jspecify.annotations.NullMarked;
