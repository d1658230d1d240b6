//! Messages that a tighter limit of a stream drops: all limits but the one per subject drop the
//! oldest first.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::duration::spoken;
use crate::world::{Object, StreamState};

use super::{Impact, count, limit, note, share, size, text};

/// A stream that gets other limits.
pub(super) struct Trim<'a> {
    pub(super) desired: &'a Value,
    pub(super) live: &'a Object,
    pub(super) state: &'a StreamState,
    pub(super) now: Option<Timestamp>,
    /// Whether the server applies a lower limit per subject at once: API level 2 and newer.
    pub(super) trims_subjects: bool,
}

impl Trim<'_> {
    /// What is dropped, limit by limit.
    pub(super) fn losses(&self) -> Vec<Impact> {
        let drops_old = text(self.desired, "discard") != "new";
        let mut losses = Vec::new();
        if drops_old {
            losses.extend(self.by_count());
            losses.extend(self.by_size());
        } else {
            losses.extend(self.full());
        }
        losses.extend(self.by_age());
        losses.extend(self.by_subject());
        losses
    }

    /// A limit that gets tighter, or that begins to count because the oldest are dropped now.
    fn lowered(&self, name: &str) -> Option<u64> {
        let to = limit(self.desired, name)?;
        let tighter = limit(&self.live.body, name).is_none_or(|from| to < from);
        let begins = text(&self.live.body, "discard") == "new"
            && text(self.desired, "discard") != "new"
            && matches!(name, "max_msgs" | "max_bytes");
        (tighter || begins).then_some(to)
    }

    fn by_count(&self) -> Option<Impact> {
        let over = self.state.messages.saturating_sub(self.lowered("max_msgs")?);
        (over > 0).then(|| self.oldest(over, false, ""))
    }

    fn by_size(&self) -> Option<Impact> {
        let to = self.lowered("max_bytes")?;
        let over = self.state.bytes.saturating_sub(to);
        if over == 0 {
            return None;
        }
        // As many as it takes to be within the limit, each of average size.
        let (messages, bytes) = (u128::from(self.state.messages), u128::from(self.state.bytes));
        let kept = share(self.state.messages, u128::from(to), bytes);
        let dropped = self.state.messages - kept;
        let exact = messages == 1;
        let stored = format!(": {} are stored", size(self.state.bytes));
        Some(self.oldest(dropped, !exact, &stored))
    }

    fn by_age(&self) -> Option<Impact> {
        let to = self.lowered("max_age")?;
        let age = spoken(to);
        let instants = [&self.state.first_time, &self.state.last_time]
            .map(|time| time.parse::<Timestamp>().map(Timestamp::as_nanosecond));
        let (Some(now), [Ok(first), Ok(last)]) = (self.now, instants) else {
            let messages = self.state.messages;
            let text = format!("drops what is older than {age}, of {}", count(messages, "message"));
            return Some(Impact { destructive: true, estimate: true, ..note(text) });
        };
        let bound = now.as_nanosecond().saturating_sub(i128::from(to));
        if first >= bound {
            return None;
        }
        let because = format!(": older than {age}");
        if last < bound {
            return Some(self.oldest(self.state.messages, false, &because));
        }
        // As if the messages had come evenly; the oldest goes, and the newest stays.
        let part = |span: i128| u128::try_from(span).unwrap_or_default();
        let even = share(self.state.messages, part(bound - first), part(last - first));
        let most = self.state.messages.saturating_sub(1).max(1);
        Some(self.oldest(even.clamp(1, most), self.state.messages > 2, &because))
    }

    /// Between an even spread of the messages over the subjects, and all on one.
    fn by_subject(&self) -> Option<Impact> {
        let to = self.lowered("max_msgs_per_subject")?;
        let (messages, subjects) = (self.state.messages, self.state.subjects.max(1));
        let least = messages.saturating_sub(subjects.saturating_mul(to));
        let most = messages.saturating_sub(subjects - 1).saturating_sub(to);
        if most == 0 {
            return None;
        }
        if !self.trims_subjects {
            let text = format!(
                "keeps at most {to} of each subject as new ones come: this server does not trim at \
                 once"
            );
            return Some(Impact { destructive: true, ..note(text) });
        }
        let kept = format!(": at most {to} are kept of {}", count(subjects, "subject"));
        if least == most {
            return Some(self.dropped(&format!("the {least} oldest"), least, false, &kept));
        }
        let spoken = match least {
            0 => format!("up to {most}"),
            least => format!("between {least} and {most}"),
        };
        Some(self.dropped(&spoken, most, true, &kept))
    }

    /// A stream that drops nothing and holds more than it may takes no more.
    fn full(&self) -> Option<Impact> {
        let over = |name, held: u64| self.lowered(name).filter(|limit| held > *limit);
        let messages = over("max_msgs", self.state.messages).map(|limit| count(limit, "message"));
        let bytes = over("max_bytes", self.state.bytes).map(size);
        let limits: Vec<String> = messages.into_iter().chain(bytes).collect();
        (!limits.is_empty()).then(|| {
            note(format!(
                "takes no more messages: it holds {} ({}), over the new limit of {}, and discards new",
                count(self.state.messages, "message"),
                size(self.state.bytes),
                limits.join(" and "),
            ))
        })
    }

    fn oldest(&self, dropped: u64, estimate: bool, because: &str) -> Impact {
        let about = if estimate { "about " } else { "" };
        if dropped == self.state.messages {
            return self.dropped(&format!("{about}all {dropped}"), dropped, estimate, because);
        }
        self.dropped(&format!("{about}the {dropped} oldest"), dropped, estimate, because)
    }

    fn dropped(&self, how_many: &str, dropped: u64, estimate: bool, because: &str) -> Impact {
        let messages = self.state.messages;
        let of = if dropped == messages { String::new() } else { format!(" of {messages}") };
        let noun = if messages == 1 { "message" } else { "messages" };
        Impact {
            text: format!("drops {how_many} {noun}{of}{because}"),
            messages: Some(dropped),
            bytes: Some(share(self.state.bytes, dropped.into(), messages.into())),
            estimate,
            destructive: true,
        }
    }
}
