//! A flow's `http` step: one question to a service, asked again where that may help, each time within the step's timeout.
use super::Outbound;
use super::address::{Guard, Refused};
use super::breaker;
use crate::flow::{HttpRequest, Method};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode, Url, redirect};
use serde_json::Value;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// An answer larger than this is no answer to a caller's question.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
const REDIRECTS_MAX: usize = 3;
/// Between the attempts of one request.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    /// A text that is no JSON comes as a string; an empty body as `null`.
    pub body: Value,
}

/// Why there is no reply. Holds no URL: it may carry what a caller keyed in.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("too many requests are in flight")]
    Busy,
    #[error("the service has failed several times in a row and is left alone for {0:?}")]
    Resting(Duration),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("header `{0}` cannot be sent")]
    Header(String),
    #[error("no answer in {0:?}")]
    TimedOut(Duration),
    #[error("the answer is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the request failed: {0}")]
    Transport(String),
}

impl Outbound {
    /// Asks, and asks again after a failed connection or a 502, 503 or 504. Any other status is a reply.
    pub async fn http(&self, request: HttpRequest) -> Result<Reply, Failure> {
        let _slot = self.requests.try_acquire().map_err(|_| Failure::Busy)?;
        let within = request.within();
        let service = Url::parse(&request.url).ok().map(|url| url.origin().ascii_serialization());
        let service = service.unwrap_or_default();
        if !self.breaker().admits(&service, self.clock.mono()) {
            return Err(Failure::Resting(breaker::REST));
        }
        let result = match tokio::time::timeout(within, self.attempts(&request)).await {
            Ok(reply) => reply,
            Err(_) => Err(Failure::TimedOut(within)),
        };
        // What was refused here, and what the service answered with reason, says nothing against it.
        let is_ill = match &result {
            Ok(reply) => reply.status >= 500,
            Err(failure) => {
                matches!(failure, Failure::Transport(_) | Failure::TimedOut(_) | Failure::TooLarge)
            }
        };
        self.breaker().ended(&service, !is_ill, self.clock.mono());
        result
    }

    /// A panic of another holder leaves nothing half done.
    fn breaker(&self) -> MutexGuard<'_, breaker::Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn attempts(&self, request: &HttpRequest) -> Result<Reply, Failure> {
        let url = Url::parse(&request.url).map_err(|error| Refused::Unreadable(error.to_string()))?;
        self.guard.check(&url)?;
        let headers = headers(request)?;
        let mut left = request.retries;
        loop {
            let attempt = self.attempt(request, url.clone(), headers.clone());
            let result = match tokio::time::timeout(request.timeout, attempt).await {
                Ok(result) => result,
                Err(_) => Err(Failure::TimedOut(request.timeout)),
            };
            let again = match &result {
                Ok(reply) => matches!(reply.status, 502..=504),
                Err(failure) => matches!(failure, Failure::Transport(_) | Failure::TimedOut(_)),
            };
            if !again || left == 0 {
                return result;
            }
            left -= 1;
            tokio::time::sleep(RETRY_PAUSE.min(request.timeout / 10)).await;
        }
    }

    async fn attempt(&self, request: &HttpRequest, url: Url, headers: HeaderMap) -> Result<Reply, Failure> {
        let builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        let mut builder = builder.headers(headers);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await.map_err(transport)?;
        let status = response.status();
        Ok(Reply { status: status.as_u16(), body: body(status, response).await? })
    }
}

/// The client of all requests: our resolver, no proxy of the environment, redirects within one host only (a flow's
/// headers may hold a secret, and other hosts are not what the flow's author named).
pub fn client(guard: &Guard) -> reqwest::Result<reqwest::Client> {
    let at_redirect = guard.clone();
    let policy = redirect::Policy::custom(move |attempt| {
        let from = attempt.previous().last();
        let same_host = from.is_some_and(|from| from.host_str() == attempt.url().host_str());
        let downgraded =
            from.is_some_and(|from| from.scheme() == "https") && attempt.url().scheme() != "https";
        if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error("too many redirects")
        } else if !same_host || downgraded {
            attempt.stop()
        } else if let Err(refused) = at_redirect.check(attempt.url()) {
            attempt.error(refused)
        } else {
            attempt.follow()
        }
    });
    reqwest::Client::builder()
        .user_agent(concat!("hotline/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .dns_resolver(std::sync::Arc::new(guard.clone()))
        .redirect(policy)
        .connect_timeout(CONNECT_TIMEOUT)
        .referer(false)
        .build()
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let bad = || Failure::Header(name.clone());
        let name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        headers.insert(name, HeaderValue::try_from(value.as_str()).map_err(|_| bad())?);
    }
    if request.body.is_some() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    Ok(headers)
}

