//! `notify` and alerts: a POST that nobody waits for. It is tried three times; what finds no room in flight is dropped,
//! logged and counted.
use super::Outbound;
use crate::flow::{HttpRequest, Method};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(15);
const RETRIES: u8 = 2;

impl Outbound {
    /// Sends `body` (JSON, or text) to the URL `to`. Returns at once; needs a tokio runtime.
    pub fn notify(&self, to: &str, body: String) {
        let Ok(slot) = self.webhooks.clone().try_acquire_owned() else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(host = host(to), "a webhook was dropped: too many are in flight");
            return;
        };
        let outbound = self.clone();
        let request = HttpRequest {
            method: Method::Post,
            url: to.to_string(),
            headers: BTreeMap::from([("Content-Type".to_string(), content_type(&body).to_string())]),
            body: Some(body),
            timeout: TIMEOUT,
            retries: RETRIES,
        };
        self.tasks.spawn(async move {
            let host = host(&request.url).to_string();
            match outbound.http(request).await {
                Ok(reply) if reply.status < 300 => tracing::debug!(host, "a webhook was taken"),
                Ok(reply) => outbound.lost(&host, &format!("status {}", reply.status)),
                Err(failure) => outbound.lost(&host, &failure.to_string()),
            }
            drop(slot);
        });
    }

    fn lost(&self, host: &str, why: &str) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(host, why, "a webhook was not taken");
    }
}

fn content_type(body: &str) -> &'static str {
    match serde_json::from_str::<serde::de::IgnoredAny>(body) {
        Ok(_) => "application/json",
        Err(_) => "text/plain; charset=utf-8",
    }
}

/// A URL's path and query may hold a secret; its host is enough to know which one it was.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    authority.rsplit('@').next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn only_the_host_of_a_webhook_is_logged() {
        assert_eq!(host("https://u:secret@hooks.example:8443/T0K3N?x=1"), "hooks.example:8443");
    }

    #[tokio::test]
    async fn a_webhook_is_posted_and_nobody_waits() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let outbound = Outbound::new(Options { allow: vec!["127.0.0.0/8".parse().unwrap()] }).unwrap();
        outbound.notify(&url, r#"{"text":"queue wallet: nobody signed in"}"#.to_string());
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let n = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
        let head = String::from_utf8_lossy(&head[..n]).to_ascii_lowercase();
        assert!(head.starts_with("post /hook"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        outbound.finish().await;
        assert_eq!(outbound.webhooks_lost(), 0);
    }

    #[tokio::test]
    async fn webhooks_beyond_the_limit_are_dropped_and_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let outbound = Outbound::new(Options { allow: vec!["127.0.0.0/8".parse().unwrap()] }).unwrap();
        for _ in 0..super::super::WEBHOOKS_MAX + 3 {
            outbound.notify(&url, "x".to_string());
        }
        assert_eq!(outbound.webhooks_lost(), 3);
    }
}
