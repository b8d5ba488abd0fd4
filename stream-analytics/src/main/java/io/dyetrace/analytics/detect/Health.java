package io.dyetrace.analytics.detect;

/** How a component with an open verdict looks over the last seconds. */
enum Health {
  /** Still bad. */
  BAD,
  /** Too little to tell. */
  UNKNOWN,
  /** Nothing bad, and enough good, over the whole time that resolving takes. */
  HEALTHY
}
