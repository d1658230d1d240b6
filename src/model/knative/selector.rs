//! Label selectors (meta/v1 LabelSelector): their shape, their rules, and what they match.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::Path;
use crate::model::reading::Reading;

/// Which objects, by their labels: all that fulfil every line. An empty selector means every object.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels with exactly these values.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Further conditions on labels.
    pub match_expressions: Option<Vec<Requirement>>,
}

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// What must hold of it.
    pub operator: Operator,
    /// The values for `In` and `NotIn`.
    pub values: Option<Vec<String>>,
}

/// What must hold of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// It is there with one of the values.
    In,
    /// It is not there, or with none of the values.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl LabelSelector {
    /// The rules of `values`, which no shape can say.
    pub fn check(&self, reading: &mut Reading<'_>, at: &Path) {
        for (number, line) in self.match_expressions.iter().flatten().enumerate() {
            let named = line.values.as_ref().is_some_and(|values| !values.is_empty());
            let path = at.key("matchExpressions").index(number);
            match (line.operator, named) {
                (Operator::In | Operator::NotIn, false) => {
                    reading
                        .missing(&path.key("values"), "`In` and `NotIn` need at least one value");
                }
                (Operator::Exists | Operator::DoesNotExist, true) => {
                    let message = "`Exists` and `DoesNotExist` take no values";
                    let help = "take `values` away, or write `In` or `NotIn`";
                    reading.fault_at_key(Code::ForbiddenField, &path.key("values"), message, help);
                }
                _ => {}
            }
        }
    }

    /// Whether an object with these labels is meant.
    pub fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let labelled = |(key, value): (&String, &String)| {
            labels.get(key.as_str()).is_some_and(|found| found == value)
        };
        self.match_labels.iter().flatten().all(labelled)
            && self.match_expressions.iter().flatten().all(|line| line.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let value = labels.get(self.key.as_str());
        let listed = value.is_some_and(|value| self.values.iter().flatten().any(|v| v == value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &[(&str, &str)], expected: bool) {
        let selector: LabelSelector = serde_json::from_str(selector).expect("a selector");
        assert_eq!(selector.matches(&labels.iter().copied().collect()), expected);
    }

    #[test]
    fn selectors_match_labels() {
        check("{}", &[], true);
        check(r#"{"matchLabels": {"app": "a"}}"#, &[("app", "a"), ("b", "c")], true);
        check(r#"{"matchLabels": {"app": "a"}}"#, &[("app", "b")], false);
        let one_of = r#"{"matchExpressions": [{"key": "k", "operator": "In", "values": ["a"]}]}"#;
        check(one_of, &[("k", "a")], true);
        check(one_of, &[("k", "b")], false);
        check(one_of, &[], false);
        let none_of =
            r#"{"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["a"]}]}"#;
        check(none_of, &[("k", "a")], false);
        check(none_of, &[], true);
        check(r#"{"matchExpressions": [{"key": "k", "operator": "Exists"}]}"#, &[], false);
        check(r#"{"matchExpressions": [{"key": "k", "operator": "DoesNotExist"}]}"#, &[], true);
    }
}
