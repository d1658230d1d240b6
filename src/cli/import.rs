//! `evctl import`: what is live, as files that declare it as it is. Overwrites nothing unless told to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::live::{LiveError, Servers};
use crate::model::project::{Assume, FILE_NAME};
use crate::model::{Input, nack};
use crate::world::Key;
use crate::world::export::{By, Exported, GROUPS};
use crate::world::site::Declared;

use super::args::{ServerArgs, namespace, project};
use super::environment::Environment;
use super::exit::Exit;
use super::import_rehearsal::rehearse;
use super::planes::{self, Against, Unselected};
use super::resolved;
use super::settings;
use super::ui::Ui;
use super::wanted::wanted;

/// Write manifests for what is live in the cluster and in JetStream, to be taken over with `apply --adopt`
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// What to import: a kind, such as broker or stream, or an object, such as stream/ORDERS. All that
    /// evctl knows where none is named
    #[arg(value_name = "OBJECT")]
    objects: Vec<String>,
    /// The folder that the files are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// What goes into one file
    #[arg(long, value_enum, default_value_t = Grouping::Namespace)]
    by: Grouping,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    /// The project that is to own what is imported [default: `name` in evctl.yaml of the folder]
    #[arg(long, value_parser = project)]
    project: Option<String>,
    /// The namespace to read [default: the kubeconfig context's, or `default`]
    #[arg(short, long, value_parser = namespace)]
    pub namespace: Option<String>,
    /// Read every namespace, and what belongs to none
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    #[command(flatten)]
    pub servers: ServerArgs,
}

/// What goes into one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grouping {
    /// What is in one namespace; what JetStream holds
    Namespace,
    /// What is of one kind
    Kind,
}

impl From<Grouping> for By {
    fn from(grouping: Grouping) -> Self {
        match grouping {
            Grouping::Namespace => Self::Namespace,
            Grouping::Kind => Self::Kind,
        }
    }
}

/// Runs the verb.
pub(super) async fn run(args: &ImportArgs, environment: &Environment, ui: Ui) -> Exit {
    let Some(project) = args.project.clone().or_else(|| name_in(&args.out)) else {
        return ui.usage(
            "no project is named: give --project, or import into a folder with an evctl.yaml",
        );
    };
    let exported = match exported(args, &project, environment).await {
        Ok(exported) => exported,
        Err(Stop::Usage(text)) => return ui.usage(&text),
        Err(Stop::Live(error)) => {
            ui.error(&error.what, &error.why, &error.help);
            return Exit::Failed;
        }
    };
    exported.notes.iter().for_each(|note| ui.status(&format!("note: {note}\n")));
    match written(args, &project, &exported) {
        Ok(lines) => ui.out(&lines),
        Err((what, why)) => {
            ui.error(&what, &why, "name another folder with --out, or write over it with --force");
            return Exit::Failed;
        }
    }
    let folder = args.out.display();
    ui.status(&format!("Next: `evctl plan {folder} --adopt` shows what would be taken over.\n"));
    if exported.left_out > 0 { Exit::Findings } else { Exit::Done }
}

/// Why nothing is imported.
pub(super) enum Stop {
    Usage(String),
    Live(LiveError),
}

impl From<LiveError> for Stop {
    fn from(error: LiveError) -> Self {
        Self::Live(error)
    }
}

/// The name in the project file of a folder.
fn name_in(folder: &Path) -> Option<String> {
    let file = folder.join(FILE_NAME);
    let bytes = std::fs::read(&file).ok()?;
    let input = Input::named(file.display().to_string(), Ok(bytes));
    settings::choose(None, &[input]).ok()?.project
}

async fn exported(
    args: &ImportArgs,
    project: &str,
    environment: &Environment,
) -> Result<Exported, Stop> {
    let selected = planes::select(&args.servers, environment, &Assume::default(), "");
    let targets = match selected {
        Ok(Against::Live(targets)) => targets,
        Ok(Against::Snapshot(..)) => {
            return Err(Stop::Usage("an empty or saved world cannot be imported".to_owned()));
        }
        Err(Unselected::Usage(text)) => return Err(Stop::Usage(text)),
        Err(Unselected::Failed(error)) => return Err(error.into()),
    };
    let mut servers = Servers::connect(&targets).await?;
    servers.join(&std::collections::BTreeMap::new(), &Declared::of(&[])).await?;
    let mut exported = Exported::default();
    objects(args, project, &servers, &mut exported).await?;
    rehearse(args, project, environment, &mut exported).await?;
    Ok(exported)
}

/// Takes in what the cluster holds, then what JetStream holds that nothing of the cluster stands for.
async fn objects(
    args: &ImportArgs,
    project: &str,
    servers: &Servers,
    exported: &mut Exported,
) -> Result<(), Stop> {
    let context = servers.namespace().filter(|namespace| !namespace.is_empty());
    let own = args.namespace.as_deref().or(context).unwrap_or("default");
    let namespace = (!args.all_namespaces).then_some(own);
    let imported = servers.import(&GROUPS, namespace).await?;
    exported.left_out += imported.unread.len();
    exported.notes.extend(imported.unread);
    let by = By::from(args.by);
    let streams = servers.import_streams().await?;
    let names = imported.objects.iter().map(|object| name_of(&object.body));
    let names = names.chain(streams.keys().map(ToString::to_string));
    let names: Vec<String> = names.collect();
    all_are_there(&args.objects, &names)?;
    let mut all = Exported::default();
    for object in imported.objects {
        if is_meant(&args.objects, &name_of(&object.body)) {
            exported.object(object.clone(), project, by);
        }
        // A channel's stream is its own, imported or not.
        all.object(object, project, by);
    }
    let covered = covered(&all, own, project)?;
    if imported.served.contains(nack::GROUP) {
        let others = streams.keys().filter(|key| matches!(key, Key::Stream { .. }));
        let count = others.filter(|key| !covered.contains(key)).count();
        if count > 0 {
            exported.notes.push(format!(
                "{count} streams are left out that no object in the cluster declares: NACK's controllers make \
                 streams there, and a manifest would be a new object"
            ));
        }
        return Ok(());
    }
    let meant = streams.into_iter().filter(|(key, _)| is_meant(&args.objects, &key.to_string()));
    exported.jetstream(&meant.collect(), &covered, project, by);
    Ok(())
}

