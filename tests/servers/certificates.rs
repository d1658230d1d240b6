//! Throw-away certificates: an authority, what it signs, and a key pair for service accounts.
//!
//! Must not know where they are put or who trusts them.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A certificate authority. All have the same name, so that a client offers a certificate of one to
/// a server that trusts another, and the server refuses it by its signature (401).
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate and its private key, both PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A private key and its public half, both PEM (ECDSA P-256).
pub(crate) struct Keys {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("evctl-test-authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let keys = key_pair();
        let certificate = params.self_signed(&keys);
        let certificate = certificate.expect("an authority can sign itself").pem();
        let issuer = Issuer::new(params, keys);
        Self { issuer, certificate }
    }

    /// Its own certificate, PEM: what those who trust it are given.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A server's certificate for these names and addresses.
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("the names are proper ones");
        params.distinguished_name = name("evctl-test-server", &[]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A client's certificate; Kubernetes takes the common name as the user and the organisations,
    /// of which there may be two at most, as the user's groups.
    pub(crate) fn client(&self, user: &str, groups: &[&str]) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name = name(user, groups);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Identity {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let keys = key_pair();
        let certificate = params.signed_by(&keys, &self.issuer);
        Identity {
            certificate: certificate.expect("an authority can sign").pem(),
            key: keys.serialize_pem(),
        }
    }
}

/// A key pair alone.
pub(crate) fn keys() -> Keys {
    let keys = key_pair();
    Keys { private: keys.serialize_pem(), public: keys.public_key_pem() }
}

fn key_pair() -> KeyPair {
    KeyPair::generate().expect("the system gives random numbers")
}

fn name(common: &str, organisations: &[&str]) -> DistinguishedName {
    // rcgen keeps one value for each type of attribute. The second type has the same number on the
    // wire, which makes two organisations; a third cannot be written.
    let kinds = [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
    assert!(organisations.len() <= kinds.len(), "two groups at most");
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    for (kind, organisation) in kinds.into_iter().zip(organisations) {
        name.push(kind, *organisation);
    }
    name
}
