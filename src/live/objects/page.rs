//! One answer as it arrives. A page of a LIST is a megabyte, and the next one is asked for by its last line: it is
//! read into memory that an earlier page has had, as fresh memory takes the kernel longer than the network. Must not
//! know what the answer holds.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::Status;
use kube::{Client, Error};

/// Memory of pages that have been decoded.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives the memory of a page back.
    pub(super) fn give(&self, page: String) {
        let mut buffer = page.into_bytes();
        buffer.clear();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    /// The text of an answer.
    ///
    /// # Errors
    /// The server did not answer, not to the end, or with a refusal.
    pub(super) async fn text(
        &self,
        client: &Client,
        request: Request<Vec<u8>>,
    ) -> Result<String, Error> {
        let (_, body) = answer(client, request, self.take()).await?;
        String::from_utf8(body).map_err(Error::FromUtf8)
    }
}

/// The status and the body of an answer that is no refusal; the body is appended to the buffer.
///
/// # Errors
/// The server did not answer, not to the end, or with a refusal.
pub(super) async fn answer(
    client: &Client,
    request: Request<Vec<u8>>,
    mut buffer: Vec<u8>,
) -> Result<(StatusCode, Vec<u8>), Error> {
    let answer = client.send(request.map(Body::from)).await?;
    let code = answer.status();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            buffer.extend_from_slice(&data);
        }
    }
    if code.is_success() {
        return Ok((code, buffer));
    }
    let unlike = |_| {
        let text = String::from_utf8_lossy(&buffer);
        Status::failure(text.trim(), "no status").with_code(code.as_u16())
    };
    let status: Status = serde_json::from_slice(&buffer).unwrap_or_else(unlike);
    Err(Error::Api(Box::new(status)))
}
