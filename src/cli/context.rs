//! NATS contexts, as the `nats` CLI keeps them (shared/facts/jetstream.md §5), and the variables it
//! reads. Flags win over variables, variables over the context.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::live::{LiveError, NatsAuth, NatsTarget, servers};

use super::args::ServerArgs;
use super::environment::Environment;

/// The file of one context. What evctl does not read is left to the `nats` CLI.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    url: String,
    token: String,
    user: String,
    password: String,
    creds: String,
    nkey: String,
    cert: String,
    key: String,
    ca: String,
    jetstream_domain: String,
    jetstream_api_prefix: String,
    tls_first: bool,
}

/// The NATS servers that flags, variables or a context select; `None` where nothing does.
///
/// # Errors
/// A context that is not there or cannot be read, or credentials that cannot be.
pub(super) fn target(
    args: &ServerArgs,
    environment: &Environment,
) -> Result<Option<NatsTarget>, LiveError> {
    let url = args.nats_url.clone().or_else(|| environment.text("NATS_URL"));
    let ambient = || environment.text("NATS_CONTEXT");
    let named =
        args.nats_context.clone().or_else(|| if args.own_context { None } else { ambient() });
    let name = named.or_else(|| if url.is_some() { None } else { selected(environment) });
    if url.is_none() && name.is_none() && args.creds.is_none() {
        return Ok(None);
    }
    let context = name.map(|name| read(&name, environment)).transpose()?.unwrap_or_default();
    let text =
        |variable: &str, own: &str| environment.text(variable).unwrap_or_else(|| own.to_owned());
    let path = |variable: &str, own: &str| {
        let text = text(variable, own);
        (!text.is_empty()).then(|| environment.expand(&text))
    };
    let urls = url.unwrap_or_else(|| context.url.clone());
    let urls = if urls.is_empty() { "nats://127.0.0.1:4222".to_owned() } else { urls };
    let (servers, in_url) = servers(&urls);
    let auth = auth(args, environment, &context, in_url)?;
    let own = args.certificates.as_ref();
    let pair = own.and_then(|own| own.certificate.clone().zip(own.key.clone()));
    let ambient = || path("NATS_CERT", &context.cert).zip(path("NATS_KEY", &context.key));
    let authorities =
        own.and_then(|own| own.authorities.clone()).or_else(|| path("NATS_CA", &context.ca));
    let certificate = match pair.or_else(ambient) {
        Some((certificate, key)) => Some((
            contents(&certificate, "the client's certificate")?,
            contents(&key, "the client's key")?,
        )),
        None => None,
    };
    Ok(Some(NatsTarget {
        servers,
        auth: auth.0,
        token: auth.1,
        authorities: authorities
            .map(|file| contents(&file, "the authorities' certificate"))
            .transpose()?,
        certificate,
        tls_first: context.tls_first || own.is_some_and(|own| own.first),
        domain: args.domain.clone().unwrap_or_else(|| context.jetstream_domain.clone()),
        api_prefix: Some(context.jetstream_api_prefix.trim_end_matches('.').to_owned())
            .filter(|prefix| !prefix.is_empty()),
        inbox_prefix: None,
    }))
}

/// User and password win over credentials, these over an NKey; a token counts beside each.
fn auth(
    args: &ServerArgs,
    environment: &Environment,
    context: &Context,
    in_url: Option<(String, Option<String>)>,
) -> Result<(NatsAuth, Option<String>), LiveError> {
    if let Some(creds) = &args.creds {
        return Ok((NatsAuth::Credentials(contents(creds, "the credentials file")?), None));
    }
    let value = |variable: &str, own: &str| match environment.text(variable) {
        Some(value) => Ok(value),
        None => resolved(own, environment),
    };
    let token = Some(value("NATS_TOKEN", &context.token)?).filter(|token| !token.is_empty());
    let user = value("NATS_USER", &context.user)?;
    let password = value("NATS_PASSWORD", &context.password)?;
    if !user.is_empty() && !password.is_empty() {
        return Ok((NatsAuth::UserAndPassword(user, password), token));
    }
    match in_url {
        Some((user, Some(password))) => {
            return Ok((NatsAuth::UserAndPassword(user, password), token));
        }
        Some((token, None)) => return Ok((NatsAuth::None, Some(token))),
        None => {}
    }
    let creds = environment.text("NATS_CREDS").unwrap_or_else(|| context.creds.clone());
    if !creds.is_empty() {
        let text = contents(&file(&creds, environment)?, "the credentials file")?;
        return Ok((NatsAuth::Credentials(text), token));
    }
    let nkey = environment.text("NATS_NKEY").unwrap_or_else(|| context.nkey.clone());
    if !nkey.is_empty() {
        let seed = contents(&file(&nkey, environment)?, "the NKey file")?;
        return Ok((NatsAuth::Nkey(seed.trim().to_owned()), token));
    }
    Ok((NatsAuth::None, token))
}

