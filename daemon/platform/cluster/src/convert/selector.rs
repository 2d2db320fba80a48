//! Label selectors.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use model::{Requirement, Selector};

use super::Invalid;

/// A list of selectors. MetalLB refuses a selector that is there twice, so do we.
pub(super) fn selectors(field: &str, list: &[LabelSelector]) -> Result<Vec<Selector>, Invalid> {
    let selectors = list
        .iter()
        .enumerate()
        .map(|(at, selector)| self::selector(&format!("{field}[{at}]"), selector))
        .collect::<Result<Vec<_>, _>>()?;
    no_duplicates(field, &selectors)?;
    Ok(selectors)
}

/// One selector; values are sorted, so that equal selectors compare equal.
pub(super) fn selector(field: &str, selector: &LabelSelector) -> Result<Selector, Invalid> {
    let mut requirements: Vec<Requirement> = selector
        .match_labels
        .iter()
        .flatten()
        .map(|(key, value)| Requirement::In(key.clone(), vec![value.clone()]))
        .collect();
    for (at, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let field = format!("{field}.matchExpressions[{at}]");
        let key = expression.key.clone();
        let mut values = expression.values.clone().unwrap_or_default();
        values.sort();
        no_duplicates(&format!("{field}.values"), &values)?;
        let requirement = match (expression.operator.as_str(), values.is_empty()) {
            ("In", false) => Requirement::In(key, values),
            ("NotIn", false) => Requirement::NotIn(key, values),
            ("Exists", true) => Requirement::Exists(key),
            ("DoesNotExist", true) => Requirement::DoesNotExist(key),
            ("In" | "NotIn", true) => {
                return Err(Invalid::new(
                    format!("{field}.values"),
                    format!("operator {} needs values", expression.operator),
                ));
            }
            ("Exists" | "DoesNotExist", false) => {
                return Err(Invalid::new(
                    format!("{field}.values"),
                    format!("operator {} takes no values", expression.operator),
                ));
            }
            (other, _) => {
                return Err(Invalid::new(
                    format!("{field}.operator"),
                    format!("`{other}` is none of In, NotIn, Exists, DoesNotExist"),
                ));
            }
        };
        requirements.push(requirement);
    }
    requirements.sort();
    Ok(Selector { requirements })
}

/// Refuses a list that names something twice.
pub(super) fn no_duplicates<T: PartialEq>(field: &str, list: &[T]) -> Result<(), Invalid> {
    let twice = (1..list.len()).find(|&at| list[..at].contains(&list[at]));
    match twice {
        Some(at) => Err(Invalid::new(
            format!("{field}[{at}]"),
            "is there twice; leave one out",
        )),
        None => Ok(()),
    }
}
