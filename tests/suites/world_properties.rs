//! Properties of worlds and plans, over random topologies and random live worlds: equal worlds
//! differ in nothing; plan, apply, plan is empty; killed after any prefix, planning again converges;
//! every plan is sound.

use std::collections::BTreeSet;

use evctl::diag::{Code, Severity};
use evctl::model::{self, Assumed, Input, ObjectKey};
use evctl::plan::allowed::Options;
use evctl::plan::build::build;
use evctl::plan::{Action, Plan, check};
use evctl::topology::resolve;
use evctl::world::lower::{Ahead, Desired, lower, lower_with};
use evctl::world::{Account, Cluster, World, saved};
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::plain;
use super::shape_properties::cases;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("world_properties::plan_apply_plan_is_empty", plan_apply_plan_is_empty),
        plain("world_properties::any_prefix_converges", any_prefix_converges),
        plain("world_properties::a_change_of_mind_converges", a_change_of_mind_converges),
        plain("world_properties::saved_worlds_plan_the_same", saved_worlds_plan_the_same),
        plain(
            "world_properties::what_is_lowered_ahead_is_the_same",
            what_is_lowered_ahead_is_the_same,
        ),
    ]
}

/// A topology to be: channels, and subscriptions between them.
#[derive(Debug, Clone)]
struct Draft {
    channels: Vec<(u8, Option<u8>)>,
    subscriptions: Vec<(usize, u8, Option<u8>, bool)>,
    planes: u8,
}

fn drafts() -> impl Strategy<Value = Draft> {
    let channel = (0..4u8, prop::option::of(1..9u8));
    let subscription = (0..6usize, 0..6u8, prop::option::of(0..4u8), any::<bool>());
    (
        proptest::collection::vec(channel, 1..5),
        proptest::collection::vec(subscription, 0..6),
        0..3u8,
    )
        .prop_map(|(channels, subscriptions, planes)| Draft {
            channels,
            subscriptions,
            planes,
        })
}

impl Draft {
    fn yaml(&self) -> String {
        let mut out = "apiVersion: v1\nkind: Service\nmetadata: {name: sink}\n".to_owned();
        for (number, (form, age)) in self.channels.iter().enumerate() {
            let age = age.map(|hours| format!("maxAge: {hours}h")).unwrap_or_default();
            let source = if number > 0 {
                format!(", sources: [{{name: KN_DEFAULT__C{}}}]", number - 1)
            } else {
                String::new()
            };
            let stream = match form {
                0 => "{}".to_owned(),
                1 => format!("{{stream: {{config: {{{age}}}}}}}"),
                2 => format!(
                    "{{stream: {{config: {{maxMsgs: 5{source}}}}}, delivery: {{retry: 2}}}}"
                ),
                _ => "{consumerConfigTemplate: {ackWait: 5s, consumerType: Pull}}".to_owned(),
            };
            out += &format!(
                "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
                 metadata: {{name: c{number}}}\nspec: {stream}\n"
            );
        }
        for (number, (from, to, retry, reply)) in self.subscriptions.iter().enumerate() {
            out += &self.subscription(number, *from, *to, *retry, *reply);
        }
        out
    }

    fn subscription(
        &self,
        number: usize,
        from: usize,
        to: u8,
        retry: Option<u8>,
        reply: bool,
    ) -> String {
        let channel = |number: usize| {
            format!(
                "{{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: c{}}}",
                number % self.channels.len()
            )
        };
        let subscriber = match to {
            0..3 => "{ref: {apiVersion: v1, kind: Service, name: sink}}".to_owned(),
            3 => "{uri: 'http://elsewhere.example'}".to_owned(),
            to => format!("{{ref: {}}}", channel(to.into())),
        };
        let delivery =
            retry.map(|retry| format!("  delivery: {{retry: {retry}}}\n")).unwrap_or_default();
        let reply = if reply {
            format!("  reply: {{ref: {}}}\n", channel(from + 1))
        } else {
            String::new()
        };
        format!(
            "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s{number}}}\n\
             spec:\n  channel: {}\n  subscriber: {subscriber}\n{reply}{delivery}",
            channel(from)
        )
    }

    fn empty(&self) -> World {
        World {
            cluster: (self.planes != 1).then(Cluster::default),
            accounts: (self.planes != 2)
                .then(|| (String::new(), Account::default()))
                .into_iter()
                .collect(),
            salt: "salt".to_owned(),
            ..World::default()
        }
    }