/// What a file holds.
fn contents(file: &Path, what: &str) -> Result<String, LiveError> {
    std::fs::read_to_string(file).map_err(|error| {
        LiveError::new(
            format!("{what} {} cannot be read", file.display()),
            error.to_string(),
            "name the right file, and see that it may be read",
        )
    })
}

/// A value that may say where it stands: `env://NAME`.
fn resolved(value: &str, environment: &Environment) -> Result<String, LiveError> {
    match value.split_once("://") {
        None => Ok(value.to_owned()),
        Some(("env", name)) => environment.text(name).ok_or_else(|| {
            LiveError::new(
                "the NATS context's credentials cannot be had",
                format!("the variable {name} is not set"),
                "set it, or change the context",
            )
        }),
        Some((scheme, _)) => Err(unsupported(scheme)),
    }
}

fn file(value: &str, environment: &Environment) -> Result<PathBuf, LiveError> {
    match value.split_once("://") {
        None => Ok(environment.expand(value)),
        Some(("file", path)) => Ok(environment.expand(path)),
        Some((scheme, _)) => Err(unsupported(scheme)),
    }
}

fn unsupported(scheme: &str) -> LiveError {
    LiveError::new(
        "the NATS context's credentials cannot be had",
        format!("evctl does not read {scheme}:// values yet"),
        "write them to a file and name it, with --creds or in the context",
    )
}

fn selected(environment: &Environment) -> Option<String> {
    let file = environment.config_home()?.join("nats").join("context.txt");
    let name = std::fs::read_to_string(file).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

fn read(name: &str, environment: &Environment) -> Result<Context, LiveError> {
    let folder = environment.config_home().unwrap_or_default().join("nats").join("context");
    let file = folder.join(format!("{name}.json"));
    let fail = |why: String| {
        LiveError::new(
            format!("the NATS context {name} cannot be used"),
            format!("{}: {why}", file.display()),
            "`nats context ls` lists what there is",
        )
    };
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(fail("that is no name of a context".to_owned()));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| fail(error.to_string()))?;
    // An error of the decoder could repeat a secret: only its place is said.
    serde_json::from_str(&text).map_err(|error| {
        fail(format!(
            "it is not a context's JSON (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn args(nats_url: Option<&str>, nats_context: Option<&str>) -> ServerArgs {
        ServerArgs {
            context: None,
            kubeconfig: None,
            no_kubernetes: false,
            nats_context: nats_context.map(str::to_owned),
            nats_url: nats_url.map(str::to_owned),
            creds: None,
            no_nats: false,
            offline: false,
            world: None,
            timeout: Duration::from_secs(1),
            domain: None,
            certificates: None,
            own_context: false,
        }
    }

    /// A folder with a context `shop`, selected.
    fn contexts() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let nats = folder.path().join("nats");
        std::fs::create_dir_all(nats.join("context")).unwrap();
        std::fs::write(nats.join("context.txt"), "shop\n").unwrap();
        let shop = r#"{"url": "nats://shop:4222", "user": "ann", "password": "env://SHOP_PASSWORD",
                       "jetstream_domain": "hub", "description": "not read"}"#;
        std::fs::write(nats.join("context/shop.json"), shop).unwrap();
        folder
    }

    #[test]
    fn flags_win_over_variables_and_these_over_the_selected_context() {
        let folder = contexts();
        let home = ("XDG_CONFIG_HOME", folder.path().to_str().unwrap());
        let secret = ("SHOP_PASSWORD", "s3cret");
        let found = |args: &ServerArgs, variables: &[(&str, &str)]| {
            target(args, &Environment::of(variables))
                .unwrap()
                .map(|target| (target.name(), target.domain))
        };
        let shop = Some(("nats://shop:4222".to_owned(), "hub".to_owned()));
        assert_eq!(found(&args(None, None), &[]), None);
        assert_eq!(found(&args(None, None), &[home, secret]), shop);
        assert_eq!(found(&args(None, Some("shop")), &[home, secret]), shop);
        let by_url = Some(("nats://other:1".to_owned(), String::new()));
        assert_eq!(found(&args(None, None), &[home, ("NATS_URL", "nats://other:1")]), by_url);
        let flag = args(Some("nats://flag:1"), None);
        let by_flag = Some(("nats://flag:1".to_owned(), String::new()));
        assert_eq!(found(&flag, &[home, ("NATS_URL", "nats://other:1")]), by_flag);
        let unset = target(&args(None, None), &Environment::of(&[home])).unwrap_err();
        assert!(unset.why.contains("SHOP_PASSWORD"), "{unset}");
    }
}