/// A name that was said and means nothing is a mistake of the command line.
fn all_are_there(named: &[String], names: &[String]) -> Result<(), Stop> {
    let is_there =
        |meant: &&String| names.iter().any(|name| is_meant(std::slice::from_ref(*meant), name));
    let Some(name) = named.iter().find(|meant| !is_there(meant)) else { return Ok(()) };
    let why = if name.to_lowercase().starts_with("secret") {
        "a Secret is not imported, as its values would stand in a file".to_owned()
    } else {
        format!("{name} names nothing that is live, of what is imported: {} objects", names.len())
    };
    Err(Stop::Usage(why))
}

/// The streams that manifests of the cluster stand for.
fn covered(all: &Exported, namespace: &str, project: &str) -> Result<BTreeSet<Key>, Stop> {
    let texts = all.files.values().map(|bodies| yaml(bodies).map_err(Stop::Usage));
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    let inputs: Vec<Input> =
        texts.into_iter().map(|text| Input::named("live", Ok(text.into_bytes()))).collect();
    let chosen = settings::choose(None, &[]).map_err(Stop::Usage)?;
    let read = resolved::resolved(&inputs, namespace, &chosen);
    let wanted = wanted(&read, project, "", &std::collections::BTreeMap::new());
    Ok(wanted.streams.into_iter().collect())
}

/// How output names a live object.
fn name_of(body: &Value) -> String {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let group = text("/apiVersion").split_once('/').map_or(String::new(), |(g, _)| format!(".{g}"));
    let namespace = match text("/metadata/namespace") {
        "" => String::new(),
        namespace => format!("{namespace}/"),
    };
    format!("{}{group}/{namespace}{}", text("/kind").to_lowercase(), text("/metadata/name"))
}

/// Whether an object is among those that were named.
fn is_meant(named: &[String], name: &str) -> bool {
    let kind = name.split('/').next().unwrap_or_default();
    let short = kind.split('.').next().unwrap_or_default();
    let is = |meant: &String| {
        let meant = meant.as_str();
        let plain = name.split_once('/').map(|(_, rest)| format!("{short}/{rest}"));
        meant == name || meant == kind || meant == short || plain.as_deref() == Some(meant)
    };
    named.is_empty() || named.iter().any(is)
}

/// Documents of one file.
pub(super) fn yaml(bodies: &[Value]) -> Result<String, String> {
    let texts: Result<Vec<String>, _> = bodies.iter().map(serde_saphyr::to_string).collect();
    let text = texts.map_err(|error| error.to_string())?.join("---\n");
    // What is read again must be what was meant.
    let (documents, problems) = crate::model::yaml::documents(&text);
    let read = documents.iter().filter_map(|document| document.root.as_ref());
    if problems.is_empty() && read.map(|root| root.to_json()).eq(bodies.iter().cloned()) {
        Ok(text)
    } else {
        Err("a live object cannot be written as YAML that says the same".to_owned())
    }
}

/// Writes the files, and says what is in each.
fn written(
    args: &ImportArgs,
    project: &str,
    exported: &Exported,
) -> Result<String, (String, String)> {
    let file = |name: &str| args.out.join(format!("{name}.yaml"));
    let there = exported.files.keys().map(|name| file(name)).find(|file| file.exists());
    if let Some(there) = there.filter(|_| !args.force) {
        let what = format!("{} is there already", there.display());
        return Err((what, "an import writes over nothing".to_owned()));
    }
    let failed = |file: &Path, why: String| (format!("{} cannot be written", file.display()), why);
    let write = |file: &Path, text: &str| {
        let written = std::fs::create_dir_all(&args.out).and_then(|()| std::fs::write(file, text));
        written.map_err(|error| failed(file, error.to_string()))
    };
    let mut lines = String::new();
    for (name, bodies) in &exported.files {
        let file = file(name);
        write(&file, &yaml(bodies).map_err(|why| failed(&file, why))?)?;
        let objects = if bodies.len() == 1 { "object" } else { "objects" };
        lines += &format!("{}: {} {objects}\n", file.display(), bodies.len());
    }
    let settings = args.out.join(FILE_NAME);
    if !settings.exists() {
        write(&settings, &format!("name: {project}\n"))?;
        lines += &format!("{}: project {project}\n", settings.display());
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_in_several_ways() {
        let name = "broker.eventing.knative.dev/shop/b";
        for meant in ["broker", "broker.eventing.knative.dev", name, "broker/shop/b"] {
            assert!(is_meant(&[meant.to_owned()], name), "{meant}");
        }
        for other in ["trigger", "broker/shop/c", "shop"] {
            assert!(!is_meant(&[other.to_owned()], name), "{other}");
        }
        assert!(is_meant(&[], name));
        assert!(is_meant(&["stream/A".to_owned()], "stream/A"));
    }
}
