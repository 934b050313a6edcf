//! The command line's side of the control socket: one request over a Unix socket, JSON both ways.
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// A server that says nothing for this long is in trouble.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer: the list of calls of a full machine (10,000 calls at about 250 bytes) with room to spare.
const ANSWER_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Exit code 4.
    #[error("no server answers at {}: is it running, and with this data directory? ({why})", path.display())]
    NoServer { path: PathBuf, why: std::io::Error },
    #[error("the server at {} did not answer within {} s", path.display(), PATIENCE.as_secs())]
    Silent { path: PathBuf },
    #[error("the answer to {route} could not be read: {why}")]
    Broken { route: String, why: String },
    /// The server's own words.
    #[error("{detail}")]
    Refused { status: u16, code: String, detail: String },
}

pub async fn get(socket: &Path, route: &str) -> Result<Value, ClientError> {
    request(socket, Method::GET, route, None).await
}

pub async fn put(socket: &Path, route: &str, body: &Value) -> Result<Value, ClientError> {
    request(socket, Method::PUT, route, Some(body)).await
}

pub async fn post(socket: &Path, route: &str, body: &Value) -> Result<Value, ClientError> {
    request(socket, Method::POST, route, Some(body)).await
}

pub async fn delete(socket: &Path, route: &str) -> Result<Value, ClientError> {
    request(socket, Method::DELETE, route, None).await
}

/// The answer's JSON; `Null` when it has no body, a string when it is text (`/metrics`).
async fn request(
    socket: &Path,
    method: Method,
    route: &str,
    body: Option<&Value>,
) -> Result<Value, ClientError> {
    match tokio::time::timeout(PATIENCE, exchange(socket, method, route, body)).await {
        Ok(answer) => answer,
        Err(_) => Err(ClientError::Silent { path: socket.to_path_buf() }),
    }
}

async fn exchange(
    socket: &Path,
    method: Method,
    route: &str,
    body: Option<&Value>,
) -> Result<Value, ClientError> {
    let broken = |why: String| ClientError::Broken { route: route.to_string(), why };
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|why| ClientError::NoServer { path: socket.to_path_buf(), why })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(error.to_string()))?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(route).header(header::HOST, "localhost");
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| broken(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(|error| broken(error.to_string()))?;
    let status = answer.status();
    let bytes = Limited::new(answer.into_body(), ANSWER_MAX)
        .collect()
        .await
        .map_err(|error| broken(error.to_string()))?
        .to_bytes();
    connection.abort();
    let value = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
    };
    if status.is_success() { Ok(value) } else { Err(refusal(status, &value)) }
}

fn refusal(status: StatusCode, value: &Value) -> ClientError {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_string);
    ClientError::Refused {
        status: status.as_u16(),
        code: text("code").unwrap_or_else(|| "unknown".to_string()),
        detail: text("detail")
            .or_else(|| text("title"))
            .unwrap_or_else(|| format!("the server answered {status}")),
    }
}
