//! `evctl init`: a project to start from. Overwrites nothing.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::model::project::FILE_NAME;
use crate::model::text::ProjectName;

use super::exit::Exit;
use super::ui::Ui;

/// Write a project to start from: a commented topology, the project file and a CI workflow
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The project's folder, made where it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// The project's name [default: the folder's]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    ProjectName::parse(text).map(|name| name.as_str().to_owned())
}

/// The files of a new project and what they hold.
const FILES: &[(&str, &str)] = &[
    (FILE_NAME, include_str!("evctl.yaml")),
    ("topology/channel.yaml", include_str!("channel.yaml")),
    ("topology/services.yaml", include_str!("services.yaml")),
    ("topology/subscription.yaml", include_str!("subscription.yaml")),
    (".github/workflows/topology.yaml", include_str!("workflow.yaml")),
];

/// Runs the verb.
pub(super) fn run(args: &InitArgs, ui: Ui) -> Exit {
    let there: Vec<PathBuf> =
        FILES.iter().map(|(file, _)| args.folder.join(file)).filter(|file| file.exists()).collect();
    if let Some(first) = there.first() {
        let what = format!("{} is there already", first.display());
        ui.error(&what, "a new project overwrites nothing", "name an empty folder");
        return Exit::Failed;
    }
    let Some(name) = args.name.clone().or_else(|| of_folder(&args.folder)) else {
        return ui.usage("the folder's name is no name for a project: say one with --name");
    };
    for (file, text) in FILES {
        let file = args.folder.join(file);
        if let Err(error) = write(&file, &text.replace("@NAME@", &name)) {
            let what = format!("{} cannot be written", file.display());
            ui.error(&what, &error.to_string(), "name a folder that you may write to");
            return Exit::Failed;
        }
        ui.out(&format!("{}\n", file.display()));
    }
    ui.out(&next(&args.folder));
    Exit::Done
}

fn of_folder(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let folder = folder.components().as_path().to_owned();
    let name = ProjectName::parse(folder.file_name()?.to_str()?).ok()?;
    Some(name.as_str().to_owned())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text)
}

fn next(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "\nThe project is there. To see what it does:\n\n  \
         evctl validate {folder}\n  \
         evctl plan {folder} --offline\n  \
         evctl simulate {folder} --event type=order.created --to channel/orders --respond service/billing=503x3,200\n"
    )
}
