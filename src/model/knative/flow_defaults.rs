//! What the webhooks of Knative set in flows, sources and sinks that do not say it.
