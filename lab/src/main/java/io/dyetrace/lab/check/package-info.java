/** Acceptance checks, each runnable alone against a running lab. */
@NullMarked
package io.dyetrace.lab.check;

import org.jspecify.annotations.NullMarked;
