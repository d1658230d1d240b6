//! `evctl schema`: the schemas of everything that evctl reads and prints, for editors, validators
//! and API servers.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::model::schema::select::{self, Unclear};
use crate::model::schema::{Subject, crd, document, subjects};

use super::exit::Exit;
use super::outputs;
use super::schema_files;
use super::ui::Ui;

/// Print the schemas of manifests, for editors, validators and API servers
#[derive(Debug, Args)]
#[command(
    after_help = "Without KIND, all kinds are listed; with --format crd, all definitions are printed."
)]
pub(super) struct SchemaArgs {
    /// The kind, such as Trigger, triggers or trigger.eventing.knative.dev
    #[arg(value_name = "KIND")]
    kind: Option<String>,
    /// Group and version, where several kinds share the name, such as eventing.knative.dev/v1
    #[arg(long, value_name = "GROUP/VERSION", requires = "kind")]
    api_version: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Write all schemas, one for all kinds, and settings for VS Code into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["kind", "format"])]
    write: Option<PathBuf>,
}

/// The forms of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON Schema, draft 7
    Json,
    /// A CustomResourceDefinition, as YAML
    Crd,
}

/// Runs the verb.
pub(super) fn run(args: &SchemaArgs, ui: Ui) -> Exit {
    let subjects = subjects(outputs::ALL);
    match (&args.write, &args.kind, args.format) {
        (Some(folder), _, _) => write(folder, &subjects, ui),
        (None, None, Format::Json) => {
            ui.out(&list(&subjects));
            Exit::Done
        }
        (None, Some(kind), Format::Json) => {
            let found = select::one(&subjects, kind, args.api_version.as_deref());
            print(found.map(|subject| format!("{:#}\n", document::of(subject))), kind, ui)
        }
        (None, None, Format::Crd) => {
            definitions(&crd::of(&subjects.iter().collect::<Vec<_>>()), ui)
        }
        (None, Some(kind), Format::Crd) => {
            match select::versions(&subjects, kind, args.api_version.as_deref()) {
                Ok(found) => match crd::of(&found) {
                    none if none.is_empty() => not_definable(kind, ui),
                    some => definitions(&some, ui),
                },
                Err(why) => unclear(kind, why, ui),
            }
        }
    }
}

fn print(text: Result<String, Unclear>, kind: &str, ui: Ui) -> Exit {
    match text {
        Ok(text) => {
            ui.out(&text);
            Exit::Done
        }
        Err(why) => unclear(kind, why, ui),
    }
}

fn definitions(values: &[Value], ui: Ui) -> Exit {
    match crd::yaml(values) {
        Ok(text) => {
            ui.out(&text);
            Exit::Done
        }
        Err(why) => {
            ui.error(
                "the definitions cannot be written as YAML",
                &why,
                "this is a mistake of evctl; please report it",
            );
            Exit::Failed
        }
    }
}

fn unclear(kind: &str, why: Unclear, ui: Ui) -> Exit {
    match why {
        Unclear::Unknown(near) => {
            let help = match near {
                Some(near) => format!("did you mean `{near}`? `evctl schema` lists all kinds"),
                None => "`evctl schema` lists all kinds".to_owned(),
            };
            ui.error(&format!("no kind `{kind}`"), "evctl has no schema of that name", &help);
        }
        Unclear::Ambiguous(ways) => {
            let why = format!("{} kinds or versions are called so", ways.len());
            ui.error(&format!("`{kind}` alone is not clear"), &why, &one_of(&ways));
        }
        Unclear::Unserved(ways) => {
            let why = "no server serves the kind in that version";
            ui.error(&format!("no schema of `{kind}` in that version"), why, &one_of(&ways));
        }
    }
    Exit::Usage
}

fn one_of(ways: &[String]) -> String {
    format!("say\n    evctl schema {}", ways.join("\n    evctl schema "))
}

fn not_definable(kind: &str, ui: Ui) -> Exit {
    ui.error(
        &format!("`{kind}` has no CustomResourceDefinition"),
        "it is built into Kubernetes, or no object of a cluster at all",
        "leave out --format crd for its JSON Schema",
    );
    Exit::Usage
}

/// The kinds as a table.
fn list(subjects: &[Subject]) -> String {
    let rows: Vec<[String; 2]> = std::iter::once(["KIND".to_owned(), "APIVERSION".to_owned()])
        .chain(subjects.iter().map(|subject| [subject.kind.to_owned(), subject.api_version()]))
        .collect();
    let width = rows.iter().map(|[kind, _]| kind.len()).max().unwrap_or_default();
    rows.iter().map(|[kind, version]| format!("{kind:width$}  {version}\n")).collect()
}

fn write(folder: &Path, subjects: &[Subject], ui: Ui) -> Exit {
    match schema_files::write(folder, subjects) {
        Ok(written) => {
            ui.out(&written.text());
            Exit::Done
        }
        Err((file, why)) => {
            let help = format!("see to {}, or name another folder", file.display());
            ui.error("the schemas cannot be written", &why, &help);
            Exit::Failed
        }
    }
}
