/**
 * The consumer's side of the gateway's telemetry file: the JNI boundary and what is built on it.
 */
@NullMarked
package io.dyetrace.gateway.telemetry;

import org.jspecify.annotations.NullMarked;