    fn desired(&self, live: &World) -> Desired {
        let input = Input::named("draft.yaml", Ok(self.yaml().into_bytes()));
        let loaded = model::load(vec![input], "default", &Assumed::default());
        let resolved = resolve(&loaded.manifests, &Assumed::default());
        let findings = loaded.findings.iter().chain(&resolved.findings);
        // A consumer that is pulled from is planned as any other, whatever the dispatcher does with it.
        let errors: Vec<_> = findings
            .filter(|f| f.severity == Severity::Error && f.code != Code::UnworkableSetting)
            .map(|f| &f.message)
            .collect();
        assert!(errors.is_empty() && resolved.dangling.is_empty(), "{errors:?}\n{}", self.yaml());
        let desired = lower(&resolved.topology, &loaded.manifests, "test", live);
        let ahead = Ahead::of(&resolved.topology, &loaded.manifests, "test", &live.salt);
        let same = lower_with(Some(ahead), &resolved.topology, &loaded.manifests, "test", live);
        assert_eq!(same.world, desired.world);
        assert_eq!((same.origins, same.needs), (desired.origins.clone(), desired.needs.clone()));
        desired
    }

    fn plan(&self, live: &World) -> Plan {
        let plan = build(&self.desired(live), live, "test", &Options::default());
        assert_eq!(check::faults(&plan), Vec::<String>::new());
        plan
    }
}

fn uid(key: &ObjectKey) -> String {
    format!(
        "{:08x}-0000-4000-8000-000000000000",
        key.name.bytes().fold(7u32, |sum, b| sum * 31 + u32::from(b))
    )
}

fn writes(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .filter(|change| change.action != Action::None)
        .map(|change| change.key.to_string())
        .collect()
}

fn run(property: impl Fn(Draft) -> Result<(), TestCaseError>) {
    run_with(drafts(), property);
}

fn run_with<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: cases(200), failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, property).unwrap_or_else(|error| panic!("{error}"));
}

fn plan_apply_plan_is_empty() {
    run(|draft| {
        let live = draft.empty();
        let plan = draft.plan(&live);
        let expected = draft.desired(&live).world.objects.len();
        prop_assert_eq!(plan.summary().create, expected);
        let live = live.after(&plan.written(), uid);
        let again = draft.plan(&live);
        prop_assert_eq!(writes(&again), Vec::<String>::new(), "{}", draft.yaml());
        let desired = draft.desired(&live);
        let same = build(&desired, &desired.world, "test", &Options::default());
        prop_assert_eq!(writes(&same), Vec::<String>::new());
        Ok(())
    });
}

fn any_prefix_converges() {
    run(|draft| {
        let live = draft.empty();
        let written = draft.plan(&live).written();
        let goal: BTreeSet<_> = live.after(&written, uid).objects.into_keys().collect();
        for killed_after in 0..written.len() {
            let live = live.after(&written[..killed_after], uid);
            let rest = draft.plan(&live);
            prop_assert_eq!(rest.summary().create, written.len() - killed_after);
            let live = live.after(&rest.written(), uid);
            prop_assert_eq!(writes(&draft.plan(&live)), Vec::<String>::new());
            prop_assert_eq!(&live.objects.into_keys().collect::<BTreeSet<_>>(), &goal);
        }
        Ok(())
    });
}

/// From one topology to another: what the server would refuse stays refused, all else converges.
fn a_change_of_mind_converges() {
    run_with((drafts(), drafts()), |(first, second)| {
        let second = Draft { planes: first.planes, ..second };
        let live = first.empty();
        let live = live.after(&first.plan(&live).written(), uid);
        let plan = second.plan(&live);
        let refused = |plan: &Plan| plan.summary().refused + plan.summary().held;
        let live = live.after(&plan.written(), uid);
        let again = second.plan(&live);
        prop_assert_eq!(again.summary().writes(), 0, "{:?}", writes(&again));
        prop_assert_eq!(refused(&again), refused(&plan));
        Ok(())
    });
}

/// Whatever kinds the cluster turns out not to serve, or to keep outside of namespaces.
fn what_is_lowered_ahead_is_the_same() {
    let kinds = || proptest::collection::btree_set(0..3usize, 0..3);
    run_with((drafts(), kinds(), kinds()), |(draft, unserved, scoped)| {
        const KINDS: [(&str, &str); 3] = [
            ("", "Service"),
            ("messaging.knative.dev", "NatsJetStreamChannel"),
            ("messaging.knative.dev", "Subscription"),
        ];
        let named = |numbers: BTreeSet<usize>| {
            numbers.into_iter().map(|n| (KINDS[n].0.into(), KINDS[n].1.into())).collect()
        };
        let mut live = draft.empty();
        if let Some(cluster) = &mut live.cluster {
            (cluster.unserved, cluster.cluster_scoped) = (named(unserved), named(scoped));
        }
        draft.desired(&live);
        Ok(())
    });
}

fn saved_worlds_plan_the_same() {
    run(|draft| {
        let live = draft.empty();
        let written = draft.plan(&live).written();
        let live = live.after(&written[..written.len() / 2], uid);
        let text = saved::to_json(&live).map_err(TestCaseError::fail)?;
        let read = saved::from_json(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&read, &live);
        prop_assert_eq!(draft.plan(&read), draft.plan(&live));
        Ok(())
    });
}
