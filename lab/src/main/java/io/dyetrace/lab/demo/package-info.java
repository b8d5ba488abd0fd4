/** The demonstration and the verdicts it waits for. */
@NullMarked
package io.dyetrace.lab.demo;

import org.jspecify.annotations.NullMarked;
