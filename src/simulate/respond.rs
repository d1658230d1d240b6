//! `--respond TARGET=ANSWERS`: how a sink behaves, in a line.
//!
//! ANSWERS are separated by commas, in the order of the calls; the last one repeats. An answer is a
//! status (`503`), `timeout` (no answer within the caller's limit) or `refused` (nobody listens);
//! then, each if wanted and in this order, how often (`503x3`), the type of the event that it
//! replies with (`200:order.billed`; the reply to event `7` has the id `7-reply`) and how long it
//! takes (`503+200ms`).

use crate::model::duration::GoDuration;
use crate::topology::{NodeIndex, Topology};

use super::scenario::{Reaction, Reply, Response, Script};
use super::target;

const FORMS: &str = "a status such as 503, `timeout` or `refused`, with how often (503x3), a reply's \
    type (200:order.billed) or a latency (503+200ms) behind it";

/// The sink and its script.
///
/// # Errors
/// What is wrong with the text, and what could stand there.
pub fn parse(text: &str, topology: &Topology) -> Result<(NodeIndex, Script), String> {
    let Some((target, answers)) = text.rsplit_once('=') else {
        return Err(format!("`{text}` is not TARGET=ANSWERS, as in service/billing=503x3,200"));
    };
    let script = script(answers)?;
    Ok((target::sink(target, topology)?, script))
}

/// The answers alone.
///
/// # Errors
/// Which of them is none, and what an answer looks like.
pub fn script(text: &str) -> Result<Script, String> {
    let answers: Result<_, String> = text.split(',').map(answer).collect();
    answers.map(Script)
}

fn answer(text: &str) -> Result<(Response, u32), String> {
    let wrong = |why: String| format!("`{text}` is no answer: {why}; write {FORMS}");
    let (rest, latency) = match text.rsplit_once('+') {
        Some((rest, latency)) => (rest, latency_of(latency).map_err(wrong)?),
        None => (text, 0),
    };
    let (rest, kind) = match rest.split_once(':') {
        Some((_, "")) => return Err(wrong("the reply's type is missing".to_owned())),
        Some((rest, kind)) => (rest, Some(kind)),
        None => (rest, None),
    };
    let (word, times) = match rest.split_once('x') {
        Some((word, times)) => (word, times_of(times).map_err(wrong)?),
        None => (rest, 1),
    };
    let reaction = reaction(word, kind).map_err(wrong)?;
    if latency > 0 && reaction == Reaction::Silence {
        return Err(wrong("a timeout is as long as the caller's limit".to_owned()));
    }
    Ok((Response { reaction, latency }, times))
}

fn latency_of(text: &str) -> Result<u64, String> {
    GoDuration::parse(text).map(|latency| latency.nanoseconds())
}

fn times_of(text: &str) -> Result<u32, String> {
    let times = text.parse().ok().filter(|times| *times > 0);
    times.ok_or_else(|| format!("`{text}` is not a number of times"))
}

fn reaction(word: &str, kind: Option<&str>) -> Result<Reaction, String> {
    let reaction = match word {
        "timeout" => Reaction::Silence,
        "refused" => Reaction::Refuse,
        _ => {
            let status = word.parse().ok().filter(|status| (200..600).contains(status));
            let Some(status) = status else {
                return Err(format!("`{word}` is not a status from 200 to 599"));
            };
            let reply = kind.map(|kind| Reply::OfType(kind.to_owned()));
            return match reply {
                Some(_) if status >= 300 => Err(format!("a {status} brings no reply")),
                reply => Ok(Reaction::Answer { status, body: Vec::new(), reply }),
            };
        }
    };
    match kind {
        Some(_) => Err(format!("a {word} brings no reply")),
        None => Ok(reaction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Reaction, u64, u32)]) {
        let expected = expected.iter().map(|(reaction, latency, times)| {
            (Response { reaction: reaction.clone(), latency: *latency }, *times)
        });
        assert_eq!(script(text), Ok(Script(expected.collect())));
    }

    #[track_caller]
    fn check_refused(text: &str, why: &str) {
        let error = script(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }

    fn reply(kind: &str) -> Reaction {
        let reply = Some(Reply::OfType(kind.to_owned()));
        Reaction::Answer { status: 200, body: Vec::new(), reply }
    }

    #[test]
    fn answers() {
        check("200", &[(Reaction::status(200), 0, 1)]);
        check("503x3,200", &[(Reaction::status(503), 0, 3), (Reaction::status(200), 0, 1)]);
        check("timeout,refusedx2", &[(Reaction::Silence, 0, 1), (Reaction::Refuse, 0, 2)]);
        check("503+200ms", &[(Reaction::status(503), 200_000_000, 1)]);
        check("200:order.billed", &[(reply("order.billed"), 0, 1)]);
        check("200x2:box3+1.5s", &[(reply("box3"), 1_500_000_000, 2)]);
        check("refused+1s", &[(Reaction::Refuse, 1_000_000_000, 1)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        check_refused("", "`` is not a status");
        check_refused("20", "from 200 to 599");
        check_refused("100", "from 200 to 599");
        check_refused("ok", "`ok` is not a status");
        check_refused("503x", "`` is not a number of times");
        check_refused("503x0", "`0` is not a number of times");
        check_refused("503+2", "a duration of Go");
        check_refused("200:", "the reply's type is missing");
        check_refused("503:a", "a 503 brings no reply");
        check_refused("timeout:a", "a timeout brings no reply");
        check_refused("timeout+1s", "as long as the caller's limit");
        check_refused("200,,503", "`` is no answer");
    }
}
