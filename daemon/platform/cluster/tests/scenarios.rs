//! Kubernetes YAML in, the printed plan out: one folder per rule, named after it.
//!
//! `scenarios/<rule>/objects.yaml` is what a user applies, `plan.txt` what `lanlord plan` answers. After a wanted change
//! `UPDATE_EXPECT=1 cargo test -p cluster --test scenarios` rewrites the answers; read the difference before committing.

use std::{collections::BTreeSet, fs, path::PathBuf};

use cluster::{Settings, manifests};
use ipam::Holdings;
use plan::{AddressSource, Options};

/// Makes a test of each folder, and one that finds folders without a test.
macro_rules! scenarios {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                check(&folder_name(stringify!($name)));
            }
        )*

        #[test]
        fn every_scenario_folder_is_checked() {
            let checked = BTreeSet::from([$(folder_name(stringify!($name)),)*]);

            assert_eq!(folders(), checked);
        }
    };
}

scenarios! {
    a_full_pool_refuses_the_last_service,
    a_held_address_is_kept_when_newcomers_ask,
    a_host_that_is_no_name_is_refused_alone,
    a_name_claimed_twice_belongs_to_the_first_object,
    a_node_address_in_the_status_of_an_ingress_gives_way_to_the_vip,
    a_pool_pinned_to_a_namespace_serves_it_first,
    a_pool_without_auto_assign_serves_on_request_only,
    a_port_that_is_taken_on_a_shared_address_is_refused,
    a_preferred_node_owns_the_vip_and_a_cordoned_one_comes_last,
    a_service_of_policy_local_is_announced_where_its_pods_run,
    a_service_without_a_serving_endpoint_is_not_announced,
    a_vip_moves_to_the_next_node_when_its_owner_is_not_ready,
    addresses_that_end_in_0_or_255_are_passed_over_where_the_pool_says_so,
    an_address_asked_for_goes_to_nobody_else,
    an_address_in_no_pool_is_refused,
    an_address_that_left_its_pool_is_replaced_with_a_warning,
    an_advertisement_chooses_pools_nodes_and_interfaces,
    an_annotation_on_the_service_settles_which_controller_is_meant,
    an_ingress_points_at_the_controller_of_its_class,
    an_ingress_without_class_is_refused_between_two_controllers,
    an_object_that_cannot_be_used_is_refused_alone,
    annotated_services_get_the_names_they_ask_for,
    asking_for_an_address_in_two_places_is_refused,
    dual_stack_services_get_an_address_of_each_family,
    nodes_that_may_not_announce_are_named_in_the_refusal,
    of_overlapping_pools_the_later_by_name_is_refused,
    required_dual_stack_is_refused_where_no_pool_has_both,
    services_get_the_first_free_addresses_by_name,
    services_of_another_load_balancer_class_are_left_alone,
    services_share_an_address_on_different_ports,
    the_address_of_a_node_is_never_given_out,
    the_new_annotation_prefix_wins_over_the_old,
    traefik_is_found_by_its_name_where_nothing_is_labelled,
    without_an_advertisement_addresses_are_given_and_not_announced,
    www_example_com_points_at_the_vip_of_traefik,
}

/// Plans the folder's objects as the lease holder of a new cluster would, and compares with what is written down.
fn check(folder: &str) {
    let folder = root().join(folder);
    let view = manifests::load(&folder, &Settings::default()).expect("a readable folder");
    let none = Holdings::new();

    let plan = plan::plan(
        &view.snapshot,
        AddressSource::Allocate(&none),
        &Options::default(),
    );

    let text = plan.to_string();
    assert_eq!(view.problems, [], "{}", folder.display());
    let expected = folder.join("plan.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&expected, &text).expect("write plan.txt");
    }
    let written = fs::read_to_string(&expected).expect("plan.txt; UPDATE_EXPECT=1 makes it");
    assert_eq!(text, written, "{}", expected.display());

    let held = plan.holdings();
    let again = plan::plan(
        &view.snapshot,
        AddressSource::Allocate(&held),
        &Options::default(),
    );
    assert_eq!(again, plan, "planning twice changes nothing");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn folders() -> BTreeSet<String> {
    fs::read_dir(root())
        .expect("the scenarios")
        .map(|entry| {
            entry
                .expect("a folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn folder_name(test: &str) -> String {
    test.replace('_', "-")
}
