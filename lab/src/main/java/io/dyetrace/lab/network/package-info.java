/** Namespaces, links and routes. */
@NullMarked
package io.dyetrace.lab.network;

import org.jspecify.annotations.NullMarked;
