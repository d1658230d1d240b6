//! An operator of NATS with an account and users: JWTs that a server demands, signed by ourselves, and
//! the server's configuration for them.
//!
//! Must not know who connects with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// An operator with a system account and one account that may use `JetStream`.
pub(crate) struct Operator {
    operator: KeyPair,
    system: KeyPair,
    account: KeyPair,
}

/// A user of the account.
pub(crate) struct User {
    pub(crate) jwt: String,
    pub(crate) seed: String,
}

impl Operator {
    pub(crate) fn new() -> Self {
        Self {
            operator: KeyPair::new_operator(),
            system: KeyPair::new_account(),
            account: KeyPair::new_account(),
        }
    }

    /// Lines for the server's configuration.
    pub(crate) fn config(&self) -> String {
        let mut limits = json!({});
        for storage in ["mem_storage", "disk_storage", "streams", "consumer"] {
            limits[storage] = json!(-1);
        }
        self.config_with(&limits)
    }

    /// As `config`, with limits of the account's own: as the JWT has them, such as `disk_storage`
    /// or `tiered_limits`.
    pub(crate) fn config_with(&self, jetstream: &Value) -> String {
        let claims = json!({"type": "operator", "version": 2});
        let operator = signed(&self.operator, &self.operator.public_key(), "evctl", &claims);
        let account = |keys: &KeyPair, limits: Value| {
            let claims = json!({"type": "account", "version": 2, "limits": limits});
            let name = keys.public_key();
            let jwt = signed(&self.operator, &name, "account", &claims);
            format!("  {name}: {jwt}\n")
        };
        let mut limits = json!({"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
            "wildcards": true, "conn": -1, "leaf": -1});
        let system = account(&self.system, limits.clone());
        for (name, limit) in jetstream.as_object().into_iter().flatten() {
            limits[name] = limit.clone();
        }
        format!(
            "operator: {operator}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n{system}{}}}\n",
            self.system.public_key(),
            account(&self.account, limits),
        )
    }

    /// A user who may do everything in the account; a bearer needs no seed to get in.
    pub(crate) fn user(&self, bearer: bool) -> User {
        let keys = KeyPair::new_user();
        let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
            "bearer_token": bearer});
        User {
            jwt: signed(&self.account, &keys.public_key(), "user", &claims),
            seed: keys.seed().expect("a new key pair has its seed"),
        }
    }
}

impl User {
    /// As `nsc generate creds` writes it.
    pub(crate) fn creds(&self) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            self.jwt, self.seed
        )
    }
}

fn signed(by: &KeyPair, subject: &str, name: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({"typ": "JWT", "alg": "ed25519-nkey"}));
    let body = part(&json!({"jti": subject, "iat": 1_700_000_000, "iss": by.public_key(),
        "name": name, "sub": subject, "nats": claims}));
    let text = format!("{head}.{body}");
    let signature = by.sign(text.as_bytes()).expect("whole key pairs can sign");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
