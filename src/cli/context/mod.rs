//! How the run connects to NATS: flags, variables and a context of the `nats` CLI put together as that
//! does (shared/facts/jetstream.md §5). Flags win over variables, variables over the context, each
//! setting on its own; a way in that a flag names is the only one.

mod file;
mod value;

use std::time::Duration;

use crate::live::{LiveError, NatsAuth, NatsTarget, servers};
use crate::model::ObjectKey;
use crate::model::duration::GoDuration;
use crate::model::text::ConfigMapName;
use crate::world::site::{Reference, SecretKey};

use super::args::NatsArgs;
use super::environment::Environment;

use file::ContextFile;
use value::{Kept, kept_by_nsc, literal};

const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// Everything that says how to connect, before any of it is read. Empty is not said.
#[derive(Default)]
struct Settings {
    url: String,
    user: String,
    password: String,
    token: String,
    creds: Option<Kept>,
    nkey: Option<Kept>,
    jwt: String,
    seed: String,
    /// A user that `nsc` keeps.
    nsc: String,
    ca: Option<Kept>,
    cert: Option<Kept>,
    key: Option<Kept>,
    tls_first: bool,
    domain: String,
    api_prefix: String,
    inbox_prefix: String,
    socks_proxy: String,
}

/// The NATS servers that flags, variables or a context select; `None` where nothing does.
///
/// # Errors
/// A context that is not there or cannot be read, or credentials that cannot be.
pub(super) fn target(
    args: &NatsArgs,
    environment: &Environment,
) -> Result<Option<NatsTarget>, LiveError> {
    if let Some(map) = &args.nats_from {
        return from_config_map(map, args, environment).map(Some);
    }
    // What the project says, it says instead of variables and of what lies about.
    let own = args.own_context && (args.nats_url.is_some() || args.nats_context.is_some());
    let ambient = |name: &str| if own { None } else { environment.text(name) };
    let url = args.nats_url.clone().or_else(|| ambient("NATS_URL"));
    let named = args.nats_context.clone();
    let named = named.or_else(|| if args.own_context { None } else { ambient("NATS_CONTEXT") });
    let name = named.or_else(|| if own { None } else { file::selected(environment) });
    if url.is_none() && name.is_none() && !args.any() {
        return Ok(None);
    }
    let context = name.map(|name| file::read(&name, environment)).transpose()?;
    let mut settings = Settings::of(context.unwrap_or_default());
    settings.take_variables(environment);
    settings.take_flags(args);
    if let Some(url) = url {
        settings.url = url;
    }
    let reference = args
        .secret
        .as_ref()
        .map(|(namespace, name, key)| Reference::Credentials(SecretKey::of(namespace, name, key)));
    Ok(Some(NatsTarget { reference, ..settings.target(environment)? }))
}

/// What flags say beside a ConfigMap; the rest it says itself. No variable and no context is asked.
fn from_config_map(
    map: &ConfigMapName,
    args: &NatsArgs,
    environment: &Environment,
) -> Result<NatsTarget, LiveError> {
    let mut settings =
        Settings { url: args.nats_url.clone().unwrap_or_default(), ..Settings::default() };
    settings.take_flags(args);
    let unsaid = settings.url.is_empty();
    let object = ObjectKey {
        group: "".into(),
        kind: "ConfigMap".into(),
        namespace: Some(map.namespace().into()),
        name: map.name().into(),
    };
    let mut target = settings.target(environment)?;
    if unsaid {
        target.servers.clear();
    }
    Ok(NatsTarget { reference: Some(Reference::ConfigMap(object)), ..target })
}

impl Settings {
    fn of(context: ContextFile) -> Self {
        Self {
            creds: Kept::text(&context.creds),
            nkey: Kept::text(&context.nkey),
            ca: Kept::text(&context.ca),
            cert: Kept::text(&context.cert),
            key: Kept::text(&context.key),
            url: context.url,
            user: context.user,
            password: context.password,
            token: context.token,
            jwt: context.user_jwt,
            seed: context.user_seed,
            nsc: context.nsc,
            tls_first: context.tls_first,
            domain: context.jetstream_domain,
            api_prefix: context.jetstream_api_prefix,
            inbox_prefix: context.inbox_prefix,
            socks_proxy: context.socks_proxy,
        }
    }

    fn take_variables(&mut self, environment: &Environment) {
        let take = |field: &mut String, name: &str| {
            if let Some(text) = environment.text(name) {
                *field = text;
            }
        };
        take(&mut self.token, "NATS_TOKEN");
        // A user alone is a token, as in URLs.
        if environment.is_set("NATS_PASSWORD") {
            take(&mut self.user, "NATS_USER");
            take(&mut self.password, "NATS_PASSWORD");
        } else {
            take(&mut self.token, "NATS_USER");
        }
        take(&mut self.jwt, "NATS_JWT");
        take(&mut self.seed, "NATS_SEED");
        take(&mut self.socks_proxy, "NATS_SOCKS_PROXY");
        let keep = |field: &mut Option<Kept>, name: &str| {
            if let Some(text) = environment.text(name) {
                *field = Some(Kept::Text(text));
            }
        };
        keep(&mut self.creds, "NATS_CREDS");
        keep(&mut self.nkey, "NATS_NKEY");
        keep(&mut self.ca, "NATS_CA");
        keep(&mut self.cert, "NATS_CERT");
        keep(&mut self.key, "NATS_KEY");
    }