async fn body(status: StatusCode, mut response: Response) -> Result<Value, Failure> {
    if response.content_length().is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(Failure::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Failure::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.is_empty() || status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

pub fn transport(error: reqwest::Error) -> Failure {
    Failure::Transport(chain(&error.without_url()))
}

/// An error with its causes: the outermost alone says only "error sending request".
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Mutex;

    /// A service that gives these answers, one per connection, and keeps what it was asked.
    async fn service(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = asked.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4096];
                let n = stream.read(&mut head).await.unwrap();
                keep.lock().await.push(String::from_utf8_lossy(&head[..n]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        (url, asked)
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        )
    }

    fn get(url: &str) -> HttpRequest {
        HttpRequest {
            method: Method::Get,
            url: url.to_string(),
            headers: BTreeMap::new(),
            body: None,
            timeout: Duration::from_secs(5),
            retries: 0,
        }
    }

    fn local() -> Outbound {
        Outbound::new(Options { allow: vec!["127.0.0.0/8".parse().unwrap()] }).unwrap()
    }

    #[tokio::test]
    async fn an_answer_in_json_comes_as_values() {
        let (url, asked) = service(vec![answer("200 OK", "", r#"{"balance":"1500.00"}"#)]).await;
        let mut request = get(&format!("{url}/balance"));
        request.method = Method::Post;
        request.body = Some("{}".into());
        request.headers.insert("X-Api-Key".into(), "k".into());
        let reply = local().http(request).await.unwrap();
        assert_eq!(reply, Reply { status: 200, body: json!({ "balance": "1500.00" }) });
        let asked = asked.lock().await[0].to_ascii_lowercase();
        assert!(asked.starts_with("post /balance http/1.1"), "{asked}");
        assert!(
            asked.contains("x-api-key: k") && asked.contains("content-type: application/json"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn a_service_that_is_restarting_is_asked_again() {
        let (url, asked) =
            service(vec![answer("503 Service Unavailable", "", ""), answer("404 Not Found", "", "no")]).await;
        let reply = local().http(HttpRequest { retries: 2, ..get(&url) }).await.unwrap();
        assert_eq!(reply, Reply { status: 404, body: json!("no") }, "404 is an answer");
        assert_eq!(asked.lock().await.len(), 2);
    }

    #[tokio::test]
    async fn a_service_that_hangs_ends_with_the_steps_time() {
        let (url, _) = service(vec![]).await;
        let request = HttpRequest { timeout: Duration::from_millis(120), retries: 1, ..get(&url) };
        assert!(matches!(local().http(request).await, Err(Failure::TimedOut(_))));
    }

    #[tokio::test]
    async fn each_attempt_has_the_whole_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            // The first one is never answered; the second, late within its own time.
            let (_first, _) = listener.accept().await.unwrap();
            let (mut second, _) = listener.accept().await.unwrap();
            tokio::time::sleep(Duration::from_millis(600)).await;
            second.write_all(answer("200 OK", "", "{}").as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let request = HttpRequest { timeout: Duration::from_secs(1), retries: 1, ..get(&url) };
        assert_eq!(local().http(request).await.unwrap().status, 200);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let body = "x".repeat(BODY_BYTES_MAX + 1);
        let (url, _) = service(vec![answer("200 OK", "", &body)]).await;
        assert!(matches!(local().http(get(&url)).await, Err(Failure::TooLarge)));
        let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
        let (url, _) = service(vec![endless]).await;
        assert!(matches!(local().http(get(&url)).await, Err(Failure::TooLarge)));
    }

    #[tokio::test]
    async fn loopback_is_refused_unless_listed() {
        let (url, asked) = service(vec![answer("200 OK", "", "{}")]).await;
        let strict = Outbound::new(Options::default()).unwrap();
        assert!(matches!(strict.http(get(&url)).await, Err(Failure::Refused(Refused::Inside { .. }))));
        let by_name = url.replace("127.0.0.1", "localhost");
        let Err(Failure::Transport(why)) = strict.http(get(&by_name)).await else {
            panic!("asked {by_name}")
        };
        assert!(why.contains("allow-list"), "{why}");
        assert!(asked.lock().await.is_empty());
    }

    #[tokio::test]
    async fn a_redirect_to_another_host_is_not_followed() {
        let (other, reached) = service(vec![answer("200 OK", "", "{}")]).await;
        let other = other.replace("127.0.0.1", "127.0.0.2");
        let (url, _) = service(vec![answer("302 Found", &format!("Location: {other}/\r\n"), "")]).await;
        let reply = local().http(get(&url)).await.unwrap();
        assert_eq!(reply.status, 302);
        assert!(reached.lock().await.is_empty());
    }

    #[tokio::test]
    async fn a_redirect_within_the_host_is_followed() {
        let (url, asked) = service(vec![
            answer("302 Found", "Location: /new\r\n", ""),
            answer("200 OK", "", r#"{"here":true}"#),
        ])
        .await;
        let reply = local().http(get(&url)).await.unwrap();
        assert_eq!(reply.body, json!({ "here": true }));
        assert!(asked.lock().await[1].starts_with("GET /new"));
    }

    #[tokio::test]
    async fn a_redirect_in_a_circle_and_junk_are_failures_or_texts_in_time() {
        let round = answer("302 Found", "Location: /\r\n", "");
        let (url, asked) =
            service(vec![round.clone(), round.clone(), round.clone(), round.clone(), round]).await;
        assert!(matches!(local().http(get(&url)).await, Err(Failure::Transport(_))));
        assert!(asked.lock().await.len() <= REDIRECTS_MAX + 1);
        let (url, _) = service(vec!["junk \0 that is no HTTP\r\n\r\n".to_string()]).await;
        assert!(matches!(local().http(get(&url)).await, Err(Failure::Transport(_))));
        let (url, _) = service(vec![answer("200 OK", "", "<html>")]).await;
        assert_eq!(local().http(get(&url)).await.unwrap().body, json!("<html>"));
    }

    #[tokio::test]
    async fn a_service_that_always_fails_is_left_alone_at_last() {
        let (url, asked) = service(vec![answer("500 Internal Server Error", "", "no"); 9]).await;
        let outbound = local();
        for _ in 0..5 {
            assert_eq!(outbound.http(get(&url)).await.unwrap().status, 500);
        }
        assert!(matches!(outbound.http(get(&url)).await, Err(Failure::Resting(_))));
        assert_eq!(asked.lock().await.len(), 5);
    }
}
