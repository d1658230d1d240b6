//! The rules of a delivery: which of its fields need a feature, and which do nothing alone
//! (shared/facts/knative.md §1.3, §2.1).

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::duck::DeliverySpec;

/// Checks a delivery.
pub fn check(reading: &mut Reading<'_>, at: &Path, delivery: Option<&DeliverySpec>) {
    let Some(delivery) = delivery else { return };
    let fields = [
        ("timeout", "delivery-timeout", delivery.timeout.is_some()),
        ("retryAfterMax", "delivery-retryafter", delivery.retry_after_max.is_some()),
    ];
    for (field, feature, said) in fields {
        if said {
            needs_feature(reading, &at.key(field), feature);
        }
    }
    backoff(reading, at, delivery);
}

/// Checks a delivery of a kind that passes the form of events over.
pub fn check_without_format(reading: &mut Reading<'_>, at: &Path, delivery: Option<&DeliverySpec>) {
    check(reading, at, delivery);
    if delivery.is_some_and(|delivery| delivery.format.is_some()) {
        let message = format!("`{}` has no effect here", at.key("format"));
        let help = "take it away: only Triggers heed it";
        reading.fault_at_key(Code::IgnoredField, &at.key("format"), message, help);
    }
}

/// A field that the webhook refuses while a feature is off.
pub fn needs_feature(reading: &mut Reading<'_>, field: &Path, feature: &str) {
    if reading.assumed.features.enabled(feature) {
        return;
    }
    let message = format!("`{field}` needs the feature {feature}, which is off");
    let help = format!("take it away, or set {feature}: enabled in ConfigMap config-features");
    reading.fault_at_key(Code::FeatureDisabled, field, message, help);
}

fn backoff(reading: &mut Reading<'_>, at: &Path, delivery: &DeliverySpec) {
    let retries = delivery.retry.unwrap_or_default() > 0;
    let policy = delivery.backoff_policy.is_some();
    let delay = delivery.backoff_delay.as_ref().is_some_and(|delay| delay.nanoseconds() > 0);
    if retries && !(policy && delay) {
        let missing = match (policy, delivery.backoff_delay.is_some()) {
            (true, true) => "the delay is zero",
            (true, false) => "`backoffDelay` is missing",
            (false, true) => "`backoffPolicy` is missing",
            (false, false) => "`backoffPolicy` and `backoffDelay` are missing",
        };
        let message = format!("no wait is set between retries: {missing}");
        let help = "write both, such as backoffPolicy: exponential with backoffDelay: PT0.2S";
        reading.fault_at_key(Code::IncompleteBackoff, &at.key("retry"), message, help);
    }
    let first = if policy { "backoffPolicy" } else { "backoffDelay" };
    // `retry: 0` beside both is meant: the dispatcher of the NATS channel ends where they are missing.
    let meant = delivery.retry == Some(0) && policy && delivery.backoff_delay.is_some();
    if !retries && !meant && (policy || delivery.backoff_delay.is_some()) {
        let message = format!("`{}` has no effect: nothing is retried", at.key(first));
        let help =
            "write `retry` too: a delivery that says anything takes no default from elsewhere";
        reading.fault_at_key(Code::IncompleteBackoff, &at.key(first), message, help);
    }
}

/// A kind that the webhook refuses while a feature is off.
pub fn kind_needs_feature(reading: &mut Reading<'_>, feature: &str) {
    if reading.assumed.features.enabled(feature) {
        return;
    }
    let message = format!("a new {} needs the feature {feature}, which is off", reading.key.kind);
    let help = format!("take it away, or set {feature}: enabled in ConfigMap config-features");
    reading.fault(Code::FeatureDisabled, &Path::of("kind"), message, help);
}
