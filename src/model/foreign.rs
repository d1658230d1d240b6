//! Texts that are no manifests, recognised as what they are: templates that have yet to be rendered,
//! and files of other tools. One note each, instead of a wall of errors. Reads no file.

use crate::diag::{Code, Finding, Span};

use super::yaml::{Document, Problem};

/// What is to be said of a whole text that is no manifest, and where. `found` says that it lay in a
/// folder: a text that the user has named is an error when it cannot be read.
pub fn note(
    text: &str,
    documents: &[Document],
    problems: &[Problem],
    found: bool,
) -> Option<(Finding, Span)> {
    if let Some(problem) = problems.iter().find(|problem| is_templated(text, problem)) {
        return Some(template(text, problem, found));
    }
    let is_hostile = |problem: &Problem| matches!(problem.code, Code::TooDeep | Code::TooLarge);
    let is_empty = problems.is_empty() && documents.iter().all(|document| document.root.is_none());
    if !found
        || is_empty
        || problems.iter().any(is_hostile)
        || documents.iter().any(has_head)
        || speaks_of_kinds(text)
    {
        return None;
    }
    Some(no_manifest(text))
}

/// What is said of a file that is for something else.
pub fn no_manifest(text: &str) -> (Finding, Span) {
    let message = "this file has neither apiVersion nor kind, so it is no manifest";
    let help = "passed over; add both, keep it out of the folder, or name it in .evctlignore";
    (Finding::new(Code::NotAManifest, message, help), first_line(text))
}

/// Whether a document says what it is; then its text is of manifests.
pub fn has_head(document: &Document) -> bool {
    let root = document.root.as_ref();
    root.is_some_and(|root| root.get("apiVersion").is_some() || root.get("kind").is_some())
}

fn template(text: &str, problem: &Problem, found: bool) -> (Finding, Span) {
    let help = "render it and give evctl the result: `helm template … | evctl validate -`";
    if found {
        let message = "this file is a template, which becomes YAML once it is rendered";
        let help = format!("passed over; {help}");
        return (Finding::new(Code::HelmTemplate, message, help), template_line(text));
    }
    let message = "this is a template, not yet YAML";
    (Finding::new(Code::YamlSyntax, message, help), problem.span)
}

/// Whether a text stops being YAML at what a template would replace, or just below. A line that goes
/// in again after it does not count: that was the end of a block of text.
fn is_templated(text: &str, problem: &Problem) -> bool {
    let before = &text[..problem.span.start];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let above = text[..start].trim_end().lines().next_back().unwrap_or_default();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_below = above.trim_start().starts_with("{{") && indent(above) <= indent(line);
    problem.code == Code::YamlSyntax && (line.contains("{{") || is_below)
}

/// Whether a line begins as that of a manifest does; then its mistakes are worth an error.
pub fn speaks_of_kinds(text: &str) -> bool {
    text.contains("\"apiVersion\"")
        || text.lines().any(|line| {
            let line = line.trim_start_matches(['\'', '{']);
            line.starts_with("apiVersion") || line.starts_with("kind:")
        })
}

/// The first line that is no comment.
pub fn first_line(text: &str) -> Span {
    line_where(text, |line| !matches!(line, "" | "---") && !line.starts_with('#'))
}

fn template_line(text: &str) -> Span {
    line_where(text, |line| line.contains("{{"))
}

fn line_where(text: &str, is_it: impl Fn(&str) -> bool) -> Span {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if is_it(line.trim()) {
            let indent = line.len() - line.trim_start().len();
            return Span { start: start + indent, end: start + line.trim_end().len() };
        }
        start += line.len();
    }
    Span::default()
}

/// Leaves one note of all those about a text that say that a document is no manifest.
pub fn once(findings: &mut Vec<Finding>) {
    let is_note = |finding: &Finding| finding.code == Code::NotAManifest;
    let count = findings.iter().filter(|finding| is_note(finding)).count();
    let mut first = true;
    findings.retain_mut(|finding| {
        if !is_note(finding) {
            return true;
        }
        if first && count > 1 {
            finding.message = format!(
                "{count} documents of this file have neither apiVersion nor kind, so they are no \
                 manifests"
            );
        }
        std::mem::take(&mut first)
    });
}

/// A chart, whose file `Chart.yaml` the walk has met.
pub fn chart() -> Finding {
    let message = "this folder is a Helm chart: its templates and values are passed over";
    let help = "render it and give evctl the result: `helm template CHART | evctl validate -`";
    Finding::new(Code::HelmTemplate, message, help)
}

/// A kustomization that the walk has met, with the number of files that only it can read.
pub fn kustomization(partial: usize) -> Finding {
    let message = match partial {
        0 => "this kustomization is not built: the files are read as they stand".to_owned(),
        1 => {
            "this kustomization is not built: a file that it patches with is passed over".to_owned()
        }
        _ => format!(
            "this kustomization is not built: {partial} files that it patches or generates with are \
             passed over"
        ),
    };
    Finding::new(Code::SkippedKind, message, "give evctl what it makes: -k and this folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::yaml;

    #[track_caller]
    fn check(text: &str, found: Option<&str>, named: Option<&str>) {
        let (documents, problems) = yaml::documents(text);
        let code = |is_found: bool| {
            let note = note(text, &documents, &problems, is_found);
            note.map(|(finding, _)| finding.code.name())
        };
        assert_eq!((code(true), code(false)), (found, named), "{text}");
    }

    #[test]
    fn what_is_no_manifest_is_recognised() {
        let (template, error) = (Some("helm-template"), Some("yaml-syntax"));
        check("{{- if .Values.on }}\nkind: Service\n{{- end }}\n", template, error);
        check("kind: Service\nmetadata:\n  name: {{ .Release.Name }}\n", template, error);
        check(
            "kind: Service\nmetadata:\n  {{- toYaml .Values.meta | nindent 2 }}\n",
            template,
            error,
        );
        check("kind: A\nname: \"{{ x }}\"\n", None, None);
        check("kind: A\nname: a-{{ x }}\n", None, None);
        check("kind: A\ntext: |\n  {{ if }}\nname: [\n", None, None);
        let note = Some("not-a-manifest");
        check("services:\n  web: {image: a}\n", note, None);
        check("{ // comment\n \"compilerOptions\": {}\n}\n", note, None);
        check("{\n  /* c */\n  \"a\": [1,],,\n}\n", note, None);
        check("plugins:\n- !!python/name:x.y ''\n  a: [\n", note, None);
        check("apiVersion: v1\nkind: [\n", None, None);
        check("# nothing\n", None, None);
        check("- kind: a\n", note, None);
        check("{\"apiVersion\": \"v1\",, \"kind\": \"A\"}\n", None, None);
    }
}
