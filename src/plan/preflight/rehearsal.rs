//! The plan carried out on paper: each step judged by the rule book beside what is there by then.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::jetstream::change::Verdict;
use crate::jetstream::refusal::Refusal;
use crate::jetstream::{Config, consumer, stream};
use crate::plan::{Action, Change, Mode, Rule, hold};
use crate::world::lower::{Desired, derived_uid};
use crate::world::{Key, World, placeholder};

use super::account::{Paper, complete, first_site};
use super::servers::Places;
use super::{Trouble, doubt, names, words};

/// Refuses the changes that will not be carried out, and says why each.
pub(super) fn rehearse(changes: &mut [Change], desired: &Desired, live: &World) -> Vec<Trouble> {
    let bodies = filled(desired);
    let mut stage = Stage::new(live, desired, &bodies);
    let mut missing = BTreeSet::new();
    let mut troubles = Vec::new();
    for change in changes {
        let waits = change.needs.iter().any(|need| missing.contains(need));
        let said = if waits { None } else { stage.play(change) };
        match said {
            Some(trouble) => {
                *change = refused(change.clone(), &trouble);
                troubles.push(trouble);
            }
            None => change.unverified = stage.doubt(change),
        }
        if waits || hold::leaves_a_gap(change) {
            missing.insert(change.key.clone());
        }
    }
    troubles
}

fn refused(change: Change, trouble: &Trouble) -> Change {
    let rule = Rule {
        code: trouble.code.name().into(),
        err_code: trouble.err_code,
        text: trouble.text.clone(),
    };
    Change { impact: None, ..change.stopped(Action::Refused, trouble.message(), Some(rule)) }
}

/// Desired consumers whose names wait for a uid, with one that is derived: which one does not matter to
/// any rule.
fn filled(desired: &Desired) -> BTreeMap<&Key, Value> {
    let waiting = desired.world.objects.iter().filter(|(key, _)| match key {
        Key::Consumer { name, .. } => placeholder::is_open(name),
        _ => false,
    });
    let uid = |object: &crate::model::ObjectKey| Some(derived_uid(object));
    waiting.map(|(key, object)| (key, placeholder::fill(&object.body, &uid))).collect()
}

/// Every account on paper.
struct Stage<'a> {
    live: &'a World,
    desired: &'a Desired,
    bodies: &'a BTreeMap<&'a Key, Value>,
    accounts: BTreeMap<&'a str, Paper<'a>>,
}

impl<'a> Stage<'a> {
    fn new(live: &'a World, desired: &'a Desired, bodies: &'a BTreeMap<&'a Key, Value>) -> Self {
        let accounts = live.accounts.iter();
        let accounts = accounts.map(|(site, account)| (site.as_str(), Paper::new(account)));
        let mut stage = Self { live, desired, bodies, accounts: accounts.collect() };
        for (key, body) in live.configs() {
            stage.note(key, body);
        }
        for site in complete(live) {
            if let Some(paper) = stage.accounts.get_mut(site) {
                paper.complete = true;
            }
        }
        // What controllers will make of the files stands in the way of others too.
        let is_live = |key: &Key| live.objects.contains_key(key) || live.others.contains_key(key);
        for (key, body) in desired.generated.iter().filter(|(key, _)| !is_live(key)) {
            stage.note(key, body);
        }
        stage
    }

    fn note(&mut self, key: &'a Key, body: &'a Value) {
        let (Some(paper), Some(config)) = (self.account(key), body.as_object()) else { return };
        match key {
            Key::Stream { .. } => paper.note(config),
            Key::Consumer { stream, name, .. } => {
                paper.consumers(stream).insert(name, config);
            }
            Key::Object(_) => {}
        }
    }

