//! `evctl validate`: what is wrong with the files, without asking any server.

use clap::Args;

use super::args::{FindingsOutput, InputArgs};
use super::exit::{self, Exit};
use super::ui::Ui;
use super::{findings, resolved};

/// Check manifests and every reference between them
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    pub input: InputArgs<FindingsOutput>,
}

/// Runs the verb.
pub(super) fn run(args: &ValidateArgs, ui: Ui) -> Exit {
    let mut read = match resolved::read(&args.input) {
        Ok(read) => read,
        Err(why) => return ui.usage(&why),
    };
    read.take_dangling(|_| false);
    read.take_refusals();
    match args.input.output {
        FindingsOutput::Json => {
            ui.out(&findings::print(&findings::document(&read.findings, &read.sources)));
        }
        FindingsOutput::Sarif => {
            ui.out(&findings::print(&findings::log(&read.findings, &read.sources)));
        }
        FindingsOutput::Github => ui.out(&findings::annotations(&read.findings, &read.sources)),
        FindingsOutput::Text if read.findings.is_empty() => {
            let count = read.manifests.len();
            let objects = if count == 1 { "object" } else { "objects" };
            ui.out(&format!("{count} {objects}, nothing to say.\n"));
        }
        FindingsOutput::Text => ui.out(&findings::render(&read.findings, &read.sources, ui.colour)),
    }
    exit::of_findings(&read.findings, args.input.fail_on.into())
}
