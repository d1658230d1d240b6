//! Mirrors and sources of streams that are nowhere. The server takes them and waits. Only said where every
//! stream of the account is known.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::diag::Code;
use crate::jetstream::Config;
use crate::world::lower::Desired;
use crate::world::{Key, World};

use super::Trouble;
use super::account::{complete, origins};

/// Every origin of a desired stream that is neither live nor declared.
pub(super) fn missing(desired: &Desired, live: &World) -> Vec<Trouble> {
    let known = OnceCell::new();
    let mut troubles = Vec::new();
    for (key, config) in desired.world.configs() {
        let (Key::Stream { site, .. }, Some(config)) = (key, config.as_object()) else {
            continue;
        };
        let names: BTreeSet<&str> = origins(config).filter(|name| !name.is_empty()).collect();
        if names.is_empty() || !known.get_or_init(|| complete(live)).contains(site.as_str()) {
            continue;
        }
        let same = live.accounts.get(site.as_str()).into_iter().flat_map(|account| &account.same);
        let sites: Vec<&str> = same.map(String::as_str).chain([site.as_str()]).collect();
        let is_there = |name: &str, site: &str| {
            let origin = Key::Stream { site: site.into(), name: name.into() };
            live.objects.contains_key(&origin)
                || live.others.contains_key(&origin)
                || desired.world.objects.contains_key(&origin)
        };
        let nowhere =
            names.into_iter().filter(|name| !sites.iter().any(|site| is_there(name, site)));
        troubles.extend(nowhere.map(|name| trouble(key, config, name)));
    }
    troubles
}

fn trouble(key: &Key, config: &Config, name: &str) -> Trouble {
    Trouble {
        key: key.clone(),
        code: Code::OriginMissing,
        err_code: None,
        text: format!("it copies from stream {name}, which is neither in the account nor declared"),
        detail: String::new(),
        help: "correct the name, or make that stream; until then nothing is copied",
        field: if config.contains_key("mirror") { "mirror" } else { "sources" },
        related: Vec::new(),
    }
}
