/** The command line. */
@NullMarked
package io.dyetrace.lab.command;

import org.jspecify.annotations.NullMarked;
