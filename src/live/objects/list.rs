//! One LIST, page by page, each decoded while the next one is on its way. Must not know what is wanted of it.

use kube::Error;
use kube::api::{ListMeta, ListParams, Request};
use kube::core::Status;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::live::LiveError;
use crate::live::cluster::Cluster;
use crate::live::discovery::Kind;
use crate::model::ObjectKey;
use crate::world::reading::Unread;
use crate::world::{Object, normal};

use super::items::items;
use super::page::Buffers;
use super::{answered, api, brief, key_of};

/// Objects of one page of a LIST.
const PAGE: u32 = 500;
/// How often a LIST is begun whose continue token has expired (410).
const TRIES: usize = 3;

/// A live object with its key.
pub(super) type Named = (ObjectKey, Object);

/// What one LIST is about.
pub(super) struct Place {
    pub(super) kind: Kind,
    /// `None` for the whole cluster.
    pub(super) namespace: Option<String>,
    /// What selects the objects where not all are wanted.
    pub(super) selector: Option<String>,
}

/// What came of a LIST.
pub(super) enum Read {
    /// Every page, in normal form.
    Whole(Vec<Vec<Named>>),
    /// The kind is not there.
    NotServed(Status),
    /// The server answered and did not list.
    Refused(Status),
}

/// A page of a LIST, as far as the next one is asked for by it.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    metadata: ListMeta,
}

impl Head {
    /// Where the list's own metadata stand last, as those of custom resources do, nothing else is read: whether
    /// the page is whole shows when its items are.
    fn of(page: &str) -> Result<Self, serde_json::Error> {
        let last = page.rfind("\"metadata\":").and_then(|at| page.get(at..));
        // What closes one level and the document is the list's, and not an item's.
        let own = last.and_then(|last| serde_json::from_str(&format!("{{{last}")).ok());
        own.map_or_else(|| serde_json::from_str(page), Ok)
    }
}

/// The objects of a page. Decoded aside, while the next page is on its way.
type Decoding = JoinHandle<Result<Vec<Named>, serde_json::Error>>;

impl Place {
    /// What tells it from others.
    pub(super) fn at(&self) -> (String, String, Option<String>) {
        let resource = &self.kind.resource;
        (resource.api_version.clone(), resource.kind.clone(), self.namespace.clone())
    }

    /// Lists every object, page by page; from the start again where a token has expired on the way.
    pub(super) async fn objects(&self, cluster: &Cluster, salt: &str) -> Result<Read, LiveError> {
        let mut refused = Status::default();
        for _ in 0..TRIES {
            match self.pages(cluster, salt).await? {
                Read::Refused(status) if status.code == 410 => refused = status,
                read => return Ok(read),
            }
        }
        Ok(Read::Refused(refused))
    }

    async fn pages(&self, cluster: &Cluster, salt: &str) -> Result<Read, LiveError> {
        let (request, what) = (self.request(cluster), self.to_string());
        let (mut decoding, buffers) = (Vec::<Decoding>::new(), Buffers::default());
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector.clone_from(&self.selector);
        loop {
            let listing = async {
                let asked = request.list(&params).map_err(Error::BuildRequest)?;
                answered(buffers.text(&cluster.client, asked).await)
            };
            let page = match cluster.ask(&what, listing).await? {
                Ok(page) => page,
                Err(status) if status.code == 404 => return Ok(Read::NotServed(status)),
                Err(status) => return Ok(Read::Refused(status)),
            };
            let undecodable = |error| cluster.error(&what, &Error::SerdeError(error));
            let head = Head::of(&page).map_err(undecodable)?;
            let (kind, salt, buffers) = (self.kind.clone(), salt.to_owned(), buffers.clone());
            decoding.push(tokio::task::spawn_blocking(move || {
                let resource = &kind.resource;
                let kept = items(&page, PAGE as usize, |item| {
                    let item = item.of_kind(&resource.api_version, &resource.kind);
                    (key_of(&kind, &item), normal::live(item, &salt))
                });
                buffers.give(page);
                kept
            }));
            match head.metadata.continue_ {
                Some(token) if !token.is_empty() => params = params.continue_token(&token),
                _ => break,
            }
        }
        let mut all = Vec::with_capacity(decoding.len());
        for page in decoding {
            let page = page.await.map_err(|error| cluster.odd(&what, &error.to_string()))?;
            all.push(page.map_err(|error| cluster.error(&what, &Error::SerdeError(error)))?);
        }
        Ok(Read::Whole(all))
    }

    fn request(&self, cluster: &Cluster) -> Request {
        Request::new(api(cluster, &self.kind, self.namespace.as_deref()).resource_url())
    }

    pub(super) fn unread(&self, status: &Status) -> Unread {
        let resource = &self.kind.resource;
        let help = if status.code == 403 {
            let role = match &self.namespace {
                Some(namespace) => format!("a Role in namespace {namespace}"),
                None => "a ClusterRole".to_owned(),
            };
            format!(
                "what is missing is {role} with the rule apiGroups [\"{}\"], resources [{}], verbs \
                 [get, list, create, patch, delete]",
                resource.group, resource.plural
            )
        } else {
            "plan again once the API server lists it".to_owned()
        };
        Unread {
            group: resource.group.clone(),
            kind: resource.kind.clone(),
            namespace: self.namespace.clone(),
            why: format!("{} ({})", brief(status), status.code),
            code: status.code,
            help,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.kind.resource.plural)?;
        match &self.namespace {
            Some(namespace) => write!(out, " of namespace {namespace}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, token: Option<&str>) {
        let head = Head::of(page).unwrap();
        assert_eq!(head.metadata.continue_.as_deref(), token, "{page}");
    }

    #[test]
    fn the_token_is_the_lists_own() {
        let item =
            r#"{"metadata":{"name":"a","continue":"no"},"spec":{"metadata":{"continue":"no"}}}"#;
        let own = r#""metadata":{"continue":"yes","resourceVersion":"9"}"#;
        check(&format!(r#"{{"apiVersion":"v1","items":[{item}],"kind":"L",{own}}}"#), Some("yes"));
        check(&format!(r#"{{"kind":"L",{own},"items":[{item},{item}]}}"#), Some("yes"));
        check(&format!("{{{own},\"items\":[{item}]}}\n"), Some("yes"));
        check(&format!(r#"{{"items":[{item}],"metadata":{{"resourceVersion":"9"}}}}"#), None);
        check(&format!(r#"{{"items":[{item}]}}"#), None);
    }
}
