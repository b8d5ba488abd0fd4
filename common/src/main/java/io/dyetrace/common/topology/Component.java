package io.dyetrace.common.topology;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.registry.Tier;
import org.jspecify.annotations.Nullable;

/**
 * One machine, or what counts as one.
 *
 * @param tier of a gateway, of nothing else
 * @param proberId of a prober, of nothing else: 0 to 65535
 */
public record Component(
    String name, Kind kind, String cluster, @Nullable Tier tier, @Nullable Integer proberId) {
  /** What a component is. */
  public enum Kind {
    /** A gateway node. */
    @JsonProperty("gateway")
    GATEWAY,
    /** A host that sends probes. */
    @JsonProperty("prober")
    PROBER,
    /** A host that backends run on. */
    @JsonProperty("backend_host")
    BACKEND_HOST
  }

  /** Checks that the keys fit the kind. */
  public Component {
    Check.name("name", name);
    Check.required("kind", kind);
    Check.name("cluster", cluster);
    if ((tier != null) != (kind == Kind.GATEWAY)) {
      throw new ConfigException("tier: a gateway has one and nothing else does");
    }
    if ((proberId != null) != (kind == Kind.PROBER)) {
      throw new ConfigException("prober_id: a prober has one and nothing else does");
    }
    if (proberId != null) {
      Check.range("prober_id", proberId.intValue(), 0, 65_535);
    }
  }
}
