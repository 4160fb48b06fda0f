//! Object storage that speaks S3, for photos: where it is and who we are there. Empty: photos lie in a folder.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Why the settings do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A bucket without an endpoint.
    #[error("s3.bucket needs s3.endpoint, an address such as https://s3.example.org")]
    Endpoint,
    /// Photos in plain text over a network.
    #[error("s3.endpoint must be https; plain http only on loopback, or with s3.allow_plain")]
    Plain,
    /// Keys are missing.
    #[error("s3.bucket needs IRONFEET_S3_KEY and IRONFEET_S3_SECRET in the environment")]
    Keys,
}

/// The settings. Key and secret belong into the environment, not into a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// Its address, without the bucket.
    pub endpoint: String,
    /// The bucket; empty: photos lie in a folder.
    pub bucket: String,
    /// The region it is in, as requests are signed for it.
    pub region: String,
    /// What names of photos begin with there.
    pub prefix: String,
    /// Speak plain HTTP to an endpoint that is not on this host.
    pub allow_plain: bool,
    /// Who we are.
    pub key: String,
    /// What proves it.
    pub secret: String,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            bucket: String::new(),
            region: "us-east-1".to_owned(),
            prefix: String::new(),
            allow_plain: false,
            key: String::new(),
            secret: String::new(),
        }
    }
}

/// Never shows key and secret.
impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, bucket, region, prefix, allow_plain, .. } = self;
        let shown = (endpoint, bucket, region, prefix, allow_plain);
        f.debug_tuple("S3").field(&shown).finish()
    }
}

impl S3 {
    /// Whether photos go there.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.bucket.is_empty()
    }

    /// Whether plain HTTP may be spoken.
    #[must_use]
    pub fn is_plain_allowed(&self) -> bool {
        let host = self.endpoint.strip_prefix("http://").unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => host.split(':').next(),
        };
        let name = name.unwrap_or_default();
        let here = name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        self.allow_plain || here
    }

    /// Checks what no single value shows.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn check(&self) -> Result<(), Wrong> {
        if !self.is_used() {
            return Ok(());
        }
        let plain = self.endpoint.starts_with("http://");
        if !plain && !self.endpoint.starts_with("https://") {
            return Err(Wrong::Endpoint);
        }
        if plain && !self.is_plain_allowed() {
            return Err(Wrong::Plain);
        }
        if self.key.is_empty() || self.secret.is_empty() {
            return Err(Wrong::Keys);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_leave_the_host_over_tls_and_with_keys_only() {
        let at = |endpoint: &str| S3 {
            endpoint: endpoint.to_owned(),
            bucket: "photos".to_owned(),
            key: "k".to_owned(),
            secret: "very-secret".to_owned(),
            ..S3::default()
        };
        assert_eq!(S3::default().check(), Ok(()));
        for good in [
            "https://s3.example.org",
            "http://127.0.0.1:9000",
            "http://[::1]:9000/",
            "http://localhost:1",
        ] {
            assert_eq!(at(good).check(), Ok(()), "{good}");
        }
        for plain in
            ["http://s3.example.org", "http://10.0.0.1:9000", "http://127.0.0.1.example.org"]
        {
            assert_eq!(at(plain).check(), Err(Wrong::Plain), "{plain}");
            assert_eq!(S3 { allow_plain: true, ..at(plain) }.check(), Ok(()), "{plain}");
        }
        assert_eq!(at("s3.example.org").check(), Err(Wrong::Endpoint));
        assert_eq!(S3 { secret: String::new(), ..at("https://a") }.check(), Err(Wrong::Keys));
        assert!(!format!("{:?}", at("https://a")).contains("very-secret"));
    }
}
