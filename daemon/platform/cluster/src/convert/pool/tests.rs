use crate::testing::{ip, refused, view};

fn pool(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {{name: {name}, namespace: metallb-system}}\nspec:\n{spec}\n"
    )
}

#[test]
fn pools_have_metallbs_defaults_and_scope() {
    let view = view(
        &(pool("plain", "  addresses: [10.10.10.7/24, '192.0.2.10 - 192.0.2.20']")
            + &pool(
                "pinned",
                "  addresses: [198.51.100.0/24]\n  autoAssign: false\n  avoidBuggyIPs: true
  serviceAllocation:
    priority: 5
    namespaces: [web]
    serviceSelectors: [{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}]",
            )),
    );

    assert_eq!(refused(&view), [""; 0]);
    let plain = &view.snapshot.pools["plain"];
    assert!(plain.auto_assign && !plain.avoid_buggy_ips && plain.scope.is_none());
    assert_eq!(plain.ranges[0].first(), ip("10.10.10.0"));
    assert_eq!(plain.ranges[1].to_string(), "192.0.2.10-192.0.2.20");
    let pinned = &view.snapshot.pools["pinned"];
    assert!(!pinned.auto_assign && pinned.avoid_buggy_ips);
    let scope = pinned.scope.as_ref().unwrap();
    assert_eq!(scope.priority, 5);
    assert_eq!(scope.service_selectors[0].requirements.len(), 2);
}

#[test]
fn each_wrong_pool_is_refused_alone_with_what_would_be_right() {
    let text = pool("bare", "  addresses:\n  - 192.0.2.1")
        + &pool("none", "  addresses: []")
        + &pool("mixed", "  addresses: ['::5-1.2.3.4']")
        + &pool("inner", "  addresses: [192.0.2.0/24, 192.0.2.128/25]")
        + &pool("typo", "  addresses: 192.0.2.0/24")
        + &pool(
            "twice",
            "  addresses: [203.0.113.0/24]\n  serviceAllocation: {namespaces: [a, a]}",
        )
        + &pool("right", "  addresses: [10.10.10.0/24]");

    let view = view(&text);

    assert_eq!(view.snapshot.pools.keys().collect::<Vec<_>>(), ["right"]);
    let refused = refused(&view);
    let expect = |object: &str, text: &str| {
        assert!(
            refused.iter().any(
                |line| line.starts_with(&format!("IPAddressPool {object}: "))
                    && line.contains(text)
            ),
            "{object}: {text} in {refused:#?}"
        );
    };
    assert_eq!(refused.len(), 6);
    expect(
        "bare",
        "objects.yaml:7: spec.addresses[0]: `192.0.2.1` is a bare address; for one address write 192.0.2.1/32",
    );
    expect("none", "spec.addresses: is empty");
    expect("mixed", "mixes IPv4 and IPv6");
    expect(
        "inner",
        "`192.0.2.128/25` overlaps `192.0.2.0/24` of the same pool",
    );
    expect("typo", "spec.addresses: invalid type: string");
    expect(
        "twice",
        "spec.serviceAllocation.namespaces[1]: is there twice",
    );
}

#[test]
fn a_pool_in_another_namespace_is_refused_with_the_right_one() {
    let view =
        view(&pool("first", "  addresses: [10.10.10.0/24]").replace("metallb-system", "default"));

    assert_eq!(
        refused(&view),
        [
            "IPAddressPool first: InvalidObject: objects.yaml:4: metadata.namespace: \
          `default` is not read; create it in `metallb-system`"
        ]
    );
}

#[test]
fn advertisements_are_read_and_a_wrong_selector_is_refused() {
    let l2 = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {{name: {name}, namespace: metallb-system}}\n{spec}\n"
        )
    };

    let view = view(
        &(l2("all", "")
            + &l2(
                "some",
                "spec:\n  ipAddressPools: [first]\n  interfaces: [eth1]\n  preferredNodeSelectors: [{weight: 10, preference: {matchLabels: {zone: a}}}]",
            )
            + &l2(
                "weight",
                "spec: {preferredNodeSelectors: [{weight: 101, preference: {}}]}",
            )
            + &l2(
                "operator",
                "spec: {nodeSelectors: [{matchExpressions: [{key: a, operator: Is}]}]}",
            )),
    );

    let ads = &view.snapshot.l2_advertisements;
    assert_eq!(ads.keys().collect::<Vec<_>>(), ["all", "some"]);
    assert!(ads["some"].interfaces.contains("eth1") && ads["some"].pools.contains("first"));
    assert_eq!(ads["some"].preferred_nodes[0].weight, 10);
    let refused = refused(&view);
    assert!(
        refused[0].contains("`Is` is none of In, NotIn, Exists, DoesNotExist"),
        "{refused:?}"
    );
    assert!(
        refused[1].contains("101 is not within 1 to 100"),
        "{refused:?}"
    );
}
