//! Kinds that are looked up when they are written: those of a saved plan, and those whose definition the same plan has
//! just made. Each is looked for once in a run. Must not know what is written.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;

use crate::live::cluster::Cluster;
use crate::live::{discovery, pause};

use super::kind_of;

/// The connection with the kinds that were found so far.
#[derive(Default)]
pub struct LateKinds(Mutex<Option<Arc<Cluster>>>);

impl LateKinds {
    /// The connection with the kind of an object, once the API server serves it.
    ///
    /// # Errors
    /// It does not in time, in words.
    pub(super) async fn of(&self, cluster: &Cluster, body: &Value) -> Result<Arc<Cluster>, String> {
        let mut known = self.0.lock().await;
        let before = known.get_or_insert_with(|| Arc::new(cluster.clone()));
        if kind_of(before, body).is_none() {
            *before = Arc::new(found(before, body).await?);
        }
        Ok(Arc::clone(before))
    }
}

async fn found(cluster: &Cluster, body: &Value) -> Result<Cluster, String> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let served = async {
        loop {
            if let Some(found) = discovery::find(cluster, &api_version, &kind).await {
                return found;
            }
            pause().await;
        }
    };
    match tokio::time::timeout(cluster.timeout, served).await {
        Ok(found) => Ok(cluster.with(api_version, kind, found)),
        Err(_) => Err(format!("the API server does not serve {kind} ({api_version}) in time")),
    }
}
