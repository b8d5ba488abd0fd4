package io.dyetrace.lab.campaign;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dyetrace.lab.demo.FaultOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What became of one fault of a campaign.
 *
 * @param expected class of the verdict that should follow
 * @param seen class of the first verdict on the component, else of the first at all, else {@code
 *     none}; {@code not injected} when the lab could not break it
 * @param seconds to the right verdict, or null
 * @param resolvedSeconds from the healing to the resolution, or null
 * @param right class and component as expected, in time, and resolved
 */
public record CampaignOutcome(
    String fault,
    String target,
    String expected,
    String seen,
    @Nullable Double seconds,
    @JsonProperty("resolved_seconds") @Nullable Double resolvedSeconds,
    boolean right) {
  static final String NONE = "none";
  static final String NOT_INJECTED = "not injected";

  static CampaignOutcome of(Planned fault, FaultOutcome outcome, String seen) {
    return new CampaignOutcome(
        outcome.fault(),
        outcome.target(),
        fault.kind().expected().name(),
        seen,
        outcome.seconds(),
        outcome.resolvedSeconds(),
        outcome.right());
  }

  static CampaignOutcome notInjected(Planned fault) {
    return new CampaignOutcome(
        fault.kind().label(),
        fault.target(),
        fault.kind().expected().name(),
        NOT_INJECTED,
        null,
        null,
        false);
  }

  boolean injected() {
    return !seen.equals(NOT_INJECTED);
  }

  /** The right verdict came, in time or not. */
  boolean found() {
    return seconds != null;
  }
}
