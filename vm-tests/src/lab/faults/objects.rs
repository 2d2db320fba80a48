//! Bad objects: half-written, emptied, wrong, deleted.

use super::{no_problem_is_listed, page_comes_back, page_is_served, problem_is_listed};
use crate::lab::{
    Lab,
    failure::expected,
    probe,
    step::Outcome,
    www::{self, ROUTER, SOON, VIP},
};

/// Every node watches the same directory; this one is asked what it thinks of it.
const ASKED: &str = "talos-3";

/// An editor or a copy that was cut short.
pub(super) fn half_written_file_withdraws_nothing(lab: &mut Lab) -> Outcome {
    let file = "traefik.yaml";
    let whole = lab.manifests.read(file)?;
    let before = www::owner(lab, SOON)?;
    let half = format!("{}\n  broken: [", &whole[..whole.len() / 2]);
    for (content, words) in [(half.as_str(), [file, ""]), ("", [file, "no object"])] {
        // In place, as an editor does that is no careful writer.
        std::fs::write(lab.manifests.file(file), content).map_err(anyhow::Error::from)?;
        problem_is_listed(lab, ASKED, &words)?;
        page_is_served(lab, "while the Service's file is half-written or empty")?;
    }
    let after = www::owner(lab, SOON)?;
    lab.manifests.write(file, &whole)?;
    no_problem_is_listed(lab, ASKED)?;
    if before != after {
        return Err(expected(&format!("{VIP} to stay at {before}"), after));
    }
    Ok(format!(
        "a half-written and an emptied file withdraw nothing: {VIP} stays at {after}"
    ))
}

/// A typing error in one object.
pub(super) fn bad_object_is_refused_alone(lab: &mut Lab) -> Outcome {
    let file = "bad.yaml";
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: typo\n  namespace: default\n  annotations:\n    \
                metallb.universe.tf/loadBalancerIPs: 10.10.10.300\nspec:\n  type: LoadBalancer\n  ports:\n    - port: 80\n";
    lab.manifests.write(file, text)?;
    let problem = problem_is_listed(lab, ASKED, &["default/typo", "10.10.10.300"])?;
    page_is_served(lab, "beside a bad Service")?;
    std::fs::remove_file(lab.manifests.file(file)).map_err(anyhow::Error::from)?;
    no_problem_is_listed(lab, ASKED)?;
    Ok(format!("a bad Service is refused alone: {problem}"))
}

/// Only unlink deletes.
pub(super) fn deleted_file_withdraws(lab: &mut Lab) -> Outcome {
    let file = "traefik.yaml";
    let whole = lab.manifests.read(file)?;
    std::fs::remove_file(lab.manifests.file(file)).map_err(anyhow::Error::from)?;
    let client = lab.machine("talos-client")?;
    lab.eventually(
        SOON,
        "nobody to answer for a VIP whose Service is deleted",
        "talos-2-lanlord",
        || match probe::owner(client, &VIP.to_string()) {
            Ok(owner) => Err(format!("{owner} answers")),
            Err(_) => Ok(()),
        },
    )?;
    lab.eventually(
        SOON,
        "the name of a deleted Service to be gone",
        "talos-1-lanlord",
        || match probe::resolve(client, ROUTER, "www.example.com") {
            Ok(found) => Err(found.join(", ")),
            Err(_) => Ok(()),
        },
    )?;
    lab.manifests.write(file, &whole)?;
    let owner = www::owner(lab, SOON)?;
    page_comes_back(lab, "after the Service came back")?;
    Ok(format!(
        "a deleted Service takes VIP and name along; back again, it is at {owner}"
    ))
}
