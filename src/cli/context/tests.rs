//! Which setting wins, and which way in.

use std::path::Path;

use super::*;

/// A folder with contexts by name, the first selected, and files for credentials.
fn contexts(contexts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let nats = folder.path().join("nats");
    std::fs::create_dir_all(nats.join("context")).unwrap();
    for (name, text) in contexts {
        std::fs::write(nats.join("context").join(format!("{name}.json")), text).unwrap();
    }
    if let Some((name, _)) = contexts.first() {
        std::fs::write(nats.join("context.txt"), format!("{name}\n")).unwrap();
    }
    for kept in ["creds", "other.creds", "nkey", "ca", "cert", "key"] {
        std::fs::write(folder.path().join(kept), format!("what {kept} holds")).unwrap();
    }
    folder
}

fn found(
    folder: &Path,
    args: &NatsArgs,
    variables: &[(&str, &str)],
) -> Result<Option<NatsTarget>, LiveError> {
    let home = [("XDG_CONFIG_HOME", folder.to_str().unwrap()), ("HOME", folder.to_str().unwrap())];
    target(args, &Environment::of(&[&home[..], variables].concat()))
}

fn url(text: &str) -> NatsArgs {
    NatsArgs { nats_url: Some(text.to_owned()), ..NatsArgs::default() }
}

fn way_in(target: &NatsTarget) -> String {
    let auth = match &target.auth {
        NatsAuth::None => "none".to_owned(),
        NatsAuth::UserAndPassword(user, password) => format!("user {user} {password}"),
        NatsAuth::Credentials(text) => format!("creds {text}"),
        NatsAuth::Nkey(seed) => format!("nkey {seed}"),
        NatsAuth::Jwt(jwt, seed) => format!("jwt {jwt} {}", seed.as_deref().unwrap_or("-")),
    };
    match &target.token {
        Some(token) => format!("{auth}, token {token}"),
        None => auth,
    }
}

const SHOP: (&str, &str) = (
    "shop",
    r#"{"url": "nats://shop:4222", "user": "ann", "password": "env://SHOP_PASSWORD",
        "jetstream_domain": "hub", "inbox_prefix": "_IN", "description": "not read"}"#,
);

#[test]
fn flags_win_over_variables_and_these_over_the_selected_context() {
    let folder = contexts(&[SHOP, ("other", r#"{"url": "nats://o:1,nats://o:2"}"#)]);
    let at = |args: &NatsArgs, variables: &[(&str, &str)]| {
        let variables = [&[("SHOP_PASSWORD", "s3cret")], variables].concat();
        let target = found(folder.path(), args, &variables).unwrap().unwrap();
        (target.name(), target.domain.clone(), way_in(&target))
    };
    let shop = |url: &str| (url.to_owned(), "hub".to_owned(), "user ann s3cret".to_owned());
    let none = NatsArgs::default();
    assert_eq!(at(&none, &[]), shop("nats://shop:4222"));
    // As for the `nats` CLI, another URL leaves the rest of the context as it is.
    assert_eq!(at(&none, &[("NATS_URL", "nats://v:1")]), shop("nats://v:1"));
    assert_eq!(at(&url("nats://f:1"), &[("NATS_URL", "nats://v:1")]), shop("nats://f:1"));
    let other = ("nats://o:1,nats://o:2".to_owned(), String::new(), "none".to_owned());
    assert_eq!(at(&none, &[("NATS_CONTEXT", "other")]), other);
    let flag = NatsArgs { nats_context: Some("shop".into()), ..NatsArgs::default() };
    assert_eq!(at(&flag, &[("NATS_CONTEXT", "other")]), shop("nats://shop:4222"));
    let path = folder.path().join("nats/context/other.json").to_str().unwrap().to_owned();
    assert_eq!(at(&NatsArgs { nats_context: Some(path), ..none }, &[]), other);
    let domain = NatsArgs { js_domain: Some("leaf".into()), ..NatsArgs::default() };
    assert_eq!(at(&domain, &[]).1, "leaf");
    let prefix = NatsArgs { js_api_prefix: Some("IN.API.".into()), ..NatsArgs::default() };
    let target = found(folder.path(), &prefix, &[("SHOP_PASSWORD", "s")]).unwrap().unwrap();
    assert_eq!((target.domain.as_str(), target.api_prefix.as_deref()), ("", Some("IN.API")));
    assert_eq!(target.inbox_prefix.as_deref(), Some("_IN"));
}

#[test]
fn nothing_said_selects_nothing() {
    let folder = contexts(&[]);
    assert!(found(folder.path(), &NatsArgs::default(), &[]).unwrap().is_none());
    let variables = [("NATS_CREDS", "creds")];
    assert!(found(folder.path(), &NatsArgs::default(), &variables).unwrap().is_none());
    let creds = NatsArgs { creds: Some(folder.path().join("creds")), ..NatsArgs::default() };
    let target = found(folder.path(), &creds, &[]).unwrap().unwrap();
    assert_eq!(
        (target.name().as_str(), way_in(&target).as_str()),
        (DEFAULT_URL, "creds what creds holds")
    );
}

#[track_caller]
fn check(context: &str, variables: &[(&str, &str)], expected: &str) {
    let folder = contexts(&[("one", context)]);
    let target = found(folder.path(), &NatsArgs::default(), variables).unwrap().unwrap();
    assert_eq!(way_in(&target), expected);
}

#[test]
fn one_way_in_wins() {
    let all = r#"{"user": "u", "password": "p", "creds": "~/creds", "nkey": "$HOME/nkey",
                  "user_jwt": "j", "user_seed": "s", "token": "t"}"#;
    check(all, &[], "user u p, token t");
    let without = |names: &[&str]| {
        let mut context: serde_json::Value = serde_json::from_str(all).unwrap();
        context.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()));
        context.to_string()
    };
    check(&without(&["user", "token"]), &[], "creds what creds holds");
    check(&without(&["user", "creds"]), &[], "nkey what nkey holds, token t");
    check(&without(&["user", "creds", "nkey"]), &[], "jwt j s, token t");
    check(&without(&["user", "creds", "nkey", "user_seed"]), &[], "jwt j -, token t");
    check(&without(&["user", "creds", "nkey", "user_jwt"]), &[], "none, token t");
}