    fn take_flags(&mut self, args: &NatsArgs) {
        if args.creds.is_some() || args.nkey.is_some() || args.secret.is_some() {
            for other in [&mut self.user, &mut self.password, &mut self.token, &mut self.jwt] {
                other.clear();
            }
            (self.creds, self.nkey) = (None, None);
        }
        let keep = |field: &mut Option<Kept>, flag: &Option<std::path::PathBuf>| {
            if let Some(path) = flag {
                *field = Some(Kept::File(path.clone()));
            }
        };
        keep(&mut self.creds, &args.creds);
        keep(&mut self.nkey, &args.nkey);
        keep(&mut self.ca, &args.nats_ca);
        keep(&mut self.cert, &args.nats_cert);
        keep(&mut self.key, &args.nats_key);
        self.tls_first |= args.nats_tls_first;
        // Of a domain and a prefix, only one can stand before the API's subjects.
        if args.js_domain.is_some() || args.js_api_prefix.is_some() {
            self.domain = args.js_domain.clone().unwrap_or_default();
            self.api_prefix = args.js_api_prefix.clone().unwrap_or_default();
        }
    }

    fn target(self, environment: &Environment) -> Result<NatsTarget, LiveError> {
        self.can_be_kept()?;
        let url = if self.url.is_empty() { DEFAULT_URL } else { &self.url };
        let (servers, in_url) = servers(url);
        let (auth, token) = self.auth(in_url, environment)?;
        let read = |kept: &Option<Kept>, what: &str| {
            kept.as_ref().map(|kept| kept.read(what, environment)).transpose()
        };
        let certificate = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((
                cert.read("the client's certificate", environment)?,
                key.read("the client's key", environment)?,
            )),
            _ => None,
        };
        let said = |text: &str| {
            let text = text.trim_end_matches('.');
            (!text.is_empty()).then(|| text.to_owned())
        };
        Ok(NatsTarget {
            servers,
            auth,
            token,
            authorities: read(&self.ca, "the authorities' certificate")?,
            certificate,
            tls_first: self.tls_first,
            api_prefix: said(&self.api_prefix),
            inbox_prefix: said(&self.inbox_prefix),
            domain: self.domain,
            timeout: timeout(environment)?,
            reference: None,
        })
    }

    /// Settings that the connection must have and evctl cannot give it are no detail to leave out.
    fn can_be_kept(&self) -> Result<(), LiveError> {
        let proxy = self.socks_proxy.as_str();
        if !proxy.is_empty() && proxy != "-" && !proxy.eq_ignore_ascii_case("none") {
            return Err(LiveError::new(
                "NATS cannot be connected to through a SOCKS proxy",
                "the NATS context or NATS_SOCKS_PROXY names one, and evctl has no way through it",
                "forward a port (`ssh -L`) and name it with --nats-url, and set NATS_SOCKS_PROXY=none",
            ));
        }
        if !self.nsc.is_empty() && self.url.is_empty() {
            return Err(LiveError::new(
                "the NATS context does not say where its servers are",
                "it leaves that to nsc's operator, which evctl does not read",
                "add `url` to the context, or give --nats-url",
            ));
        }
        Ok(())
    }

    /// User and password win over credentials, these over an NKey, that over a JWT; a token goes beside
    /// each of them. What the URL says wins over user, password and token.
    fn auth(
        &self,
        in_url: Option<(String, Option<String>)>,
        environment: &Environment,
    ) -> Result<(NatsAuth, Option<String>), LiveError> {
        let literal = |text: &str, what: &str| literal(text, what, environment);
        match in_url {
            Some((user, Some(password))) => {
                return Ok((NatsAuth::UserAndPassword(user, password), None));
            }
            Some((token, None)) => return Ok((NatsAuth::None, Some(token))),
            None => {}
        }
        let token = literal(&self.token, "the token")?;
        let token = (!token.is_empty()).then_some(token);
        let auth = if !self.user.is_empty() {
            let user = literal(&self.user, "the user's name")?;
            NatsAuth::UserAndPassword(user, literal(&self.password, "the password")?)
        } else if let Some(creds) = &self.creds {
            NatsAuth::Credentials(creds.read("the credentials file", environment)?)
        } else if !self.nsc.is_empty() {
            let what = "the credentials file";
            NatsAuth::Credentials(kept_by_nsc(&self.nsc, what, environment)?)
        } else if let Some(nkey) = &self.nkey {
            let text = nkey.read("the NKey file", environment)?;
            NatsAuth::Nkey(seed_of(&text))
        } else if !self.jwt.is_empty() {
            let seed = literal(&self.seed, "the NKey's seed")?;
            let seed = (!seed.is_empty()).then_some(seed);
            NatsAuth::Jwt(literal(&self.jwt, "the user's JWT")?, seed)
        } else {
            NatsAuth::None
        };
        Ok((auth, token))
    }
}

/// The seed in an NKey file, which may have other lines around it.
fn seed_of(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| line.starts_with('S') && line.len() >= 58);
    line.unwrap_or(text.trim()).to_owned()
}

fn timeout(environment: &Environment) -> Result<Option<Duration>, LiveError> {
    let Some(text) = environment.text("NATS_TIMEOUT") else { return Ok(None) };
    match GoDuration::parse(&text) {
        Ok(duration) if duration.nanoseconds() > 0 => {
            Ok(Some(Duration::from_nanos(duration.nanoseconds())))
        }
        _ => Err(LiveError::new(
            "the variable NATS_TIMEOUT cannot be used",
            format!("{text} is not a time such as 500ms or 5s"),
            "write one, or unset it: then --timeout counts",
        )),
    }
}

#[cfg(test)]
mod tests;
