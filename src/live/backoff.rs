//! The client of a cluster, which waits and asks again where the API server says that it has too much to
//! do (429), as long as it says in `Retry-After`. Every other answer is an answer, and so is none.

use std::time::Duration;

use http::{Request, Response, StatusCode};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config, Error};
use tower::BoxError;
use tower::buffer::BufferLayer;
use tower::retry::{Policy, RetryLayer};

/// Requests that may wait for the connection at once.
const WAITING: usize = 1024;
/// The wait where the server names none, doubled each time.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);
/// The time limit of the request ends it before this, as a rule.
const TRIES: u32 = 8;

/// The client for a configuration.
pub(super) fn client(config: Config) -> Result<Client, Error> {
    let builder = ClientBuilder::try_from(config)?;
    match RetryPolicy::new(SHORTEST, LONGEST, TRIES, true) {
        Ok(policy) => Ok(builder
            .with_layer(&BufferLayer::new(WAITING))
            .with_layer(&RetryLayer::new(Throttled(policy)))
            .build()),
        // The two constants above are no range: a mistake of ours that only costs the waiting.
        Err(_) => Ok(builder.build()),
    }
}

/// kube's policy, for throttling alone.
#[derive(Clone)]
struct Throttled(RetryPolicy);

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Throttled {
    type Future = <RetryPolicy as Policy<Request<Body>, Response<B>, BoxError>>::Future;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        match result {
            Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                self.0.retry(request, result)
            }
            _ => None,
        }
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Policy::<Request<Body>, Response<B>, BoxError>::clone_request(&mut self.0, request)
    }
}