    fn account(&mut self, key: &'a Key) -> Option<&mut Paper<'a>> {
        self.accounts.get_mut(first_site(self.live, key.site()?))
    }

    /// What is wanted of an object.
    fn wanted(&self, key: &Key) -> Option<(&'a Key, &'a Config)> {
        let (key, object) = self.desired.world.objects.get_key_value(key)?;
        Some((key, self.bodies.get(key).unwrap_or_else(|| &object.body).as_object()?))
    }

    /// Carries a change out, unless there is a reason why it cannot be.
    fn play(&mut self, change: &Change) -> Option<Trouble> {
        let write = change.write.as_ref()?;
        match write.mode {
            Mode::Delete => self.delete(&change.key),
            Mode::Put | Mode::Replace => return self.put(change, write.mode),
            Mode::Forget => return self.forget(&change.key),
        }
        None
    }

    fn put(&mut self, change: &Change, mode: Mode) -> Option<Trouble> {
        let (key, config) = self.wanted(&change.key)?;
        if change.action == Action::Adopt
            && let Some(trouble) = names::taken(key, config, self.live)
        {
            return Some(trouble);
        }
        let position = self.live.objects.get(key).and_then(|object| object.position.as_ref());
        let bound = position.is_some_and(|position| position.push_bound);
        let paper = self.account(key)?;
        match key {
            Key::Stream { .. } => stream_step(paper, key, config, mode),
            Key::Consumer { stream, name, .. } => {
                consumer_step(paper, (key, stream, name), config, mode, bound)
            }
            Key::Object(_) => None,
        }
    }

    /// Why a change is not sure to be carried out, although nothing is known against it.
    fn doubt(&self, change: &Change) -> Option<String> {
        let Some(site) = change.key.site() else { return change.unverified.clone() };
        let write = change.write.as_ref().filter(|write| write.mode.keeps())?;
        let paper = self.accounts.get(first_site(self.live, site))?;
        let live = self.live.objects.get(&change.key).filter(|_| write.mode == Mode::Put);
        let live = live.and_then(|object| object.body.as_object());
        doubt::doubt(paper, &change.key, write.body.as_object()?, live)
    }

    /// Only marks are taken off, and yet the server looks at the whole stream.
    fn forget(&mut self, key: &Key) -> Option<Trouble> {
        let (key, object) = self.live.objects.get_key_value(key)?;
        let (Key::Stream { .. }, config) = (key, object.body.as_object()?) else { return None };
        let paper = self.account(key)?;
        let beside = paper.beside(config);
        let refusal = stream::touch(config, &paper.server, &beside).into_iter().next()?;
        Some(words::of_stream(paper, key, config, Some(config), refusal))
    }

    fn delete(&mut self, key: &Key) {
        let Some((key, _)) = self.live.objects.get_key_value(key) else { return };
        let Some(paper) = self.account(key) else { return };
        match key {
            Key::Stream { name, .. } => drop(paper.delete(name)),
            Key::Consumer { stream, name, .. } => {
                paper.consumers(stream).remove(name.as_str());
            }
            Key::Object(_) => {}
        }
    }
}

fn stream_step<'a>(
    paper: &mut Paper<'a>,
    key: &'a Key,
    config: &'a Config,
    mode: Mode,
) -> Option<Trouble> {
    let Key::Stream { name, .. } = key else { return None };
    let gone = if mode == Mode::Replace { paper.delete(name) } else { None };
    let beside = paper.beside(config);
    let present = paper.streams.get(name.as_str()).copied();
    let refusal = match present {
        None => stream::check(config, &paper.server, &beside).into_iter().next(),
        Some(live) => match stream::change(live, config, &paper.server, &beside) {
            // The marks are written all the same.
            Verdict::Same => stream::touch(live, &paper.server, &beside).into_iter().next(),
            other => answer(&other),
        },
    };
    let refusal = refusal.or_else(|| Places::of(paper, config, present)?.refusal());
    match refusal {
        None => {
            paper.put(config);
            None
        }
        Some(refusal) => {
            let trouble = words::of_stream(paper, key, config, present, refusal);
            if let Some(gone) = gone {
                paper.restore(gone);
            }
            Some(trouble)
        }
    }
}

fn consumer_step<'a>(
    paper: &mut Paper<'a>,
    (key, stream, name): (&'a Key, &'a str, &'a str),
    config: &'a Config,
    mode: Mode,
    bound: bool,
) -> Option<Trouble> {
    let gone = if mode == Mode::Replace { paper.consumers(stream).remove(name) } else { None };
    let live = paper.consumers(stream).get(name).copied();
    let refusal = paper.beside_consumers(stream, bound, |server, stream, beside| match live {
        None => consumer::check(config, server, stream, beside).into_iter().next(),
        Some(live) => {
            let answer = answer(&consumer::change(live, config, server, stream, beside));
            answer.or_else(|| unchecked(consumer::check(config, server, stream, beside)))
        }
    });
    let Some(refusal) = refusal else {
        paper.consumers(stream).insert(name, config);
        return None;
    };
    let trouble = words::of_consumer(paper, key, stream, refusal);
    if let Some(gone) = gone {
        paper.consumers(stream).insert(name, gone);
    }
    Some(trouble)
}

fn answer(verdict: &Verdict) -> Option<Refusal> {
    verdict.refusal().cloned()
}

/// What a work queue refuses of a new consumer, and a server lets an update do: two consumers would
/// get the same message. The refusal is evctl's own.
fn unchecked(refusals: Vec<Refusal>) -> Option<Refusal> {
    let shared =
        refusals.into_iter().find(|refusal| matches!(refusal.err_code, Some(10099 | 10100)));
    shared.map(|refusal| Refusal { err_code: None, ..refusal })
}
