//! What each family is lowered into: YAML in, routes out as lines.

use crate::model::{self, Assumed, Input};

use super::{NodeIndex, Role, Topology, resolve};

/// The routes of a topology, one a line: who says so, from where to where, and what else there is.
fn routes(yaml: &str) -> (Topology, Vec<String>) {
    let input = Input::named("t.yaml", Ok(yaml.as_bytes().to_vec()));
    let assumed = Assumed::default();
    let loaded = model::load(vec![input], "default", &assumed);
    assert_eq!(loaded.findings, []);
    let resolved = resolve(&loaded.manifests, &assumed);
    assert_eq!(resolved.findings, []);
    assert_eq!(resolved.dangling, []);
    let topology = resolved.topology;
    let name = |at: NodeIndex| topology.graph[at].name.to_string().replace("/default/", "/");
    let lines = topology.routes.iter().map(|route| {
        let mut line =
            format!("{}: {} -> {}", route.name().name, name(route.from), name(route.call));
        for (what, to) in [("reply", route.reply), ("dead", route.dead_letter)] {
            line += &to.map_or(String::new(), |to| format!(", {what} {}", name(to)));
        }
        let retry = route.delivery.as_ref().and_then(|delivery| delivery.retry);
        line + &retry.map_or(String::new(), |retry| format!(", retry {retry}"))
    });
    let lines = lines.collect();
    (topology, lines)
}

#[track_caller]
fn check(yaml: &str, expected: &[&str]) {
    assert_eq!(routes(yaml).1, expected);
}

#[test]
fn a_sequence_is_a_chain_of_channels() {
    check(
        "
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: {name: s}
spec:
  steps:
    - uri: http://one.example
      delivery: {retry: 3, backoffPolicy: linear, backoffDelay: PT1S, deadLetterSink: {uri: http://lost.example}}
    - uri: http://two.example
  reply: {uri: http://reply.example}
",
        &[
            "s-kn-sequence-0: inmemorychannel.messaging.knative.dev/s-kn-sequence-0 -> http://one.example, \
             reply inmemorychannel.messaging.knative.dev/s-kn-sequence-1, dead http://lost.example, retry 3",
            "s-kn-sequence-1: inmemorychannel.messaging.knative.dev/s-kn-sequence-1 -> http://two.example, \
             reply http://reply.example",
        ],
    );
}

#[test]
fn a_sequence_stands_for_its_first_channel() {
    let yaml = "
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: p}
spec:
  sink: {ref: {apiVersion: flows.knative.dev/v1, kind: Sequence, name: s}}
---
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: {name: s}
spec:
  channelTemplate:
    apiVersion: messaging.knative.dev/v1alpha1
    kind: NatsJetStreamChannel
    spec: {delivery: {retry: 7, backoffPolicy: linear, backoffDelay: PT1S}}
  steps: [{uri: http://one.example}]
  reply: {ref: {apiVersion: flows.knative.dev/v1, kind: Sequence, name: s}}
";
    let channel = "natsjetstreamchannel.messaging.knative.dev/s-kn-sequence-0";
    check(
        yaml,
        &[
            &format!("p: pingsource.sources.knative.dev/p -> {channel}"),
            &format!("s-kn-sequence-0: {channel} -> http://one.example, reply {channel}, retry 7"),
        ],
    );
    let (topology, _) = routes(yaml);
    let (sequence, first) = topology.aliases.iter().next().expect("an alias");
    assert_eq!(topology.graph[*first].generated_by.as_ref(), Some(sequence));
    assert!(topology.node(&super::NodeName::Object(sequence.clone())) == Some(*first));
}

#[test]
fn a_parallel_is_filters_and_branches() {
    check(
        "
apiVersion: flows.knative.dev/v1
kind: Parallel
metadata: {name: p}
spec:
  channelTemplate: {apiVersion: m/v1, kind: C, spec: {delivery: {retry: 1}}}
  branches:
    - filter: {uri: http://filter.example}
      subscriber: {uri: http://one.example}
    - subscriber: {uri: http://two.example}
      reply: {uri: http://own.example}
      delivery: {retry: 9, backoffPolicy: linear, backoffDelay: PT1S, deadLetterSink: {uri: http://lost.example}}
  reply: {uri: http://reply.example}
",
        &[
            "p-kn-parallel-filter-0: c.m/p-kn-parallel -> http://filter.example, reply c.m/p-kn-parallel-0, retry 1",
            "p-kn-parallel-0: c.m/p-kn-parallel-0 -> http://one.example, reply http://reply.example, retry 1",
            "p-kn-parallel-filter-1: c.m/p-kn-parallel -> c.m/p-kn-parallel-1, retry 1",
            "p-kn-parallel-1: c.m/p-kn-parallel-1 -> http://two.example, reply http://own.example, \
             dead http://lost.example, retry 9",
        ],
    );
}

#[test]
fn a_templates_dead_letter_sink_stands_in() {
    check(
        "
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: {name: s}
spec:
  channelTemplate:
    apiVersion: m/v1
    kind: C
    spec: {delivery: {retry: 1, deadLetterSink: {uri: http://lost.example}}}
  steps:
    - uri: http://one.example
      delivery: {retry: 5, backoffPolicy: linear, backoffDelay: PT1S}
    - uri: http://two.example
      delivery: {deadLetterSink: {uri: http://own.example}}
",
        &[
            "s-kn-sequence-0: c.m/s-kn-sequence-0 -> http://one.example, reply c.m/s-kn-sequence-1, \
             dead http://lost.example, retry 5",
            "s-kn-sequence-1: c.m/s-kn-sequence-1 -> http://two.example, dead http://own.example",
        ],
    );
}

#[test]
fn subjects_of_a_sink_binding_send() {
    let yaml = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, labels: {app: a}}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: two}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, labels: {app: b}}
---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: {name: by-selector}
spec:
  subject: {apiVersion: apps/v1, kind: Deployment, selector: {matchLabels: {app: a}}}
  sink: {uri: http://sink.example}
---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: {name: by-name}
spec:
  subject: {apiVersion: serving.knative.dev/v1, kind: Service, name: two}
  sink: {uri: http://sink.example}
---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: {name: nobody}
spec:
  subject: {apiVersion: batch/v1, kind: Job, selector: {}}
  sink: {uri: http://sink.example}
";
    check(
        yaml,
        &[
            "by-selector: deployment.apps/one -> http://sink.example",
            "by-name: service.serving.knative.dev/two -> http://sink.example",
            "nobody: sinkbinding.sources.knative.dev/nobody -> http://sink.example",
        ],
    );
    let (topology, _) = routes(yaml);
    let role = |at: usize| &topology.graph[topology.routes[at].from].role;
    assert!(matches!(role(0), Role::Producer), "a Deployment takes no events");
    assert!(matches!(role(1), Role::Sink), "a Knative Service takes events too");
}

#[test]
fn any_kind_with_a_sink_sends() {
    check(
        "
apiVersion: v1
kind: Service
metadata: {name: d}
---
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {name: k}
spec: {sink: {ref: {apiVersion: v1, kind: Service, name: d}, uri: /path}}
---
apiVersion: example.dev/v1
kind: Washbasin
metadata: {name: w}
spec: {sink: {uri: kitchen}}
---
apiVersion: example.dev/v1
kind: Poller
metadata: {name: p}
spec: {sink: {uri: http://sink.example}}
",
        &[
            "k: kafkasource.sources.knative.dev/k -> service/d /path",
            "p: poller.example.dev/p -> http://sink.example",
        ],
    );
}
