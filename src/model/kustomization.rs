//! As much of a kustomization as evctl needs to know which files it builds from. kustomize itself
//! does the building. Reads no file.

use super::yaml::{self, Node, Value};

/// The names that kustomize looks for in a folder.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that a kustomization names, and what it does to names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kustomization {
    /// Files and folders with whole objects.
    pub resources: Vec<String>,
    /// Files that are read in their own way: patches, sources of generators, settings.
    pub partial: Vec<String>,
    pub prefix: String,
    pub suffix: String,
}

/// Reads the text of a kustomization.
pub fn read(text: &str) -> Kustomization {
    let (documents, _) = yaml::documents(text);
    let mut read = Kustomization::default();
    let Some(root) = documents.into_iter().find_map(|document| document.root) else { return read };
    for field in ["resources", "components", "bases"] {
        read.resources.extend(items(&root, field).filter_map(Node::text).map(str::to_owned));
    }
    for field in ["patchesStrategicMerge", "configurations", "transformers", "generators", "crds"] {
        read.partial.extend(items(&root, field).filter_map(Node::text).map(str::to_owned));
    }
    for field in ["patches", "patchesJson6902", "replacements", "openapi"] {
        let path = |item: &Node| item.get("path").and_then(Node::text).map(str::to_owned);
        read.partial.extend(items(&root, field).filter_map(path));
    }
    for generator in ["configMapGenerator", "secretGenerator"] {
        let sources = items(&root, generator)
            .flat_map(|item| ["files", "envs"].into_iter().flat_map(|field| items(item, field)));
        // `key=file` gives the file another name.
        let path = |text: &str| text.rsplit('=').next().unwrap_or_default().to_owned();
        read.partial.extend(sources.filter_map(Node::text).map(path));
    }
    let text = |field: &str| root.get(field).and_then(Node::text).unwrap_or_default().to_owned();
    read.prefix = text("namePrefix");
    read.suffix = text("nameSuffix");
    read
}

/// The items of a list; a mapping counts as one.
fn items<'a>(node: &'a Node, field: &str) -> impl Iterator<Item = &'a Node> {
    let node = node.get(field);
    let items = match node.map(|node| &node.value) {
        Some(Value::Sequence(items)) => items,
        Some(Value::Mapping(_)) => node.map(std::slice::from_ref).unwrap_or_default(),
        _ => &[],
    };
    items.iter()
}

/// A path without `.` and with no `..` but in front: `a/../b` is `b`.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_kustomization() {
        let read = read(
            "namePrefix: a-\nresources: [x.yaml, ../base]\ncomponents: [c]\n\
             patchesStrategicMerge:\n- p.yaml\n- |-\n  kind: A\npatches:\n- path: q.yaml\n- patch: x\n\
             configMapGenerator:\n- name: m\n  files: [k=f.yaml, g.json]\n  literals: [a=b]\n\
             openapi: {path: s.json}\n",
        );
        assert_eq!(read.resources, ["x.yaml", "../base", "c"]);
        assert_eq!(read.partial, ["p.yaml", "kind: A", "q.yaml", "s.json", "f.yaml", "g.json"]);
        assert_eq!((read.prefix.as_str(), read.suffix.as_str()), ("a-", ""));
    }

    #[test]
    fn paths_are_made_plain() {
        for (path, plain) in [
            ("a/../b", "b"),
            ("./a/./b/", "a/b"),
            ("../a/../b", "../b"),
            ("../../a", "../../a"),
            ("/a/../b", "/b"),
            ("a/b/../../c", "c"),
        ] {
            assert_eq!(normal(path), plain, "{path}");
        }
    }
}