#[test]
fn every_variable_counts() {
    let ways = [
        (&[("NATS_USER", "u"), ("NATS_PASSWORD", "p")][..], "user u p"),
        (&[("NATS_USER", "u")], "none, token u"),
        (&[("NATS_TOKEN", "env://T"), ("T", "t")], "none, token t"),
        (&[("NATS_CREDS", "~/other.creds")], "creds what other.creds holds"),
        (&[("NATS_NKEY", "file://$HOME/nkey")], "nkey what nkey holds"),
        (&[("NATS_JWT", "j"), ("NATS_SEED", "s")], "jwt j s"),
        (&[("NATS_URL", "nats://u:p%21@one:1"), ("NATS_TOKEN", "t")], "user u p!"),
        (&[("NATS_URL", "nats://t@one:1")], "none, token t"),
    ];
    for (variables, expected) in ways {
        check("{}", variables, expected);
    }
    check(
        r#"{"creds": "~/creds"}"#,
        &[("NATS_CREDS", "~/other.creds")],
        "creds what other.creds holds",
    );
    check(r#"{"user": "a", "password": "b"}"#, &[("NATS_PASSWORD", "p")], "user a p");
    // As in the `nats` CLI, a context's user wins over credentials, wherever those are said.
    check(r#"{"user": "a", "password": "b"}"#, &[("NATS_CREDS", "~/creds")], "user a b");
}

#[test]
fn a_flag_is_the_only_way_in() {
    let folder = contexts(&[("one", r#"{"user": "u", "password": "p", "token": "t"}"#)]);
    let nkey = NatsArgs { nkey: Some(folder.path().join("nkey")), ..NatsArgs::default() };
    let variables = [("NATS_CREDS", "~/creds"), ("NATS_TOKEN", "t")];
    let target = found(folder.path(), &nkey, &variables).unwrap().unwrap();
    assert_eq!(way_in(&target), "nkey what nkey holds");
}

#[test]
fn certificates_and_times_are_read() {
    let context = r#"{"ca": "~/ca", "cert": "~/cert", "key": "$HOME/key", "tls_first": true}"#;
    let folder = contexts(&[("one", context)]);
    let variables = [("NATS_CA", "~/creds"), ("NATS_TIMEOUT", "1500ms")];
    let target = found(folder.path(), &NatsArgs::default(), &variables).unwrap().unwrap();
    assert_eq!(target.authorities.as_deref(), Some("what creds holds"));
    let pair = ("what cert holds".to_owned(), "what key holds".to_owned());
    assert_eq!((target.certificate.as_ref(), target.tls_first), (Some(&pair), true));
    assert_eq!(target.timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn what_cannot_be_used_is_said() {
    let fails = |context: &str, variables: &[(&str, &str)], what: &str| {
        let folder = contexts(&[("one", context)]);
        let error = found(folder.path(), &NatsArgs::default(), variables).unwrap_err();
        let all = format!("{error}; {}", error.help);
        assert!(all.contains(what), "{all}");
        assert!(!all.contains("hunter2"), "{all}");
    };
    fails(SHOP.1, &[], "SHOP_PASSWORD is not set");
    fails(r#"{"creds": "~/none"}"#, &[], "the credentials file");
    fails(r#"{"socks_proxy": "socks5://h:1"}"#, &[], "SOCKS");
    fails("{}", &[("NATS_SOCKS_PROXY", "socks5://h:1")], "SOCKS");
    fails(r#"{"nsc": "nsc://O/A/u"}"#, &[], "nsc's operator");
    fails(r#"{"windows_cert_store": "user"}"#, &[], "Windows");
    fails(r#"{"password": "hunter2", "token": ["hunter2"]}"#, &[], "line 1, column");
    fails("{}", &[("NATS_CONTEXT", "gone")], "nats context ls");
    fails("{}", &[("NATS_CONTEXT", "../one")], "no name of a context");
    fails("{}", &[("NATS_TIMEOUT", "soon")], "NATS_TIMEOUT");
}
