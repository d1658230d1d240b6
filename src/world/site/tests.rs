//! What objects name, and what Accounts and ConfigMaps come to.

use super::*;
use crate::model::{Assumed, Input, load};

const TEXT: &str = "
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: a}
spec: {name: A, storage: file, maxAge: 1h, account: team, jsDomain: hub}
---
apiVersion: jetstream.nats.io/v1beta2
kind: KeyValue
metadata: {name: b, namespace: other}
spec: {bucket: b, account: team}
---
apiVersion: jetstream.nats.io/v1beta2
kind: ObjectStore
metadata: {name: c}
spec: {bucket: c, jsDomain: hub}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: d}
spec: {name: D, storage: file, maxAge: 1h, account: ''}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Account
metadata: {name: team}
spec:
  servers: [nats://team:4222]
  creds: {secret: {name: keys}, file: team.creds}
  tls: {secret: {name: certificates}, ca: ca.crt, cert: tls.crt}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {team.creds: b25l, other: b25l}
stringData: {other: two}
";

fn manifests() -> Vec<Manifest> {
    let input = Input::named("a.yaml", Ok(TEXT.into()));
    load(vec![input], "n", &Assumed::default()).manifests
}

#[test]
fn sites_are_what_objects_name() {
    let sites = sites(&manifests());
    let named: Vec<_> = sites
        .iter()
        .map(|(name, site)| {
            let account = site.account.as_ref().map(ToString::to_string);
            (name.as_str(), account.unwrap_or_default(), site.domain.as_str())
        })
        .collect();
    assert_eq!(
        named,
        [
            ("#hub", String::new(), "hub"),
            ("n/team#hub", "account.jetstream.nats.io/n/team".to_owned(), "hub"),
            ("other/team", "account.jetstream.nats.io/other/team".to_owned(), ""),
        ]
    );
}

#[track_caller]
fn check(key: &str, said: &str, expected: &[&str]) {
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-nats}}\ndata:\n  {key}: |\n    {said}\n"
    );
    let input = Input::named("a.yaml", Ok(text.into()));
    let manifests = load(vec![input], "n", &Assumed::default()).manifests;
    let declared = Declared::of(&manifests);
    let profile = declared.profile(&manifests[0].key).unwrap();
    let at = |what: &str, at: Option<&SecretKey>| {
        let at = at?;
        let optional = if at.optional { "?" } else { "" };
        Some(format!("{what} {}/{}{optional}", at.secret.name, at.key))
    };
    let parts = [
        at("creds", profile.credentials.as_ref()),
        at("nkey", profile.nkey.as_ref()),
        at("token", profile.token.as_ref()),
        at("user", profile.user.as_ref().map(|user| &user.0)),
        at("password", profile.user.as_ref().map(|user| &user.1)),
        at("ca", profile.authorities.as_ref()),
        at("cert", profile.certificate.as_ref().map(|pair| &pair.0)),
        at("key", profile.certificate.as_ref().map(|pair| &pair.1)),
        profile.bundle.as_ref().map(|bundle| format!("bundle {bundle}")),
    ];
    let said: Vec<String> =
        profile.servers.iter().cloned().chain(parts.into_iter().flatten()).collect();
    assert_eq!(said, expected);
}

#[test]
fn the_channels_config_maps_are_profiles() {
    check("eventing-nats", "url: nats://a:1,nats://b:2", &["nats://a:1,nats://b:2"]);
    check("eventing-nats", "{}", &[USUAL_URL]);
    check(
        "eventing-nats",
        "{url: u, auth: {credentialFile: {secret: {name: s}}, tls: {secret: {name: t}}}, tls: {caBundle: b25l}}",
        &["u", "creds s/nats.creds", "cert t/tls.crt", "key t/tls.key", "bundle one"],
    );
    check(
        "eventing-nats",
        "{url: u, auth: {credentialFile: {secret: {name: s, key: k}}}, tls: {secret: {name: t}}}",
        &["u", "creds s/k", "ca t/ca.crt"],
    );
    check(
        "eventing-jetstream",
        "{url: u, auth: {usernamePassword: {secret: {secretName: s}}}, tls: {secretName: t}}",
        &[
            "u",
            "user s/username",
            "password s/password",
            "ca t/ca.crt?",
            "cert t/tls.crt?",
            "key t/tls.key?",
        ],
    );
    for (way, found) in [
        ("credentialFile", "creds s/nats.creds"),
        ("token", "token s/token"),
        ("nKey", "nkey s/nats.creds"),
    ] {
        let said = format!("{{url: u, auth: {{{way}: {{secret: {{secretName: s}}}}}}}}");
        check("eventing-jetstream", &said, &["u", found]);
    }
}

#[test]
fn profiles_and_secrets_of_the_input_are_found() {
    let (manifests, sites) = (manifests(), sites(&manifests()));
    let declared = Declared::of(&manifests);
    let account = sites["n/team#hub"].account.as_ref().unwrap();
    let profile = declared.profile(account).unwrap();
    assert_eq!(profile.servers, ["nats://team:4222"]);
    let names: Vec<_> = profile.secrets().iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["certificates", "keys"]);
    assert_eq!(profile.authorities.as_ref().unwrap().key, "ca.crt");
    assert_eq!(profile.certificate, None, "a certificate without its key is none");
    let credentials = profile.credentials.as_ref().unwrap();
    let secret = declared.secret(&credentials.secret).unwrap();
    assert_eq!((&secret["team.creds"][..], &secret["other"][..]), (&b"one"[..], &b"two"[..]));
    let other = sites["other/team"].account.as_ref().unwrap();
    assert_eq!(declared.profile(other), None);
}

#[test]
fn channels_of_a_namespaces_dispatcher_are_sites() {
    let channel = |namespace: &str, scope: &str| {
        format!(
            "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: \
             {{name: a, namespace: {namespace}, annotations: {{eventing.knative.dev/scope: {scope}}}}}\n"
        )
    };
    let defaults = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: defaults}\ndata:\n  \
                    jetstream-dispatcher-config: |\n    namespaceDefaults: {two: {configName: own}}\n";
    let text =
        channel("one", "namespace") + &channel("two", "namespace") + &channel("no", "cluster");
    let input = Input::named("a.yaml", Ok((text + defaults).into()));
    let manifests = load(vec![input], "n", &Assumed::default()).manifests;
    let sites = scoped_sites(&manifests, "usual");
    let named: Vec<(&str, String)> = sites
        .iter()
        .map(|(name, site)| (name.as_str(), site.account.as_ref().unwrap().to_string()))
        .collect();
    let expected = [("one", "configmap/one/usual"), ("two", "configmap/two/own")];
    assert_eq!(named, expected.map(|(site, map)| (site, map.to_owned())));
}
