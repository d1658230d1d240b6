//! Kinds that are looked up when they are written: those of a saved plan, and those whose definition the same plan has
//! just made. Each is looked for once in a run. Must not know what is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::live::cluster::Cluster;
use crate::live::discovery::Kind;
use crate::live::{discovery, pause};

/// What came of looking for each kind, by (apiVersion, kind). One that is not served in time is not waited for again,
/// or a run would wait for each of its objects; nor does it hold up another kind.
#[derive(Default)]
pub struct LateKinds(Mutex<BTreeMap<(String, String), Arc<Looked>>>);

type Looked = OnceCell<Result<Kind, String>>;

impl LateKinds {
    /// The connection with the kind of an object, once the API server serves it.
    ///
    /// # Errors
    /// It does not in time, in words.
    pub(super) async fn of(&self, cluster: &Cluster, body: &Value) -> Result<Cluster, String> {
        let text =
            |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let at = (api_version.clone(), kind.clone());
        let looked = Arc::clone(self.0.lock().await.entry(at).or_default());
        let found = looked.get_or_init(|| found(cluster, &api_version, &kind)).await.clone()?;
        Ok(cluster.with(api_version, kind, found))
    }
}

async fn found(cluster: &Cluster, api_version: &str, kind: &str) -> Result<Kind, String> {
    let served = async {
        loop {
            if let Some(found) = discovery::find(cluster, api_version, kind).await {
                return found;
            }
            pause().await;
        }
    };
    let found = tokio::time::timeout(cluster.timeout, served).await;
    found.map_err(|_| format!("the API server does not serve {kind} ({api_version}) in time"))
}
