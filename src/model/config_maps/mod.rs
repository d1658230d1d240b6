//! ConfigMaps that say how the NATS channel and Knative's defaults are set up. They are known by the
//! key that holds the settings (only the feature flags by the ConfigMap's name), and the settings are YAML
//! inside of a text: findings point into it. Any other ConfigMap only has to have the shape of one.

mod features;
mod knative;
mod nats;
mod proposed;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::diag::{Code, Finding, Location};

use super::Path;
use super::decode::{Place, decode};
use super::envelope::ObjectMeta;
use super::kinds::Kind;
use super::knative::messaging::ChannelTemplate;
use super::manifest::Typed;
use super::reading::Reading;
use super::shape::schema_of;
use super::yaml::{Node, Value, embedded};

pub use knative::{BrokerConfig, BrokerDefaults, ChannelDefaults};
pub use nats::NatsConnection;
pub use proposed::{DispatcherDefaults, JetStreamConnection, KeyInSecret};

/// The kinds of the family.
pub const KINDS: &[Kind] = &[Kind {
    group: "",
    kind: "ConfigMap",
    version: "v1",
    cluster_scoped: false,
    schema: schema_of::<Document>,
    read,
}];

/// A core/v1 ConfigMap.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "decoded for its shape; the settings are read from the tree")]
struct Document {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    /// Texts by name. A number or boolean needs quotes.
    data: Option<BTreeMap<String, String>>,
    /// Bytes by name, in base64.
    binary_data: Option<BTreeMap<String, String>>,
    /// Whether the API server refuses every change.
    immutable: Option<bool>,
    /// No ConfigMap has one; tools that write one for every kind do. Never sent.
    status: Option<BTreeMap<String, serde_json::Value>>,
}

/// What a ConfigMap sets.
#[derive(Debug, Clone)]
pub struct ConfigMap {
    pub settings: Vec<Settings>,
    /// The document with the settings' texts opened up: paths such as `data.eventing-nats.url` lead to
    /// where they stand in the file.
    pub opened: Node,
}

/// Settings, by the key that holds them.
#[derive(Debug, Clone)]
pub enum Settings {
    /// `eventing-nats`: how the released NATS channel connects.
    Nats(NatsConnection),
    /// `eventing-jetstream`: how a dispatcher connects, by the channel's proposal.
    JetStream(JetStreamConnection),
    /// `jetstream-dispatcher-config`: which of those is for whom, by the channel's proposal.
    Dispatchers(DispatcherDefaults),
    /// `channel-template-spec`: the channel that a Broker is made of.
    BrokerChannel(ChannelTemplate),
    /// `default-ch-config`: what a Channel without a template becomes.
    Channels(ChannelDefaults),
    /// `default-br-config`: what a Broker that says nothing becomes.
    Brokers(Box<BrokerDefaults>),
    /// ConfigMap `config-features`: flags of Knative by name.
    Features(BTreeMap<String, String>),
}

/// A key that holds settings, and how they are read once the text is opened up.
type Reader = fn(&mut Opened<'_, '_>) -> Option<Settings>;

const READERS: &[(&str, Reader)] = &[
    ("eventing-nats", nats::read),
    ("eventing-jetstream", proposed::connection),
    ("jetstream-dispatcher-config", proposed::dispatchers),
    ("channel-template-spec", knative::broker_channel),
    ("channelTemplateSpec", knative::broker_channel),
    ("default-ch-config", knative::channels),
    ("default-br-config", knative::brokers),
];

fn read(reading: &mut Reading<'_>) -> Option<Typed> {
    reading.document::<Document>()?;
    let mut map = ConfigMap { settings: Vec::new(), opened: reading.place.root.clone() };
    let mut sound = true;
    for (key, reader) in READERS {
        let at = Path::of("data").key(*key);
        let Some(text) = reading.node(&at) else { continue };
        let settings = open(reading, &mut map.opened, &at, text).and_then(|()| {
            let place = Place { file: reading.place.file, root: &map.opened };
            reader(&mut Opened { reading, place, at })
        });
        sound &= settings.is_some();
        map.settings.extend(settings);
    }
    if reading.key.name == features::NAME {
        map.settings.push(features::read(reading));
    }
    sound.then_some(Typed::ConfigMap(map))
}

/// Puts the tree of a text in the text's place.
fn open(reading: &mut Reading<'_>, root: &mut Node, at: &Path, text: &Node) -> Option<()> {
    let (mut inner, problems) = embedded(reading.text_of_file, text);
    let broken = !problems.is_empty();
    for problem in problems {
        let place = Location { file: reading.place.file, span: problem.span };
        let finding = Finding::new(problem.code, problem.message, problem.help);
        reading.findings.push(finding.at(place).path(at.to_string()));
    }
    if broken {
        return None;
    }
    let Some(mut inner) = inner.take().filter(|node| matches!(node.value, Value::Mapping(_)))
    else {
        let message = format!("`{at}` holds no settings: a mapping in YAML is expected");
        reading.fault(Code::InvalidValue, at, message, "write the settings, or take the key away");
        return None;
    };
    knative::without_empty_choices(&mut inner);
    *root.at_mut(at)? = inner;
    Some(())
}

/// Settings while they are read.
struct Opened<'r, 'a> {
    reading: &'r mut Reading<'a>,
    /// The document with the text opened up.
    place: Place<'r>,
    /// Where in it the settings are.
    at: Path,
}

impl Opened<'_, '_> {
    /// Decodes the settings; every fault of shape becomes a finding.
    fn settings<T: DeserializeOwned + JsonSchema>(&mut self) -> Option<T> {
        let at = self.at.clone();
        self.part(&at)
    }

    fn part<T: DeserializeOwned + JsonSchema>(&mut self, at: &Path) -> Option<T> {
        decode(self.place, at).map_err(|findings| self.reading.findings.extend(findings)).ok()
    }

    /// A finding about the key at a path below the settings.
    fn fault_at_key(&mut self, code: Code, below: &str, message: impl Into<String>, help: &str) {
        let path = self.at.join(&Path::of(below));
        let finding = self.place.finding(code, &path, message, help).at(self.place.key(&path));
        self.reading.findings.push(finding);
    }
}
