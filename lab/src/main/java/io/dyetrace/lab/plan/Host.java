package io.dyetrace.lab.plan;

/**
 * One machine of the lab: a network namespace with one data link to the router.
 *
 * @param name component name, {@code gw-2}
 * @param index 1, 2, 3 …
 * @param subnet the first three octets of its /24; the router is .1, the host .2
 * @param managementAddress on the management bridge, or empty
 */
public record Host(String name, int index, String subnet, String managementAddress) {
  public String namespace() {
    return LabPlan.NAMESPACE_PREFIX + name;
  }

  public String address() {
    return subnet + ".2";
  }

  public String routerAddress() {
    return subnet + ".1";
  }

  /** A gateway node's source address for full NAT. */
  public String localAddress() {
    return subnet + ".16";
  }

  /** The name of the management link's end in the root namespace. */
  public String managementLink() {
    return "dtm-" + name;
  }
}
