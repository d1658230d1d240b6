//! Plans and applies through the library, so that a test can do something in between.

use std::time::Duration;

use evctl::apply::{ApplyEvent, drive};
use evctl::live::{NatsTarget, Servers, Targets, Wanted, Writer};
use evctl::model::hashed::HashedSet;
use evctl::model::{self, Assumed, Input};
use evctl::plan::allowed::Options;
use evctl::plan::build::build;
use evctl::topology::resolve;
use evctl::world::Key;
use evctl::world::lower::lower;

use super::binary::Folder;

/// Plans `a.yaml` of project `test` on the JetStream plane, meddles, and carries the plan out.
pub(crate) fn plan_then(folder: &Folder, url: &str, meddle: impl FnOnce()) -> Vec<ApplyEvent> {
    let content = Ok(std::fs::read(folder.file("a.yaml")).unwrap());
    let loaded = model::load(vec![Input::named("a.yaml", content)], "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let nats = NatsTarget { servers: vec![url.to_owned()], ..NatsTarget::default() };
    let targets =
        Targets { cluster: None, nats: Some(nats), timeout: Duration::from_secs(5), cache: None };
    let wanted = Wanted {
        streams: HashedSet::from_iter([Key::Stream {
            site: "".into(),
            name: "KN_DEFAULT__A".into(),
        }]),
        project: "test".to_owned(),
        ..Wanted::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut servers = Servers::connect(&targets).await.unwrap();
        let live = servers.observe(&wanted).await.unwrap();
        let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
        let plan = build(&desired, &live, "test", &Options::default());
        assert_eq!(plan.summary().writes(), 1);
        meddle();
        let writer = Writer::new(&servers, &desired.vault, &live.salt, &plan);
        drive(&plan, &writer, 1, std::future::pending(), |_| ()).await
    })
}
